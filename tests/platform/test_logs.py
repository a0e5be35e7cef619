"""Logs carry no personal data."""

import io
import logging

import pytest
import structlog
from django.conf import settings
from django.test import Client

from crm.settings.logs import scrub, without_personal_data


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Key (kind, value)=(phone, +8613800138000) already exists.", "Key (kind, value)=… already exists."),
        ("Failing row contains (17, Irina, 1990-01-01).", "Failing row contains …."),
        ("mail to irina@example.com failed", "mail to … failed"),
        ("no customer with +86 138-0013-8000", "no customer with …"),
        ("receipt 2026-11-21 applied in 0.25 s", "receipt 2026-11-21 applied in 0.25 s"),
    ],
)
def test_scrub(text: str, kept: str) -> None:
    assert scrub(text) == kept


def test_addresses_lose_their_query_and_people_their_address() -> None:
    event = {
        "event": "request_finished",
        "request": "GET /counter/?q=13800138000",
        "ip": "10.0.0.7",
        "code": 200,
    }
    assert without_personal_data(None, "", event) == {
        "event": "request_finished",
        "request": "GET /counter/",
        "code": 200,
    }


def test_the_code_of_a_coupon_is_not_written_down() -> None:
    event = {
        "request": "POST /api/v1/coupons/0123-4567-89AM/reservation/",
        "event": "Not Found: /api/v1/coupons/X",
    }
    assert without_personal_data(None, "", event) == {
        "request": "POST /api/v1/coupons/…/reservation/",
        "event": "Not Found: /api/v1/coupons/…",
    }


def test_a_line_of_the_web_names_the_request_and_nobody(client: Client) -> None:
    formatter = dict(settings.LOGGING["formatters"]["line"])
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter.pop("()")(**formatter))
    web = logging.getLogger("django_structlog")
    web.addHandler(handler)
    try:
        client.get("/nowhere/?q=13800138000", HTTP_X_REQUEST_ID="r-17", HTTP_USER_AGENT="Irina's phone")
    finally:
        web.removeHandler(handler)
        structlog.contextvars.clear_contextvars()
    line = written.getvalue()
    assert (
        "request_finished" in line
        and "GET /nowhere/" in line
        and "code=404" in line
        and "request_id=" in line
    )
    assert "13800138000" not in line and "Irina" not in line and "127.0.0.1" not in line
