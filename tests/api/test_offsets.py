"""Moments that ISO 8601 can write and a database refuses: offsets past sixteen hours, years at the end of time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.test import Client
from django.utils.timezone import now

from customers.models import Consent, Customer, WorkItem

pytestmark = pytest.mark.django_db
ODD = ["2026-03-01T01:51:57-17:03", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"]
LISTS = {
    "customers/": "updated_after",
    "work/": "due_before",
    "audit/": "from",
    "customers/{id}/timeline/": "from",
    "customers/{id}/consents/": "at",
}


@pytest.mark.parametrize("moment", ODD)
@pytest.mark.parametrize(("path", "name"), LISTS.items())
def test_a_list_from_an_odd_moment(
    path: str, name: str, moment: str, calling: Callable[..., Client], irina: Customer
) -> None:
    client = calling("customers:read", "work:read", "audit:read")
    answer = client.get("/api/v1/" + path.format(id=irina.public_id), {name: moment})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"][0]["pointer"] == f"/{name}"


@pytest.mark.parametrize("moment", ODD)
def test_a_body_with_an_odd_moment(moment: str, calling: Callable[..., Client], irina: Customer) -> None:
    client = calling("work:write", "customers:write")
    base = f"/api/v1/customers/{irina.public_id}/"
    bodies = {
        f"{base}work/": {"kind": "call", "title": "Ring", "due_at": moment},
        f"{base}consents/": {"channel": "sms", "purpose": "marketing", "is_given": False, "occurred_at": moment},
    }  # fmt: skip
    for path, body in bodies.items():
        answer = client.post(path, body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), (path, answer.content)
    assert not WorkItem.objects.exists() and not Consent.objects.exists()


def test_in_a_batch_only_what_is_odd_is_refused(calling: Callable[..., Client], irina: Customer) -> None:
    """An offset that only the database does not know is a moment like others; the ends of time are not."""
    client = calling("events:write", "receipts:write")
    far, recent = ODD[1], f"{now() - timedelta(days=1):%Y-%m-%dT%H:%M:%S}-17:03"
    event = {"kind": "visit", "visitor": "k3v9x2m4q7w8"}
    events = [event | {"id": f"e{n}", "occurred_at": at} for n, at in enumerate((recent, far))]
    told = client.post("/api/v1/events/", {"source": "s", "events": events}, content_type="application/json")
    assert (told.status_code, told.json()["applied"], told.json()["rejected"]) == (200, 1, 1)
    lines = b"\n".join(msgspec.json.encode(receipt(at) | {"external_id": at}) for at in (recent, far))
    told = client.post("/api/v1/receipts/batch/", lines, content_type="application/x-ndjson")
    assert (told.status_code, told.json()["applied"], told.json()["rejected"]) == (200, 1, 1), told.content


def receipt(moment: str) -> dict[str, Any]:
    return {
        "source": "pos", "external_id": "1", "store": "HARB", "occurred_at": moment,
        "lines": [{"line": 1, "product": "SKU1", "quantity": "1", "amount": "1.00"}],
    }  # fmt: skip
