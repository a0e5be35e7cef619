"""The trail over the API: the page's filters, a page after the other, nothing of other stores, no personal values."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args

import pytest
from django.test import Client
from django.utils.timezone import now

from crm.audit import trail
from crm.audit.api import entries
from crm.audit.models import Channel
from crm.org.models import Staff, Store
from customers import profile
from customers.models import Customer

pytestmark = pytest.mark.django_db
Calling = Callable[..., Client]
AUDIT = "/api/v1/audit/"


@pytest.fixture
def acts(ana: Staff, chen: Staff, harbour: Store, uptown: Store, irina: Customer) -> None:
    profile.change(irina.pk, {"name": "Irina Orlova", "occupation": "baker"}, by=chen)
    trail.record("store.close", uptown, by=ana, store_id=uptown.pk, changes={"is_active": (True, False)})
    trail.record("customers.export", "customers.customer:*", by="system:night")


def told(client: Client, **query: Any) -> list[str]:
    answer = client.get(AUDIT, query)
    assert answer.status_code == 200, answer.content
    return [one["action"] for one in answer.json()["results"] if one["actor"] != "system:test"]


def test_acts_are_found_by_each_filter(
    acts: None, calling: Calling, irina: Customer, chen: Staff, uptown: Store
) -> None:
    head = calling("audit:read")
    assert told(head) == ["customers.export", "store.close", "customer.change"]
    assert told(head, record=irina.public_id) == ["customer.change"]
    assert told(head, record=f"org.store:{uptown.pk}") == ["store.close"]
    assert told(head, actor=f"staff:{chen.pk}") == ["customer.change"]
    assert told(head, actor="staff") == ["store.close", "customer.change"]
    assert told(head, action="store.close") == told(head, store="UPTN") == ["store.close"]
    assert told(head, channel="page") == []
    at = now()
    assert told(head, **{"from": (at + timedelta(minutes=1)).isoformat()}) == []
    assert len(told(head, **{"from": (at - timedelta(minutes=1)).isoformat()})) == 3
    assert told(head, to=(at - timedelta(minutes=1)).isoformat()) == []


def test_an_act_says_who_and_what_and_nothing_personal(
    acts: None, calling: Calling, irina: Customer, chen: Staff
) -> None:
    answer = calling("audit:read").get(AUDIT, {"record": irina.public_id})
    (act,) = answer.json()["results"]
    assert (act["kind"], act["record"], act["store"]) == ("customers.customer", irina.public_id, "HARB")
    assert (act["actor"], act["staff"]) == (f"staff:{chen.pk}", chen.code)
    assert act["changes"]["name"][1].keys() == {"#"}
    assert (
        b"Orlova" not in answer.content
        and b"Petrova" not in answer.content
        and b"baker" not in answer.content
    )


def test_a_key_of_a_store_reads_what_was_done_there(
    acts: None, calling: Calling, harbour: Store, uptown: Store, irina: Customer, ana: Staff
) -> None:
    assert told(calling("audit:read", stores=[harbour])) == ["customer.change"]
    uptowns = calling("audit:read", stores=[uptown])
    (act,) = uptowns.get(AUDIT).json()["results"]
    assert (act["action"], act["staff"]) == ("store.close", None), "Ana is not of Uptown"
    assert told(uptowns, record=irina.public_id) == told(uptowns, store="HARB") == []


def test_every_channel_can_be_asked_for() -> None:
    assert set(get_args(entries.ChannelName)) == set(Channel.values)


def test_pages_go_on_where_the_last_ended(calling: Calling, irina: Customer) -> None:
    head = calling("audit:read")
    ids = [trail.record("customer.change", irina, by="system:night").pk for _n in range(5)]
    query: dict[str, Any] = {"limit": 2, "actor": "system:night"}
    address, found = AUDIT, []
    while address:
        page = head.get(address, query).json()
        trail.record("customer.change", irina, by="system:night")  # comes meanwhile: not shown, nothing moves
        found += [one["id"] for one in page["results"]]
        address, query = page["next"], {}
    assert found == ids[::-1]


@pytest.mark.parametrize(
    "query",
    [
        {"record": "Irina Petrova"}, {"record": "cus_x"}, {"record": "org.dragon:1"}, {"actor": "Chen!"},
        {"action": "'"}, {"channel": "till"}, {"from": "yesterday"}, {"who": "staff:1"}, {"cursor": "x"}, {"limit": 0},
        {"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"},
    ],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_a_problem(calling: Calling, query: dict[str, Any]) -> None:
    answer = calling("audit:read").get(AUDIT, query)
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert answer.json()["errors"][0]["pointer"].strip("/") in {*query, "to"}


def test_a_page_costs_the_same_for_one_act_and_for_many(
    calling: Calling, irina: Customer, ana: Staff, django_assert_max_num_queries: Any
) -> None:
    head = calling("audit:read")
    for _n in range(60):
        trail.record("customer.change", irina, by=ana, store_id=irina.home_store_id)
    head.get(AUDIT)
    with django_assert_max_num_queries(4):
        assert len(head.get(AUDIT).json()["results"]) == 50
