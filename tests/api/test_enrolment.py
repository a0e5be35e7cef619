"""Enrolling and changing customers over the API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.audit.models import Entry
from crm.org.models import Store
from customers.models import Customer, Identity, NameKey
from tests.api.test_receipts import send, slip

Calling = Callable[..., Client]
CUSTOMERS = "/api/v1/customers/"
JSON = "application/json"
WEI = {"identities": [{"kind": "phone", "value": "138 1111 2222"}], "name": "陈伟", "birthday": "1990-05-01"}


@pytest.fixture
def till(calling: Calling, harbour: Store) -> Client:
    return calling("customers:write", "receipts:write", stores=[harbour])


def enrol(till: Client, **other: Any) -> Any:
    return till.post(CUSTOMERS, WEI | other, content_type=JSON)


def test_a_customer_is_enrolled_at_the_keys_store(till: Client) -> None:
    answer = enrol(till)
    wei = Customer.objects.get()
    assert answer.status_code == 201
    profile = answer.json()
    assert (profile["id"], profile["name"], profile["home_store"]) == (wei.public_id, "陈伟", "HARB")
    assert profile["identities"] == [
        {"kind": "phone", "value": "+8613811112222", "is_primary": False}
    ] or profile["identities"] == [{"kind": "phone", "value": "+8613811112222", "is_primary": True}]
    trace = Entry.objects.get(action="customer.enrol")
    assert trace.actor.startswith("key:")
    assert "陈伟" not in str(trace.details)


def test_whom_receipts_named_before_keeps_what_they_bought(till: Client) -> None:
    receipt = slip(customer={"kind": "phone", "value": "+8613811112222"})
    stub = send(till, receipt).json()["customer"]
    assert enrol(till).json()["id"] == stub
    assert not Customer.objects.get().is_stub


def test_nobody_is_enrolled_twice(till: Client) -> None:
    enrol(till)
    again = enrol(till, name="Somebody else")
    assert (again.status_code, again.json()["code"]) == (409, "already_enrolled")
    assert Customer.objects.get().name == "陈伟"


def test_identifiers_of_two_people_join_nobody(till: Client) -> None:
    enrol(till)
    enrol(till, identities=[{"kind": "member", "value": "M9"}])
    both = enrol(till, identities=[{"kind": "member", "value": "M9"}, *WEI["identities"]])
    assert (both.status_code, both.json()["code"]) == (409, "identifiers_disagree")
    assert Identity.objects.count() == 2


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"identities": []}, "/identities"),
        ({"identities": [{"kind": "phone", "value": "twelve"}]}, "/identities/0/value"),
        ({"birthday": "2990-01-01"}, "/birthday"),
        ({"birthday": "yesterday"}, "/birthday"),
        ({"household_size": 0}, "/household_size"),
        ({"home_store": "UPTN"}, "/home_store"),
        ({"points": 1000}, "/points"),
        ({"name": "a\u0007b"}, "/name"),
        ({"name": "\n\t"}, "/name"),
        ({"occupation": "ba\u202eker"}, "/occupation"),
        ({"household": "\ufdfa" * 40}, "/household"),  # 18 letters each when made ordinary
    ],
)
def test_a_wrong_enrolment_is_refused_at_its_place(
    till: Client, uptown: Store, wrong: dict[str, Any], pointer: str
) -> None:
    answer = enrol(till, **wrong)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Customer.objects.exists()


def test_a_key_of_the_chain_says_where(calling: Calling, harbour: Store) -> None:
    key = calling("customers:write")
    assert enrol(key).json()["errors"][0]["pointer"] == "/home_store"
    assert enrol(key, home_store="HARB").status_code == 201


def test_only_what_is_named_changes(till: Client, irina: Customer) -> None:
    answer = till.patch(f"{CUSTOMERS}{irina.public_id}/", {"occupation": "baker"}, content_type=JSON)
    assert (answer.status_code, answer.json()["occupation"], answer.json()["name"]) == (
        200,
        "baker",
        "Irina Petrova",
    )
    assert Entry.objects.get(action="customer.change").details == {"fields": ["occupation"]}


@pytest.mark.parametrize("name", ["\n\t", "  ", "a\u0007b", "\u200b"])
def test_a_name_can_be_seen(till: Client, irina: Customer, name: str) -> None:
    answer = till.patch(f"{CUSTOMERS}{irina.public_id}/", {"name": name}, content_type=JSON)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/name")
    irina.refresh_from_db()
    assert irina.name == "Irina Petrova"


def test_a_name_is_kept_in_its_ordinary_form(till: Client, irina: Customer) -> None:
    answer = till.patch(f"{CUSTOMERS}{irina.public_id}/", {"name": " 林\u3000小雨\n"}, content_type=JSON)
    assert (answer.status_code, answer.json()["name"]) == (200, "林 小雨")


def test_another_branchs_customer_cannot_be_changed(till: Client, yusuf: Customer) -> None:
    answer = till.patch(f"{CUSTOMERS}{yusuf.public_id}/", {"name": "X"}, content_type=JSON)
    assert answer.status_code == 404
    yusuf.refresh_from_db()
    assert yusuf.name == "Yusuf Demir"


def test_a_customer_is_not_pushed_into_another_branch(till: Client, irina: Customer, uptown: Store) -> None:
    answer = till.patch(f"{CUSTOMERS}{irina.public_id}/", {"home_store": "UPTN"}, content_type=JSON)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/home_store")
    assert Customer.objects.get(pk=irina.pk).home_store.code == "HARB"


def test_a_late_receipt_leaves_a_stub_where_a_person_put_it(
    calling: Calling, till: Client, mill: Store
) -> None:
    whose = {"kind": "phone", "value": "+8613811112222"}
    stub = send(till, slip(customer=whose, occurred_at="2026-03-10T12:00:00+08:00")).json()["customer"]
    facts = {"name": "Wei", "home_store": "MILL"}
    assert (
        calling("customers:write").patch(f"{CUSTOMERS}{stub}/", facts, content_type=JSON).status_code == 200
    )
    late = slip(customer=whose, external_id="late", occurred_at="2026-03-01T12:00:00+08:00")
    assert send(till, late).json()["customer"] == stub
    wei = Customer.objects.get()
    assert (wei.is_stub, wei.home_store_id) == (True, mill.pk)
    assert NameKey.objects.filter(customer=wei, home_store_id=mill.pk).exists()


def test_search_follows_a_customer_to_another_store(calling: Calling, irina: Customer, uptown: Store) -> None:
    chains = calling("customers:write")
    answer = chains.patch(f"{CUSTOMERS}{irina.public_id}/", {"home_store": "UPTN"}, content_type=JSON)
    assert (answer.status_code, answer.json()["home_store"]) == (200, "UPTN")
    keys = NameKey.objects.filter(customer=irina)
    assert set(keys.values_list("home_store_id", flat=True)) == {uptown.pk}
    assert Entry.objects.get(action="customer.change").details == {"fields": ["home_store"]}


def test_reading_needs_its_own_scope(till: Client, irina: Customer) -> None:
    assert till.get(f"{CUSTOMERS}{irina.public_id}/").status_code == 403
