"""Finding, listing and reading customers over the API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.org.models import Store
from customers.models import Customer
from tests import cast

Calling = Callable[..., Client]


def look_up(till: Client, kind: str, value: str) -> Any:
    return till.post(
        "/api/v1/customers/lookup/", {"kind": kind, "value": value}, content_type="application/json"
    )


def test_a_customer_is_found_by_phone_however_it_is_written(calling: Calling, irina: Customer) -> None:
    till = calling("customers:read")
    for written in ("+8613800138000", "+86 138-0013-8000", "138 0013 8000"):
        answer = look_up(till, "phone", written)
        assert answer.status_code == 200, answer.content
        assert answer.json()["id"] == irina.public_id


def test_a_profile_tells_what_is_known(calling: Calling, irina: Customer, harbour: Store) -> None:
    profile = calling("customers:read").get(f"/api/v1/customers/{irina.public_id}/").json()
    assert profile["scope"] == "full"
    assert (profile["name"], profile["home_store"], profile["is_stub"]) == ("Irina Petrova", "HARB", False)
    assert profile["enrolled_at"] == "2025-01-06T04:00:00+00:00"
    assert {"kind": "phone", "value": "+8613800138000", "is_primary": True} in profile["identities"]
    assert profile["purchases"] is None


def test_a_member_of_another_branch_is_served_but_not_collected(
    calling: Calling, irina: Customer, uptown: Store
) -> None:
    till = calling("customers:read", stores=[uptown])
    found = look_up(till, "member", "M0001").json()
    assert found == {
        "id": irina.public_id, "scope": "serving", "name": "Irina Petrova", "home_store": "HARB", "is_stub": False,
        "enrolled_at": "2025-01-06T04:00:00+00:00",
    }  # fmt: skip
    assert till.get(f"/api/v1/customers/{irina.public_id}/").status_code == 404
    assert till.get(f"/api/v1/customers/{irina.public_id}/receipts/").status_code == 404


def test_nobody_and_nonsense_are_told_apart(calling: Calling) -> None:
    till = calling("customers:read")
    assert look_up(till, "phone", "+8613800138999").json()["code"] == "not_found"
    letters = look_up(till, "phone", "call me")
    assert (letters.status_code, letters.json()["errors"][0]["pointer"]) == (422, "/value")
    unknown = till.post(
        "/api/v1/customers/lookup/", {"kind": "phone", "phone": "1"}, content_type="application/json"
    )
    assert unknown.status_code == 422


def test_lists_hold_the_customers_of_the_keys_stores(
    calling: Calling, irina: Customer, yusuf: Customer, lin: Customer, harbour: Store, uptown: Store
) -> None:
    ids = lambda till: {row["id"] for row in till.get("/api/v1/customers/").json()["results"]}  # noqa: E731
    assert ids(calling("customers:read")) == {irina.public_id, yusuf.public_id, lin.public_id}
    assert ids(calling("customers:read", stores=[harbour])) == {irina.public_id}
    assert ids(calling("customers:read", stores=[harbour, uptown])) == {irina.public_id, yusuf.public_id}


def test_pages_are_walked_to_the_end_without_gap_or_repeat(calling: Calling, harbour: Store) -> None:
    people = [cast.customer(f"Guest {n}", of=harbour) for n in range(7)]
    till, seen, address = calling("customers:read"), [], "/api/v1/customers/?limit=3"
    while address:
        page = till.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
    assert seen == [person.public_id for person in people]


@pytest.mark.parametrize(
    "address",
    [
        "?limit=0",
        "?limit=x",
        "?cursor=nonsense",
        "?colour=red",
        "?limit=1&limit=2",
        "?updated_after=today",
        "?updated_after=null",
    ],
)
def test_wrong_parameters_are_named(calling: Calling, address: str) -> None:
    answer = calling("customers:read").get(f"/api/v1/customers/{address}")
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert answer.json()["errors"]


def test_receipts_come_newest_first_with_their_lines(
    calling: Calling, irina: Customer, harbour: Store
) -> None:
    cast.purchase(irina, at=harbour, on="2026-03-01", lines=[("SKU1", "2", "35.80")], external_id="a")
    cast.purchase(
        irina, at=harbour, on="2026-03-03", lines=[("SKU2", "0.5", "4.00"), ("SKU1", "1", "1.50")], by="E7"
    )
    till = calling("customers:read")
    first = till.get(f"/api/v1/customers/{irina.public_id}/receipts/?limit=1").json()
    newest = first["results"][0]
    assert (newest["business_date"], newest["amount"], newest["staff"]) == ("2026-03-03", "5.50", "E7")
    assert [(line["product"], line["quantity"], line["amount"]) for line in newest["lines"]] == [
        ("SKU2", "0.5", "4.00"), ("SKU1", "1", "1.50"),
    ]  # fmt: skip
    assert newest["payments"] == [{"method": "card", "amount": "5.50"}]
    assert newest["id"].startswith("rcp_")
    second = till.get(first["next"]).json()
    assert [row["external_id"] for row in second["results"]] == ["a"]
    assert second["next"] is None


def test_a_merged_customer_is_answered_by_the_survivor(
    calling: Calling, irina: Customer, harbour: Store, uptown: Store
) -> None:
    twin = cast.customer("Irina P.", of=uptown, merged_into=irina)
    assert (
        calling("customers:read").get(f"/api/v1/customers/{twin.public_id}/").json()["id"] == irina.public_id
    )
    there = calling("customers:read", stores=[uptown])
    assert there.get(f"/api/v1/customers/{twin.public_id}/").status_code == 404


def test_a_look_up_is_one_statement(calling: Calling, irina: Customer) -> None:
    till = calling("customers:read")
    look_up(till, "member", "M0001")
    with CaptureQueriesContext(connection) as queries:
        look_up(till, "member", "M0001")
    assert len(queries) == 0  # the one statement is prepared and does not pass Django's cursor
