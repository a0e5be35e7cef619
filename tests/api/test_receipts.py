"""Receipts and returns over the API: once, for ever, and only for one's own stores."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.org.models import Store
from crm.rest.models import StoredAnswer
from customers.models import Arrival, Customer, Line, Purchase

Calling = Callable[..., Client]
JSON = "application/json"


def slip(**other: Any) -> dict[str, Any]:
    return {
        "source": "pos-12", "external_id": "2026-03-09-000123", "store": "HARB", "channel": "store",
        "occurred_at": "2026-03-09T18:03:11+08:00", "customer": {"kind": "phone", "value": "+8613800138000"},
        "staff": "E1021",
        "lines": [{"line": 1, "product": "SKU1", "quantity": "2", "amount": "35.80", "discount": "4.20"}],
        "payments": [{"method": "card", "amount": "35.80"}],
    } | other  # fmt: skip


@pytest.fixture
def till(calling: Calling, harbour: Store) -> Client:
    return calling("receipts:write", stores=[harbour])


def send(till: Client, receipt: dict[str, Any], **headers: str) -> Any:
    return till.post("/api/v1/receipts/", receipt, content_type=JSON, headers=headers)


def test_a_receipt_is_taken(till: Client, irina: Customer) -> None:
    answer = send(till, slip())
    purchase = Purchase.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": purchase.public_id, "customer": irina.public_id, "points_earned": 0, "business_date": "2026-03-09",
        "amount": "35.80",
    }  # fmt: skip
    assert (purchase.customer_id, str(purchase.amount), str(purchase.discount)) == (irina.pk, "35.80", "4.20")


def test_the_same_again_is_answered_the_same(till: Client, irina: Customer) -> None:
    first, second = send(till, slip()), send(till, slip())
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.content == second.content
    assert Line.objects.count() == 1


def test_other_content_under_the_same_number_is_a_conflict(till: Client, irina: Customer) -> None:
    send(till, slip())
    answer = send(till, slip(staff="E9"))
    assert (answer.status_code, answer.json()["code"]) == (409, "receipt_conflict")
    assert answer["Content-Type"] == "application/problem+json"
    assert Purchase.objects.get().staff_code == "E1021"


def test_a_guest_has_no_customer(till: Client) -> None:
    assert send(till, slip(customer=None)).json()["customer"] is None
    assert Purchase.objects.count() == 0


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"colour": "red"}, "/colour"),
        ({"lines": [{"line": 1, "product": "SKU1", "quantity": "-2", "amount": "1"}]}, "/lines/0/quantity"),
        ({"lines": [{"line": 1, "product": "SKU1", "quantity": 2, "amount": "1"}]}, "/lines/0/quantity"),
        ({"occurred_at": "2026-02-30T10:00:00+08:00"}, "/occurred_at"),
        ({"customer": {"kind": "phone", "value": "twelve"}}, "/customer/value"),
        ({"store": "ELSEWHERE"}, "/store"),
    ],
)
def test_a_wrong_receipt_is_refused_at_its_place(till: Client, wrong: dict[str, Any], pointer: str) -> None:
    answer = send(till, slip(**wrong))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Arrival.objects.exists()


def test_a_key_writes_for_its_own_stores_only(till: Client, uptown: Store) -> None:
    answer = send(till, slip(store="UPTN"))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/store")
    assert not Arrival.objects.exists()


def test_a_batch_adds_up(till: Client, irina: Customer) -> None:
    lines = [
        slip(external_id="1"),
        slip(external_id="2"),
        slip(external_id="1"),
        slip(external_id="3", store="?"),
    ]
    body = "\n".join(json.dumps(line) for line in lines) + "\n{broken\n"
    answer = till.post("/api/v1/receipts/batch/", body, content_type="application/x-ndjson")
    told = answer.json()
    assert answer.status_code == 200
    assert (told["applied"], told["duplicates"], told["rejected"]) == (2, 1, 2)
    assert [(error["line"], error["pointer"]) for error in told["errors"]] == [(4, "/store"), (5, "")]


def test_a_return_may_come_before_its_receipt(till: Client, irina: Customer) -> None:
    back = {
        "source": "pos-12", "external_id": "r-1", "occurred_at": "2026-03-10T10:00:00+08:00", "store": "HARB",
        "receipt": {"source": "pos-12", "external_id": "2026-03-09-000123"},
        "lines": [{"line": 1, "quantity": "1", "amount": "17.90"}],
    }  # fmt: skip
    early = till.post("/api/v1/returns/", back, content_type=JSON)
    assert (early.status_code, early.json()["state"]) == (201, "waiting")
    send(till, slip())
    again = till.post("/api/v1/returns/", back, content_type=JSON)
    assert (again.status_code, again.json()["state"], again.json()["id"]) == (
        200,
        "applied",
        early.json()["id"],
    )
    assert str(Purchase.objects.get().returned) == "17.90"


def test_an_idempotency_key_repeats_the_answer(till: Client, irina: Customer) -> None:
    first = send(till, slip(), **{"Idempotency-Key": "a-1"})
    second = send(till, slip(), **{"Idempotency-Key": "a-1"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second["Idempotent-Replayed"] == "true"
    other = send(till, slip(external_id="other"), **{"Idempotency-Key": "a-1"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Purchase.objects.count() == 1


def test_a_refused_call_does_not_use_the_key_up(till: Client, irina: Customer) -> None:
    assert send(till, slip(store="?"), **{"Idempotency-Key": "a-1"}).status_code == 422
    assert not StoredAnswer.objects.exists()
    assert send(till, slip(), **{"Idempotency-Key": "a-1"}).status_code == 201
