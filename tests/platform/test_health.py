"""Health and metrics: what they say, and to whom."""

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from crm.health import readiness, startup


def test_live_touches_no_database(client: Client) -> None:
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_names_every_part(client: Client) -> None:
    answer = client.get("/health/ready")
    assert answer.json() == {"status": "ok", "parts": {"database": "ok", "valkey": "ok", "migrations": "ok"}}
    assert answer.status_code == 200


@pytest.mark.django_db
def test_not_ready_without_valkey_and_no_details_are_told(client: Client, settings) -> None:
    settings.REDIS_URL = "redis://:secret@127.0.0.1:1/0"
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["parts"] == {"database": "ok", "valkey": "ConnectionError", "migrations": "ok"}
    assert "secret" not in answer.content.decode()


@pytest.mark.django_db
def test_not_ready_while_migrations_are_missing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness.MigrationExecutor, "migration_plan", lambda *_: ["one"])
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["parts"]["migrations"]) == (503, "RuntimeError")


def test_metrics_are_for_this_machine(client: Client) -> None:
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="").status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="10.1.2.3").status_code == 404


def test_metrics_with_a_token_are_for_its_bearer(client: Client, settings) -> None:
    settings.METRICS_TOKEN = "tell-me"
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer wrong").status_code == 404
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer tell-me").status_code == 200


@pytest.mark.django_db
def test_production_does_not_start_where_the_demo_password_opens_a_door(settings) -> None:
    settings.REFUSES_DEMO_SIGN_INS = True
    user = get_user_model().objects.create_user("clerk", password=settings.DEMO_PASSWORD)
    with pytest.raises(ImproperlyConfigured, match="opens these accounts: clerk"):
        startup.refuse_demo_sign_ins()
    found = run_checks(tags=["security"], include_deployment_checks=True, databases=["default"])
    assert "regulars.E001" in {message.id for message in found}

    user.set_password("a password of one's own")
    user.save()
    startup.refuse_demo_sign_ins()
    found = run_checks(tags=["security"], include_deployment_checks=True, databases=["default"])
    assert "regulars.E001" not in {message.id for message in found}
