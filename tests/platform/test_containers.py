"""The container files, checked as far as that goes without an engine."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    text = (CHECKOUT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_services_are_there_and_watched(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {"postgres", "valkey", "web", "worker", "ticks", "beat"} <= set(services)
    assert all(
        "healthcheck" in services[name] for name in ("postgres", "valkey", "web", "worker", "ticks", "beat")
    )
    assert services["valkey"]["command"][-2:] == ["--maxmemory-policy", "noeviction"]


def test_nothing_starts_before_what_it_needs(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        for name, needed in service.get("depends_on", {}).items():
            assert name in services
            if needed["condition"] == "service_healthy":
                assert "healthcheck" in services[name]
    for name in ("web", "worker", "ticks", "beat"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_only_the_step_that_migrates_owns_the_tables(compose: dict[str, Any]) -> None:
    services = compose["services"]
    urls = {
        name: services[name]["environment"]["DATABASE_URL"]
        for name in ("migrate", "web", "worker", "ticks", "beat")
    }
    assert {name for name, url in urls.items() if "//regulars_app:" not in url} == {"migrate"}
    assert "DATABASE_APP_PASSWORD" in services["migrate"]["environment"]


def test_volumes_are_declared_and_only_the_web_is_reachable(compose: dict[str, Any]) -> None:
    named = {
        mount.split(":")[0]
        for service in compose["services"].values()
        for mount in service.get("volumes", [])
    }
    assert named == set(compose["volumes"])
    open_to = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert open_to == {"web": ["127.0.0.1:${PORT:-8000}:8000"]}


def test_every_variable_is_explained_and_understood(compose: dict[str, Any]) -> None:
    text = (CHECKOUT / "docker-compose.yml").read_text()
    used = set(re.findall(r"\$\{(\w+)", text))
    explained = set(re.findall(r"^(\w+)=", (CHECKOUT / ".env.example").read_text(), re.M))
    assert used == explained
    read = "".join(path.read_text() for path in (CHECKOUT / "crm" / "settings").glob("*.py"))
    assert all(f'"{name}"' in read for name in compose["services"]["web"]["environment"])


def test_images_have_versions(compose: dict[str, Any], instructions: list[tuple[str, str]]) -> None:
    images = [service["image"] for service in compose["services"].values()]
    images += [rest.split()[0] for word, rest in instructions if word == "FROM"]
    assert all(":" in image and not image.endswith(":latest") for image in images)


def test_the_image_runs_as_an_ordinary_user(instructions: list[tuple[str, str]]) -> None:
    words = [word for word, _ in instructions]
    assert ("USER", "regulars") in instructions
    assert (
        words.index("CMD")
        > words.index("USER")
        > max(i for i, word in enumerate(words) if word in ("RUN", "COPY"))
    )


def test_what_is_copied_exists_and_is_not_ignored(instructions: list[tuple[str, str]]) -> None:
    allowed = {
        line[1:] for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    for word, rest in instructions:
        if word == "COPY" and not rest.startswith("--from"):
            for source in shlex.split(rest)[:-1]:
                assert (CHECKOUT / source).exists()
                assert source == "." or source.split("/")[0] in allowed
    for name in allowed - {"loyalty", "complaints", "campaigns", "analytics", "locale"}:
        assert (CHECKOUT / name).exists(), name
