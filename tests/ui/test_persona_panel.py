"""The persona on the customer page and in the API's profile."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client

from crm.org.models import Staff, Store
from customers import consents
from customers.models import Category, Customer, Product
from tests import cast
from tests.night.helpers import run_night

MONDAY = date(2026, 3, 9)


@pytest.fixture
def habits(irina: Customer, harbour: Store) -> None:
    """Every Monday at noon one bread."""
    food = Category.objects.create(path="food", name="Food")
    bread = Category.objects.create(path="food/bread", name="Bread", parent=food)
    Product.objects.create(sku="LOAF", name="Loaf", category=bread)
    for week in range(4):
        cast.purchase(irina, at=harbour, on=MONDAY + timedelta(days=7 * week), lines=[("LOAF", "1", "2.00")])
    run_night(MONDAY + timedelta(days=22))


def test_the_page_shows_a_picture_of_the_person(
    habits: None, irina: Customer, marta: Staff, signed_in: Callable[[Staff], Client]
) -> None:
    page = signed_in(marta).get(f"/customers/{irina.public_id}/").content.decode()
    assert "What they like" in page
    assert "Bread" in page
    assert "Monday · Midday, 12 to 14" in page
    assert "every 7 days" in page


def test_before_the_first_night_the_place_says_what_it_is_for(
    irina: Customer, marta: Staff, signed_in: Callable[[Staff], Client]
) -> None:
    page = signed_in(marta).get(f"/customers/{irina.public_id}/").content.decode()
    assert "told after the first night that follows a purchase" in page


def test_the_profile_says_the_same(habits: None, irina: Customer, calling: Callable[..., Client]) -> None:
    told = calling("customers:read").get(f"/api/v1/customers/{irina.public_id}/").json()["persona"]
    assert told == {
        "visits": 4, "categories": [{"name": "Bread", "share": 1.0}], "brands": [], "brand_loyalty": None,
        "price_level": None, "discount_share": 0.0, "deal_share": 0.0, "online_share": 0.0, "weekday": "monday",
        "daypart": "midday", "basket_amount": "2.00", "basket_lines": 1.0, "cycle_days": 7,
        "next_on": "2026-04-06", "refills": [{"category": "Bread", "days": 7, "next_on": "2026-04-06"}],
        "night": "2026-03-31",
    }  # fmt: skip


def test_who_said_no_to_a_profile_is_shown_none_at_once(
    habits: None,
    irina: Customer,
    marta: Staff,
    signed_in: Callable[[Staff], Client],
    calling: Callable[..., Client],
) -> None:
    consents.record(
        irina, channel=None, purpose="profiling", is_given=False, wording=None, source="test", by=marta, at=None
    )  # fmt: skip
    page = signed_in(marta).get(f"/customers/{irina.public_id}/").content.decode()
    assert "said no to a personal profile" in page
    assert "Monday · Midday" not in page
    assert "every 7 days" not in page
    assert calling("customers:read").get(f"/api/v1/customers/{irina.public_id}/").json()["persona"] is None
