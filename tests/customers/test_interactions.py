"""Touches are added many at a time, in the order given, of registered kinds only."""

from datetime import datetime

import pytest
from django.utils.translation import gettext_lazy as _

from crm.org.permissions import Role
from customers import interactions
from customers.interactions import Touch, UnknownKind
from customers.models import Customer, Interaction, TouchChannel
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _kind() -> None:
    interactions.register_kind("test.visit", _("Visit"), icon="walk", group="store")


def test_a_touch_says_who_did_what_where_and_about_what(irina: Customer, noon: datetime) -> None:
    number = interactions.record(
        irina.pk, "test.visit", channel=TouchChannel.STORE, at=noon, by="staff:3", store_id=irina.home_store_id,
        about="customers.workitem:3", data={"product": "SKU1"},
    )  # fmt: skip
    touch = Interaction.objects.get(customer=irina, pk=number)
    assert (touch.kind, touch.channel, touch.occurred_at) == ("test.visit", TouchChannel.STORE, noon)
    assert (touch.actor, touch.store_id) == ("staff:3", irina.home_store_id)
    assert (touch.about, touch.data, touch.external_id) == ("customers.workitem:3", {"product": "SKU1"}, "")


def test_many_touches_come_back_in_the_order_given(irina: Customer, yusuf: Customer, noon: datetime) -> None:
    given = [
        Touch((irina, yusuf)[n % 2].pk, "test.visit", TouchChannel.STORE, noon, data={"n": n})
        for n in range(50)
    ]
    numbers = interactions.record_many(given)
    kept = {touch.pk: touch for touch in Interaction.objects.all()}
    assert [kept[number].data["n"] for number in numbers] == list(range(50))
    assert [kept[number].customer_id for number in numbers] == [touch.customer_id for touch in given]


def test_a_kind_that_nobody_registered_adds_nothing(irina: Customer, noon: datetime) -> None:
    touches = [
        Touch(irina.pk, "test.visit", TouchChannel.STORE, noon),
        Touch(irina.pk, "test.unheard", TouchChannel.STORE, noon),
    ]
    with pytest.raises(UnknownKind, match=r"test\.unheard"):
        interactions.record_many(touches)
    assert not Interaction.objects.exists()


def test_touches_are_seen_by_those_who_see_the_customer(
    irina: Customer, yusuf: Customer, noon: datetime
) -> None:
    for who in (irina, yusuf):
        interactions.record(who.pk, "test.visit", channel=TouchChannel.STORE, at=noon)
    marta = cast.staff("Marta", Role.STORE_MANAGER, stores=[irina.home_store] if irina.home_store else [])
    assert [touch.customer_id for touch in Interaction.objects.visible_to(marta)] == [irina.pk]
