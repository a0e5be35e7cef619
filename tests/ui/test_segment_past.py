"""A segment in time, on its pages: who was in it, who came and went, what it shares, why somebody is in it."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from crm.org.models import Staff, Store
from customers.attributes import registry
from customers.models import Customer
from segmentation.models import Segment, SegmentUse
from segmentation.segments import saving, settling, timetravel
from segmentation.segments.reasons import Reason
from segmentation.views import segmentpast
from tests import cast
from tests.night.helpers import run_night

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]
BUYERS = {
    "all": [{"did": "purchase", "count": "times", "is": "at_least", "value": 1, "when": {"last_days": 90}}]
}
STEPS = ("segments",)


@pytest.fixture
def buyers(irina: Customer, yusuf: Customer, harbour: Store, uptown: Store) -> Segment:
    """Irina of Harbour bought in March, Yusuf in May: the window forgets her in between."""
    made = saving.create(by="system:test", name="Buyers", definition=BUYERS)
    cast.purchase(irina, at=harbour, on="2026-03-01")
    cast.purchase(yusuf, at=harbour, on="2026-05-20")
    for on in ("2026-03-10", "2026-07-01"):
        run_night(date.fromisoformat(on), steps=STEPS)
    return made


def past(theirs: Client, segment: Segment, **query: str) -> Any:
    return theirs.get(f"/segments/saved/{segment.public_id}/past/", query)


def names(answer: Any) -> list[str]:
    return [row.customer.name for row in answer.context["rows"]]


def test_who_was_in_it_who_came_and_who_went(
    signed_in: Browser, max_: Staff, buyers: Segment, irina: Customer, yusuf: Customer
) -> None:
    span = {"since": "2026-03-10", "until": "2026-07-01"}
    shown = past(signed_in(max_), buyers, **span)
    flow = shown.context["flow"]
    assert (flow.before, flow.came, flow.went, flow.after, flow.stayed) == (1, 1, 1, 1, 0)
    assert names(shown) == [yusuf.name]
    assert names(past(signed_in(max_), buyers, **span, show="went")) == [irina.name]
    assert names(past(signed_in(max_), buyers, **span, show="came")) == [yusuf.name]
    assert names(past(signed_in(max_), buyers, since="2026-03-10", until="2026-03-10")) == [irina.name]


def test_a_manager_sees_their_own_customers_alone(
    signed_in: Browser, uma: Staff, buyers: Segment, yusuf: Customer
) -> None:
    shown = past(signed_in(uma), buyers, since="2026-03-10", until="2026-07-01")
    assert (shown.status_code, shown.context["flow"].before, names(shown)) == (200, 0, [yusuf.name])


def test_a_night_that_is_not_offered_any_more_is_told_when_asked_for(
    signed_in: Browser, max_: Staff, buyers: Segment, irina: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segmentpast, "MOST_NIGHTS", 1)
    theirs = signed_in(max_)
    assert list(past(theirs, buyers).context["form"].moments) == [date(2026, 7, 1)]
    shown = past(theirs, buyers, since="2026-03-10", until="2026-03-10")
    assert (shown.context["unknown"], names(shown)) == (None, [irina.name])


def test_before_the_first_night_it_says_so(signed_in: Browser, max_: Staff) -> None:
    new = saving.create(by="system:test", name="New", definition=BUYERS)
    shown = past(signed_in(max_), new)
    assert "No night yet" in shown.content.decode()
    assert shown.context["days"] is None


def test_what_two_segments_share(signed_in: Browser, max_: Staff, buyers: Segment, yusuf: Customer) -> None:
    everybody = saving.create(by="system:test", name="Everybody", definition={"all": []})
    run_night(date(2026, 7, 1), steps=STEPS)
    shown = signed_in(max_).get(
        f"/segments/saved/{buyers.public_id}/overlap/", {"other": everybody.public_id}
    )
    assert (shown.context["overlap"].first, shown.context["overlap"].both) == (1, 1)
    assert names(shown) == [yusuf.name]
    ((other, shared),) = shown.context["shared"]
    assert (other, shared.second, shared.of_first) == (everybody, Customer.objects.count(), 1.0)


def test_why_somebody_was_in_it_and_is_no_more(
    signed_in: Browser, max_: Staff, buyers: Segment, irina: Customer
) -> None:
    address = f"/segments/saved/{buyers.public_id}/customers/{irina.public_id}/"
    then = signed_in(max_).get(address, {"on": "2026-03-10"})
    assert [one.said for one in then.context["why"].reasons] == ["1"]
    now = signed_in(max_).get(address)
    assert now.context["why"] is None
    assert [(one.said, one.holds) for one in now.context["today"]] == [("0", False)]
    assert "Not in it now" in now.content.decode()


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["53.6%", "1 day", "34 years", "1,200 points", "¥1,234.50", "7"]),
        ("zh-hans", ["53.6%", "1 天", "34 岁", "1,200 分", "¥1,234.50", "7"]),
        ("zh-hant", ["53.6%", "1 天", "34 歲", "1,200 點", "¥1,234.50", "7"]),
    ],
)
def test_values_say_their_units(language: str, told: list[str], harbour: Store) -> None:
    purchase = registry.behaviour("purchase")
    assert purchase is not None
    measures = {one.code: one for one in purchase.measures}
    asked = [
        (registry.attribute("persona.deal_share"), "53.6"), (measures["days"], "1"),
        (registry.attribute("person.age"), "34"),
        (registry.attribute("loyalty.points"), "1200"), (measures["amount"], "1234.5"), (measures["times"], "7"),
    ]  # fmt: skip
    with translation.override(language):
        assert [Reason("", value, None, asked=of).said for of, value in asked] == told


def test_of_a_day_before_the_first_night_nothing_is_known(
    signed_in: Browser, max_: Staff, buyers: Segment, yusuf: Customer
) -> None:
    """Which is not that somebody was in it, nor that nobody was."""
    theirs = signed_in(max_)
    address = f"/segments/saved/{buyers.public_id}/customers/{yusuf.public_id}/"
    why = theirs.get(address, {"on": "2026-03-09"})
    assert (why.context["is_known"], why.context["why"]) == (False, None)
    assert "Nothing is known of that day" in why.content.decode()
    later = theirs.get(address, {"on": "2026-03-11"})
    assert (later.context["night"].on, later.context["why"]) == (date(2026, 3, 10), None)
    assert "Not in it on the night of" in later.content.decode()
    shown = past(theirs, buyers, until="2026-03-09")
    assert (shown.context["days"], shown.context["unknown"]) == (None, date(2026, 3, 9))
    assert "Nothing is known of that day" in shown.content.decode()
    export = f"/segments/saved/{buyers.public_id}/past/export/"
    assert theirs.get(export, {"until": "2026-03-09"}).status_code == 404
    assert past(theirs, buyers, until="2026-04-01", since="2026-03-10").context["days"] == (
        date(2026, 3, 10), date(2026, 3, 10)
    )  # fmt: skip


def test_who_stayed_was_in_it_by_the_version_of_that_day(
    signed_in: Browser, max_: Staff, buyers: Segment, yusuf: Customer
) -> None:
    named = {"all": [{"attribute": "person.has_card", "is": "no"}]}
    saving.change(buyers, named, by="system:test")
    settling.new_versions()
    run_night(date(2026, 7, 2), steps=STEPS)
    address = f"/segments/saved/{buyers.public_id}/customers/{yusuf.public_id}/"
    before, after, now = (
        signed_in(max_).get(address, on) for on in ({"on": "2026-07-01"}, {"on": "2026-07-02"}, {})
    )
    why = before.context["why"]
    assert (why.version, why.is_by_first, [one.said for one in why.reasons]) == (1, True, ["1"])
    for shown in (after, now):
        why = shown.context["why"]
        assert (why.version, why.first_version, why.since < why.held_since) == (2, 1, True)
        assert [(one.words, one.said) for one in why.reasons] == [("who have no card", "")]
        assert [one.said for one in why.first] == ["1"]
    text = after.content.decode()
    assert (after.context["night"].on, now.context["night"]) == (date(2026, 7, 2), None)
    assert ", by version 2" in text
    assert "They came in by version 1 and stayed when version 2 took its place." in text
    assert list(timetravel.faults()) == []


def test_a_customer_of_others_is_not_told_of(
    signed_in: Browser, uma: Staff, buyers: Segment, irina: Customer
) -> None:
    answer = signed_in(uma).get(f"/segments/saved/{buyers.public_id}/customers/{irina.public_id}/")
    assert answer.status_code == 404


def test_an_export_is_a_use(signed_in: Browser, max_: Staff, buyers: Segment) -> None:
    signed_in(max_).get(f"/segments/saved/{buyers.public_id}/export/")
    assert [(use.used_for, use.customers) for use in SegmentUse.objects.all()] == [("export", 1)]
