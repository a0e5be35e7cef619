"""Privacy through the API: the export, the erasure, the requests."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.audit.models import Entry
from crm.org.models import Store
from crm.privacy import exporting, requests
from crm.privacy.models import Certificate, Request
from crm.privacy.subjects import people
from crm.rest.models import StoredAnswer
from customers.models import Customer, Purchase
from tests import cast

pytestmark = pytest.mark.django_db
Calling = Callable[..., Client]
JSON = "application/json"


def post(client: Client, path: str, body: Any = None, key: str = "") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(f"/api/v1/{path}", body or {}, content_type=JSON, headers=headers)


def text_of(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def test_the_export_is_that_of_the_page(calling: Calling, bystander: Customer) -> None:
    answer = post(calling("privacy:read"), f"customers/{bystander.public_id}/export/")
    assert (answer.status_code, answer.streaming, answer["Content-Type"]) == (200, True, JSON)
    assert answer["Cache-Control"] == "no-store"
    assert "Content-Length" not in answer.headers
    told = json.loads(text_of(answer))
    assert told["about"]["customer"] == bystander.public_id
    subject = people().subject(bystander.pk)
    assert subject is not None
    whole = json.loads("".join(exporting.as_json(subject, at=timezone.now())))
    assert told["tables"] == whole["tables"]
    (identity,) = [one for one in told["tables"] if one["table"] == "customers.Identity"]
    assert {row["value"] for row in identity["rows"]} == {"+8613911112222", "boris@example.com"}
    entry = Entry.objects.get(action="customer.export")
    assert entry.subject == f"customers.customer:{bystander.pk}"
    assert entry.actor.startswith("key:")


def test_no_copy_of_an_export_is_kept(calling: Calling, bystander: Customer) -> None:
    answer = post(calling("privacy:read"), f"customers/{bystander.public_id}/export/", key="once")
    assert answer.status_code == 200
    assert not StoredAnswer.objects.exists()


def test_an_erasure_is_confirmed_and_gives_its_certificate(calling: Calling, bystander: Customer) -> None:
    client, path = calling("privacy:write"), f"customers/{bystander.public_id}/erasure/"
    asked = requests.receive(
        "erasure", customer_id=bystander.pk, received_on=timezone.localdate(), by="x:1", at=timezone.now()
    )
    answer = post(client, path, {"confirm": bystander.public_id, "request": str(asked.key)})
    assert answer.status_code == 201
    made = Certificate.objects.get()
    told = answer.json()
    assert (told["id"], told["customer"], told["request"]) == (
        str(made.key),
        bystander.public_id,
        str(asked.key),
    )
    assert told["rows"]["customers.Identity"] == 2
    assert len(told["digests"]) == 2
    assert told["erased_by"].startswith("key:")
    assert "Boris" not in answer.content.decode()
    bystander.refresh_from_db()
    assert bystander.name == ""
    assert Purchase.objects.filter(customer=bystander).count() == 1


@pytest.mark.parametrize("key", ["", "k-1"])
def test_the_same_erasure_again_is_the_same_certificate(
    calling: Calling, bystander: Customer, key: str
) -> None:
    client, path = calling("privacy:write"), f"customers/{bystander.public_id}/erasure/"
    first = post(client, path, {"confirm": bystander.public_id}, key)
    again = post(client, path, {"confirm": bystander.public_id}, key)
    assert (first.status_code, again.status_code) == (201, 201 if key else 200)
    assert first.json() == again.json()
    assert again.headers.get("Idempotent-Replayed") == ("true" if key else None)
    assert Certificate.objects.count() == 1
    assert Entry.objects.filter(action="customer.erase").count() == 1


def test_a_refused_erasure_changes_nothing(calling: Calling, bystander: Customer, harbour: Store) -> None:
    other = cast.customer("Otto Other", of=harbour, phone="+8613911119999")
    client, path = calling("privacy:write"), f"customers/{bystander.public_id}/erasure/"
    foreign = requests.receive(
        "erasure", customer_id=other.pk, received_on=timezone.localdate(), by="x:1", at=timezone.now()
    )
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"confirm": other.public_id}, "/confirm"),
        ({"confirm": ""}, "/confirm"),
        ({}, "/confirm"),
        ({"confirm": bystander.public_id, "request": str(foreign.key)}, "/request"),
    ]
    for body, pointer in wrong:
        answer = post(client, path, body, key="k")
        assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json"), body
        assert answer.json()["errors"][0]["pointer"] in (pointer, ""), body
    unknown = post(client, "customers/cus_000000000000/erasure/", {"confirm": "cus_000000000000"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    bystander.refresh_from_db()
    assert bystander.name == "Boris Bystander"
    assert not Certificate.objects.exists()
    assert not StoredAnswer.objects.exists()


def test_a_key_without_the_scope_may_nothing(calling: Calling, bystander: Customer) -> None:
    reads = calling("privacy:read", "customers:read", "customers:write", "customers:merge")
    answers = [
        post(reads, f"customers/{bystander.public_id}/erasure/", {"confirm": bystander.public_id}),
        post(reads, "privacy/requests/", {"kind": "access"}),
        post(calling("privacy:write"), f"customers/{bystander.public_id}/export/"),
        calling("privacy:write").get("/api/v1/privacy/requests/"),
        calling("customers:read").get("/api/v1/privacy/requests/"),
    ]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(403, "forbidden")] * 5
    assert not Certificate.objects.exists()
    assert not Request.objects.exists()
    assert not Entry.objects.filter(action__in=["customer.export", "customer.erase"]).exists()


def test_a_key_of_other_stores_finds_nobody(calling: Calling, bystander: Customer, uptown: Store) -> None:
    away = calling("privacy:read", "privacy:write", stores=[uptown])
    answers = [
        post(away, f"customers/{bystander.public_id}/export/"),
        post(away, f"customers/{bystander.public_id}/erasure/", {"confirm": bystander.public_id}),
    ]
    assert [one.status_code for one in answers] == [404, 404]
    opened = post(away, "privacy/requests/", {"kind": "access", "customer": bystander.public_id})
    assert (opened.status_code, opened.json()["errors"][0]["pointer"]) == (422, "/customer")
    bare = post(away, "privacy/requests/", {"kind": "access"})
    assert (bare.status_code, bare.json()["errors"][0]["pointer"]) == (422, "/store")
    assert not Request.objects.exists()


def test_requests_are_opened_with_their_deadline(
    calling: Calling, bystander: Customer, harbour: Store
) -> None:
    client = calling("privacy:write", stores=[harbour])
    day = timezone.localdate() - timedelta(days=40)
    body = {"kind": "access", "customer": bystander.public_id, "received_on": day.isoformat()}
    made = post(client, "privacy/requests/", body, key="r-1")
    again = post(client, "privacy/requests/", body, key="r-1")
    assert (made.status_code, again.content) == (201, made.content)
    row = Request.objects.get()
    assert made.json() == {
        "id": str(row.key), "kind": "access", "customer": bystander.public_id, "store": "HARB",
        "received_on": day.isoformat(), "due_on": row.due_on.isoformat(), "state": "open",
        "is_overdue": row.due_on < timezone.localdate(), "owner": None, "is_identity_checked": False, "outcome": "",
        "closed_at": None,
    }  # fmt: skip
    assert row.due_on == requests.due_on(day, requests.settings_of_chain())


@pytest.mark.parametrize("day", ["2999-01-01", "0001-01-01", "2020-02-29"])
def test_a_request_is_received_within_the_last_year(calling: Calling, harbour: Store, day: str) -> None:
    client = calling("privacy:write", stores=[harbour])
    refused = post(client, "privacy/requests/", {"kind": "access", "store": "HARB", "received_on": day})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert refused.json()["errors"][0]["pointer"] == "/received_on"
    assert not Request.objects.exists()


def test_requests_are_listed_by_deadline_and_scope(calling: Calling, harbour: Store, uptown: Store) -> None:
    def receive(on: date, store: Store, kind: str = "access") -> Request:
        return requests.receive(
            kind, customer_id=None, received_on=on, store=store, by="x:1", at=timezone.now()
        )

    today_is = timezone.localdate()
    late = receive(today_is - timedelta(days=90), harbour)
    later = receive(today_is - timedelta(days=120), harbour, "erasure")
    today = receive(today_is, harbour)
    elsewhere = receive(today_is - timedelta(days=90), uptown)
    requests.close(elsewhere, state="refused", outcome="no", by="x:1", at=timezone.now())
    shop, chain = calling("privacy:read", stores=[harbour]), calling("privacy:read")

    def listed(client: Client, **query: str) -> list[str]:
        return [one["id"] for one in client.get("/api/v1/privacy/requests/", query).json()["results"]]

    keys = {name: str(one.key) for name, one in
            {"late": late, "later": later, "today": today, "elsewhere": elsewhere}.items()}  # fmt: skip
    assert listed(shop) == [keys["later"], keys["late"], keys["today"]]
    assert listed(shop, state="overdue") == [keys["later"], keys["late"]]
    assert listed(shop, kind="erasure") == [keys["later"]]
    assert listed(shop, due_before=late.due_on.isoformat()) == [keys["later"]]
    assert listed(chain, state="refused") == [keys["elsewhere"]]
    assert shop.get("/api/v1/privacy/requests/", {"state": "x"}).status_code == 422
    first = chain.get("/api/v1/privacy/requests/", {"limit": 2}).json()
    rest = chain.get(first["next"]).json()
    assert [one["id"] for one in first["results"] + rest["results"]] == [
        keys["later"], keys["late"], keys["elsewhere"], keys["today"],
    ]  # fmt: skip
    assert rest["next"] is None
