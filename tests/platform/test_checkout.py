"""What a fresh clone must bring with it, and what it must not."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
LOCKS = sorted((CHECKOUT / "requirements").glob("*.txt"))
TARGETS = ("run", "test", "check", "bench", "help", "fmt", "lock", "messages")


def tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return done.stdout.splitlines()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_every_package_is_pinned_with_hashes_and_no_registry_is_named(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    packages = re.split(r"\n(?=\S)", text.strip())
    assert all(
        re.match(r"[\w.\[\],-]+==\S+", package) and "--hash=sha256:" in package for package in packages
    )


def test_the_locks_agree_with_each_other() -> None:
    """They are installed into one environment (the peers of the benchmarks have their own)."""
    found: dict[str, set[frozenset[str]]] = {}
    for lock in LOCKS:
        if lock.stem == "bench":
            continue
        here: dict[str, set[str]] = {}
        for name, version in re.findall(r"^([\w.-]+)==(\S+)", lock.read_text(), re.M):
            here.setdefault(name, set()).add(version)
        for name, versions in here.items():
            found.setdefault(name, set()).add(frozenset(versions))
    assert {name: versions for name, versions in found.items() if len(versions) > 1} == {}


def test_front_end_packages_are_pinned_and_no_registry_is_named() -> None:
    lock = json.loads((CHECKOUT / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages and all("integrity" in entry and "resolved" not in entry for entry in packages.values())
    assert "omit-lockfile-registry-resolved=true" in (CHECKOUT / ".npmrc").read_text()


def test_nothing_built_and_no_data_is_tracked() -> None:
    unwanted = re.compile(
        r"^(var|node_modules|\.venv|\.make|static/dist)/|\.(mo|pyc|parquet|csv\.gz|sqlite3)$"
    )
    assert [name for name in tracked() if unwanted.search(name)] == []


def test_scripts_can_be_run() -> None:
    for name in tracked():
        if name.startswith(("scripts/", ".ci/")) or name == "manage.py":
            assert os.access(CHECKOUT / name, os.X_OK), name


def test_make_offers_what_is_promised() -> None:
    told = subprocess.run(["make", "help"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    for target in TARGETS:
        assert re.search(rf"^  make {target}\b", told, re.M), target


def test_ci_checks_then_tests() -> None:
    steps = re.findall(r"^make (\w+)", (CHECKOUT / ".ci" / "run").read_text(), re.M)
    assert steps[:2] == ["check", "test"]
