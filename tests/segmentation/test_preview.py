"""Previews: who is counted for whom, and the way from a segment to those who can be reached."""

from datetime import UTC, datetime
from typing import Any

import pytest

from crm.org.models import Staff
from customers.attributes import Moment
from customers.consents.cells import Cell
from customers.models import Consent, ContactChannel, Customer, Purpose, Wording
from segmentation.segments.preview import preview
from segmentation.segments.reading import read
from tests.segmentation.world import ON

pytestmark = pytest.mark.django_db
AT = Moment(ON, 0)
EVERYBODY = read({"all": []})


def agrees(customer: Customer, channel: ContactChannel, *, given: bool = True) -> None:
    wording = Wording.objects.get_or_create(code="test")[0]
    cell = Cell(Purpose.MARKETING, channel)
    Consent.objects.create(
        customer=customer, purpose=cell.purpose, channel=cell.channel, is_given=given, wording=wording,
        occurred_at=datetime(2026, 3, 1, tzinfo=UTC), source="test", recorded_by="test",
    )  # fmt: skip


def funnel(found: Any) -> dict[str, int]:
    return {stage.code: stage.customers for stage in found.funnel}


@pytest.mark.usefixtures("lin")
def test_a_funnel_narrows_to_those_who_can_be_reached(irina: Customer, yusuf: Customer, max_: Staff) -> None:
    agrees(irina, ContactChannel.EMAIL)
    agrees(yusuf, ContactChannel.EMAIL)  # who has none
    found = preview(EVERYBODY, max_, AT)
    assert (found.customers, funnel(found)) == (3, {"matched": 3, "consented": 2, "reachable": 1})
    assert {one.code: one.customers for one in found.channels if one.customers} == {"email": 1}


@pytest.mark.usefixtures("yusuf", "lin")
def test_everything_is_of_the_viewers_stores(irina: Customer, marta: Staff) -> None:
    agrees(irina, ContactChannel.SMS)
    found = preview(EVERYBODY, marta, AT)
    assert (found.customers, funnel(found)["reachable"], found.sample) == (1, 1, [irina])


def test_each_condition_is_counted_by_itself(irina: Customer, yusuf: Customer, max_: Staff) -> None:
    Customer.objects.filter(pk=irina.pk).update(gender="f")
    women = {"attribute": "person.gender", "is": "any_of", "value": ["f"]}
    cards = {"attribute": "person.has_phone", "is": "yes"}
    found = preview(read({"all": [women, cards]}), max_, AT)
    assert (found.customers, found.parts) == (1, [1, 2])


def test_of_nobody_there_is_nothing_to_show(irina: Customer, max_: Staff) -> None:
    found = preview(read({"any": []}), max_, AT)
    assert (found.customers, found.sample, funnel(found)) == (
        0,
        [],
        {"matched": 0, "consented": 0, "reachable": 0},
    )
