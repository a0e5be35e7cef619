"""How many are in a segment: one number for the list, its page, the API and every role, from the second it is known."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from crm.org.models import Staff, Store
from customers import consents
from customers.models import Customer, Night
from customers.nights import due_date
from segmentation.models import Segment, SegmentNight, SegmentSpell
from segmentation.segments import lists, saving, settling
from segmentation.segments.sizes import Size, sizes
from tests import cast

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]
PHONES = {"attribute": "person.has_phone", "is": "yes"}


def size(one: Segment, who: Any) -> Size:
    return sizes([one], who, now())[one.pk]


def shown(theirs: Client, one: Segment) -> Size:
    return {row.segment: row.size for row in theirs.get("/segments/saved/").context["rows"]}[one]


def a_night(one: Segment, on: str, at: datetime, customers: int) -> None:
    SegmentNight.objects.create(
        segment=one, night=Night.objects.get(on=on), version=one.versions.get(), at=at, customers=customers, came=0,
        went=0, digest=b"",
    )  # fmt: skip


@pytest.fixture
def nights(irina: Customer, yusuf: Customer) -> None:
    """Two nights before there are segments, which would be settled by them."""
    for on in ("2026-03-01", "2026-03-08"):
        cast.night(on)


def spell(one: Segment, who: Customer, began: datetime, ended: datetime | None = None) -> None:
    SegmentSpell.objects.create(
        customer=who, segment=one, version=one.versions.get(), began_at=began, ended_at=ended
    )


def test_a_new_segment_has_a_number_when_it_is_settled_for_everybody_the_same(
    irina: Customer, yusuf: Customer, max_: Staff, marta: Staff, calling: Any, signed_in: Browser
) -> None:
    one = saving.create(by=max_, name="Phones", definition={"all": [PHONES]})
    nobody = lists.create(by=max_, name="Nobody", customers=[])
    for who in (max_, marta):
        assert (size(one, who), size(nobody, who)) == (Size(None, None), Size(None, None))
    assert settling.new_versions() == 2
    key = calling("segments:read")
    for who, many in ((max_, 2), (marta, 1)):
        theirs = signed_in(who)
        assert shown(theirs, one) == Size(many, None)
        assert shown(theirs, nobody) == Size(0, None)
        page = theirs.get(f"/segments/saved/{one.public_id}/")
        assert (page.context["size"], page.context["count"]) == (Size(many, None), many)
    told = {row["id"]: row["customers"] for row in key.get("/api/v1/segments/").json()["saved"]}
    assert told == {one.public_id: 2, nobody.public_id: 0}
    assert key.get(f"/api/v1/segments/{one.public_id}/").json()["customers"] == 2


def test_what_changed_since_the_night_is_in_the_number(
    nights: None, irina: Customer, yusuf: Customer, lin: Customer, max_: Staff, marta: Staff, uma: Staff
) -> None:
    one = saving.create(by=max_, name="Phones", definition={"all": [PHONES]})
    night, long_ago = now() - timedelta(hours=9), now() - timedelta(days=8)
    spell(one, irina, long_ago, night + timedelta(hours=1))  # was in it, went today
    spell(one, yusuf, long_ago)
    spell(one, lin, night + timedelta(hours=1), night + timedelta(hours=2))  # came today and went
    a_night(one, "2026-03-01", long_ago, 2)
    a_night(one, "2026-03-08", night, 2)
    assert size(one, max_) == Size(1, -1)
    spell(one, irina, now())
    spell(one, lin, now())
    assert size(one, max_) == Size(3, 1)
    assert (size(one, marta), size(one, uma)) == (Size(1, 0), Size(1, 0))


def test_a_week_before_it_was_there_is_not_known_to_anybody(
    nights: None, irina: Customer, yusuf: Customer, max_: Staff, marta: Staff, rosa: Staff
) -> None:
    one = saving.create(by=max_, name="Phones", definition={"all": [PHONES]})
    night = now() - timedelta(days=6)
    for who in (irina, yusuf):
        spell(one, who, night)
    a_night(one, "2026-03-08", night, 2)
    Night.objects.filter(on="2026-03-08").update(on=due_date() - timedelta(days=6))
    assert [size(one, who) for who in (max_, rosa, marta)] == [Size(2, None), Size(2, None), Size(1, None)]


def test_a_group_is_told_the_same_in_the_list_and_by_itself(
    calling: Any, irina: Customer, yusuf: Customer, harbour: Store
) -> None:
    key = calling("segments:read")
    schemes_own = "/api/v1/segments/champions/"
    assert key.get("/api/v1/segments/").json()["results"] == []
    cast.purchase(irina, at=harbour, on="2026-03-01", amount="10.00")
    cast.purchase(yusuf, at=harbour, on="2026-03-02", amount="20.00")
    cast.night("2026-03-08")
    rows = {row["id"]: row for row in key.get("/api/v1/segments/").json()["results"]}
    assert sum(row["customers"] for row in rows.values()) == 2
    assert key.get(schemes_own).json()["customers"] == rows.get("champions", {"customers": 0})["customers"]
    for code, row in rows.items():
        assert key.get(f"/api/v1/segments/{code}/").json()["customers"] == row["customers"]
    assert {row["share_of_revenue"] for row in rows.values()} <= {0.0, 0.333333, 0.666667, 1.0}


def test_a_list_of_segments_costs_the_same_for_any_number(max_: Staff) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            sizes(Segment.objects.all(), max_, datetime(2026, 3, 10, tzinfo=UTC))
        return len(asked)

    saving.create(by=max_, name="First", definition={"all": [PHONES]})
    few = cost()
    for n in range(5):
        saving.create(by=max_, name=f"S{n}", definition={"all": [PHONES]})
    assert cost() == few == 8


def test_a_page_shows_its_growth_up_to_now_and_whom_it_reaches(
    nights: None,
    irina: Customer,
    yusuf: Customer,
    lin: Customer,
    max_: Staff,
    marta: Staff,
    signed_in: Browser,
) -> None:
    one = saving.create(by=max_, name="Phones", definition={"all": [PHONES]})
    theirs, address = signed_in(max_), f"/segments/saved/{one.public_id}/"
    assert theirs.get(address).context["trend"] is None
    night = now() - timedelta(hours=9)
    for who in (irina, yusuf):
        spell(one, who, night)
    a_night(one, "2026-03-08", night, 2)
    spell(one, lin, now())
    page = theirs.get(address)
    assert page.context["trend"]["chart"] == {
        "labels": ["Mar 8, 2026", "now"], "series": [{"name": "Customers", "values": [2, 3]}],
    }  # fmt: skip
    assert [row[1:] for row in page.context["trend"]["rows"]] == [(3, None, None), (2, 0, 0)]
    assert f'hx-get="{address}reach/"' in page.content.decode()
    consents.record(irina, channel="sms", purpose="marketing", is_given=True, wording="unknown/test", source="a",
        by="system:test", at=None)  # fmt: skip
    for who, matched in ((max_, 3), (marta, 1)):
        told = signed_in(who).get(f"{address}reach/").context
        assert [(bar["label"], bar["customers"]) for bar in told["funnel"]] == [
            ("in the segment", matched), ("agreed to offers", 1), ("can be reached", 1),
        ]  # fmt: skip
        assert {bar["label"]: bar["customers"] for bar in told["channels"]} == {
            "Phone call": 0, "SMS": 1, "E-mail": 0, "WeChat": 0, "App push": 0, "Post": 0,
        }  # fmt: skip
