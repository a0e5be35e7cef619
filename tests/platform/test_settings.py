"""Settings refuse what is unsafe or makes no sense, and name the variable."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

SETTINGS = Path(__file__).resolve().parents[2] / "crm" / "settings"
SAFE = {
    "SECRET_KEY": "kP3v9-xW7qLr2mZt8YbN4hGd6JsFa1cUe5oTiRpQnXyBwVuMzD0",
    "ALLOWED_HOSTS": "crm.example.com",
    "CSRF_TRUSTED_ORIGINS": "https://crm.example.com",
    "DATABASE_URL": "postgresql://regulars:pw@db.example.com/regulars",
    "REDIS_URL": "redis://cache.example.com/0",
}


def production(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> dict[str, Any]:
    monkeypatch.delenv("DEBUG", raising=False)
    for name, value in {**SAFE, **changes}.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    return runpy.run_path(str(SETTINGS / "production.py"))


def base(monkeypatch: pytest.MonkeyPatch, **changes: str) -> dict[str, Any]:
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(SETTINGS / "base.py"))


def test_production_with_good_values_is_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = production(monkeypatch)
    assert settings["DEBUG"] is False
    assert (
        settings["SESSION_COOKIE_SECURE"]
        and settings["CSRF_COOKIE_SECURE"]
        and settings["SECURE_SSL_REDIRECT"]
    )
    assert settings["SECURE_HSTS_SECONDS"] == 31_536_000
    assert settings["REFUSES_DEMO_SIGN_INS"] is True
    assert settings["CELERY_BROKER_URL"] == SAFE["REDIS_URL"]


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("DEBUG", "1", "DEBUG=1 is refused"),
        ("DEBUG", "flase", "DEBUG='flase' must be one of"),
        ("SECRET_KEY", None, "SECRET_KEY is not set"),
        ("SECRET_KEY", "short", "SECRET_KEY is weak"),
        ("SECRET_KEY", "a" * 60, "SECRET_KEY is weak"),
        ("SECRET_KEY", "django-insecure-" + SAFE["SECRET_KEY"], "SECRET_KEY is weak"),
        ("ALLOWED_HOSTS", None, "ALLOWED_HOSTS must list"),
        ("ALLOWED_HOSTS", "crm.example.com,*", "ALLOWED_HOSTS must list"),
        ("CSRF_TRUSTED_ORIGINS", "http://crm.example.com", "CSRF_TRUSTED_ORIGINS must list https"),
        ("DATABASE_URL", None, "DATABASE_URL is not set"),
        ("DATABASE_URL", "mysql://db/regulars", "DATABASE_URL must start with postgres"),
        ("REDIS_URL", None, "REDIS_URL is not set"),
        ("REDIS_URL", "amqp://broker", "REDIS_URL must start with redis"),
        ("HSTS_SECONDS", "a year", "HSTS_SECONDS='a year' is not a number"),
        ("HTTPS", "maybe", "HTTPS='maybe' must be one of"),
    ],
)
def test_production_refuses(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None, reason: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=reason):
        production(monkeypatch, **{variable: value})


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("LOGIN_FAILURES", "many", "LOGIN_FAILURES='many' is not a number"),
        ("LOGIN_FAILURES", "0", "LOGIN_FAILURES=0 must be between 1"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL='LOUD' must be one of"),
        ("DATABASE_URL", "postgresql://u:secret@db:70000/x", "DATABASE_URL is not a usable address"),
        ("SESSION_HOURS", "-1", "SESSION_HOURS=-1"),
    ],
)
def test_a_bad_value_names_its_variable_and_tells_no_password(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=reason) as refusal:
        base(monkeypatch, **{variable: value})
    assert "secret" not in str(refusal.value)


def test_sockets_with_capitals_in_their_path_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = base(
        monkeypatch,
        DATABASE_URL="postgresql://me@/shop?host=%2Fhome%2FMarta%2Frun",
        REDIS_URL="unix:///home/Marta/run/valkey.sock?db=2",
    )
    database = settings["DATABASES"]["default"]
    assert (database["OPTIONS"]["host"], database["NAME"], database["USER"]) == (
        "/home/Marta/run",
        "shop",
        "me",
    )
    assert settings["CELERY_BROKER_URL"] == "redis+socket:///home/Marta/run/valkey.sock?virtual_host=2"


def test_the_pool_is_for_the_web_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_POOL", raising=False)
    assert "pool" not in base(monkeypatch)["DATABASES"]["default"]["OPTIONS"]
    database = base(monkeypatch, DATABASE_POOL="1")["DATABASES"]["default"]
    assert (database["OPTIONS"]["pool"]["max_size"], database["CONN_MAX_AGE"]) == (8, 0)
