"""Segments over the API: those of the published night, over the stores that the key sees."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from crm.org.models import Store
from customers.models import Customer
from tests import cast

Calling = Callable[..., Client]
SEGMENTS = "/api/v1/segments/"


@pytest.fixture
def two_nights(irina: Customer, yusuf: Customer, harbour: Store, uptown: Store) -> None:
    """Irina buys often and lately, Yusuf once and long ago; between the nights Yusuf comes back."""
    for day in range(1, 9):
        cast.purchase(irina, at=harbour, on=date(2026, 3, day), amount="50.00")
    cast.purchase(yusuf, at=uptown, on="2025-06-01", amount="5.00")
    cast.night("2026-03-08")
    cast.purchase(yusuf, at=uptown, on="2026-03-09", amount="500.00")
    cast.night("2026-03-09")


def segment_of(till: Client, person: Customer) -> Any:
    return till.get(f"/api/v1/customers/{person.public_id}/").json()["segment"]


def members(till: Client, segment: str, query: str = "") -> set[str]:
    return {row["id"] for row in till.get(f"{SEGMENTS}{segment}/members/{query}").json()["results"]}


def test_before_the_first_night_there_is_nothing(calling: Calling, irina: Customer) -> None:
    till = calling("segments:read", "customers:read")
    assert till.get(SEGMENTS).json() == {"results": [], "next": None, "night": None, "saved": []}
    assert segment_of(till, irina) is None


@pytest.mark.usefixtures("two_nights")
def test_sums_are_of_the_keys_stores(calling: Calling, harbour: Store) -> None:
    whole = calling("segments:read").get(SEGMENTS).json()
    assert whole["night"] == "2026-03-09"
    assert sum(row["customers"] for row in whole["results"]) == 2
    assert sum(float(row["revenue"]) for row in whole["results"]) == 905.0
    own = calling("segments:read", stores=[harbour]).get(SEGMENTS).json()
    assert sum(row["customers"] for row in own["results"]) == 1
    assert sum(float(row["revenue"]) for row in own["results"]) == 400.0


@pytest.mark.usefixtures("two_nights")
def test_a_profile_and_the_members_agree(calling: Calling, irina: Customer, yusuf: Customer) -> None:
    till = calling("segments:read", "customers:read")
    for person in (irina, yusuf):
        segment = segment_of(till, person)
        assert segment["night"] == "2026-03-09"
        assert person.public_id in members(till, segment["id"])
        row = next(
            row
            for row in till.get(f"{SEGMENTS}{segment['id']}/members/").json()["results"]
            if row["id"] == person.public_id
        )
        assert {name: row[name] for name in "rfm"} == {name: segment[name] for name in "rfm"}


@pytest.mark.usefixtures("two_nights")
def test_members_as_they_were(calling: Calling, yusuf: Customer) -> None:
    till = calling("segments:read", "customers:read")
    now = segment_of(till, yusuf)["id"]
    codes = [row["id"] for row in till.get(f"{SEGMENTS}?on=2026-03-08").json()["results"] if row["customers"]]
    then = next(code for code in codes if yusuf.public_id in members(till, code, "?on=2026-03-08"))
    assert then != now
    assert yusuf.public_id not in members(till, then)
    assert members(till, now, "?on=2026-03-01") == set()


def test_an_unknown_segment(calling: Calling) -> None:
    answer = calling("segments:read").get(f"{SEGMENTS}dragons/members/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
