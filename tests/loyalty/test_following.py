"""However a receipt comes, it earns: at once if it comes alone, soon if with many, at night if it was missed."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client

from crm.jobs import runner
from crm.jobs.models import Job, State
from crm.org.models import Store
from customers.models import Arrival, Customer, Purchase
from customers.receiving import quarantine
from loyalty.accrual import jobs
from loyalty.models import Accrual, AccrualDue, Balance, Movement
from tests import cast
from tests.api.test_receipts import JSON, send, slip
from tests.loyalty import rules
from tests.night.helpers import run_night

pytestmark = pytest.mark.django_db


@pytest.fixture
def till(calling: Callable[..., Client], harbour: Store) -> Client:
    rules.programme()
    return calling("receipts:write", stores=[harbour])


def back(**other: Any) -> dict[str, Any]:
    return {
        "source": "pos-12", "external_id": "R1", "store": "HARB", "occurred_at": "2026-03-10T18:03:11+08:00",
        "receipt": {"source": "pos-12", "external_id": "2026-03-09-000123"},
        "lines": [{"line": 1, "quantity": "1", "amount": "17.90"}],
    } | other  # fmt: skip


def points(who: Customer) -> int:
    found = Balance.objects.get(customer=who, unit=1)
    return found.available + found.pending - found.debt


def test_a_receipt_is_answered_with_its_points_for_ever(till: Client, irina: Customer) -> None:
    first = send(till, slip())
    assert first.json()["points_earned"] == 35
    till.post("/api/v1/returns/", back(), content_type=JSON)
    assert points(irina) == 17
    assert send(till, slip()).content == first.content
    assert points(irina) == 17
    assert send(till, slip(external_id="G", customer=None)).json()["points_earned"] == 0


def test_a_return_before_its_receipt_ends_the_same(till: Client, irina: Customer) -> None:
    till.post("/api/v1/returns/", back(), content_type=JSON)
    assert send(till, slip()).json()["points_earned"] == 35
    assert points(irina) == 17
    rest = back(external_id="R2")
    till.post("/api/v1/returns/", rest, content_type=JSON)
    assert points(irina) == 0
    assert Accrual.objects.get().kept == 0


def test_a_batch_is_earned_by_a_job(
    till: Client, irina: Customer, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    rows = [slip(external_id=str(n), lines=slip()["lines"]) for n in range(3)]
    body = b"\n".join(json.dumps(row).encode() for row in rows)
    with django_capture_on_commit_callbacks(execute=True):
        till.post("/api/v1/receipts/batch/", body, content_type="application/x-ndjson")
    assert (AccrualDue.objects.count(), Movement.objects.count()) == (3, 0)
    job = runner.run_until_ended(Job.objects.get(kind=jobs.KIND))
    assert (job.state, job.counts) == (State.DONE, {"purchases": 3})
    assert AccrualDue.objects.count() == 0
    assert points(irina) == 3 * 35
    assert send(till, rows[1]).json()["points_earned"] == 35


def test_a_receipt_that_was_set_aside_earns_when_it_is_taken_in(
    till: Client, irina: Customer, ana: Any
) -> None:
    body = json.dumps(slip(store="NEW")).encode()
    till.post("/api/v1/receipts/batch/", body, content_type="application/x-ndjson")
    assert not Movement.objects.exists()
    cast.store("NEW", "New")
    quarantine.replay(Arrival.objects.get(), by=ana)
    assert points(irina) == 35


def test_the_night_finds_what_was_missed(irina: Customer, yusuf: Customer, harbour: Store) -> None:
    for day in ("2026-03-01", "2026-03-09", "2026-03-10"):
        cast.purchase(irina, at=harbour, on=day, amount="20.00")
    cast.purchase(yusuf, at=harbour, on="2026-02-27", amount="20.00")
    rules.programme(valid_from=date(2026, 3, 1))
    run_night(date(2026, 3, 9))
    assert sorted(Accrual.objects.values_list("customer", "points")) == [(irina.pk, 20), (irina.pk, 20)]
    before = Movement.objects.count()
    run_night(date(2026, 3, 9))
    assert Movement.objects.count() == before
    Purchase.objects.filter(customer=irina, business_date="2026-03-09").update(returned="20.00")
    irina_line = Purchase.objects.get(customer=irina, business_date="2026-03-09").lines
    irina_line.update(returned_quantity=1, returned_amount="20.00")
    run_night(date(2026, 3, 10))
    assert sorted(Accrual.objects.values_list("points", "kept")) == [(20, 0), (20, 20), (20, 20)]


def test_a_late_clock_brings_no_account_to_a_day_to_come(till: Client, irina: Customer) -> None:
    send(till, slip(occurred_at="2099-03-09T18:03:11+08:00"))
    assert Movement.objects.filter(occurred_at__gt=datetime.now(UTC)).count() == 0
