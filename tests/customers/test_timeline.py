"""The stream of a customer's touches: its order, its pages, its filters; exact under whatever comes in meanwhile."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.org.models import Chain, Staff, Store
from customers import interactions, timeline
from customers.models import Channel, Customer, Merge, Purchase, Return, TouchChannel
from customers.timeline import Asked, Place
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interactions, "_kinds", dict(interactions._kinds))
    interactions.register_kind("call", "Call", icon="phone", group="message")
    interactions.register_kind("page", "Page", icon="world", group="web")


@pytest.fixture
def ask(chain: Chain, chen: Staff, irina: Customer) -> Callable[..., timeline.Page]:
    def asking(**asked: Any) -> timeline.Page:
        return timeline.page(Asked(chen, chain, irina, **asked))

    return asking


def at(day: int, hour: int = 4) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def touch(who: Customer, kind: str, channel: TouchChannel, when: datetime) -> int:
    return interactions.record(who.pk, kind, channel=channel, at=when)


def test_everything_stands_in_one_stream(
    ask: Callable[..., timeline.Page], irina: Customer, harbour: Store
) -> None:
    bought = cast.purchase(irina, at=harbour, on="2026-03-02", amount="39.32")
    Return.objects.create(
        customer=irina, purchase=bought, store=harbour, source_id=1, business_date="2026-03-04", occurred_at=at(4),
        amount="9.32", external_id="R1",
    )  # fmt: skip
    Merge.objects.create(customer=irina, loser_id=99, merged_at=at(5), merged_by="staff:1")
    touch(irina, "call", TouchChannel.PHONE, at(6))
    cast.night("2026-03-09")
    page = ask()
    assert [(one.kind, str(one.title), one.channel, one.store) for one in page.touches] == [
        ("call", "Call", "phone", ""),
        ("merge", "Merged with another record of the same person", "", ""),
        ("return", "Brought back for ¥9.32", "store", "Harbour"),
        ("purchase", "Bought for ¥39.32", "store", "Harbour"),
        ("stage", "Stage: New", "", ""),
        ("enrolment", "Enrolled", "", "Harbour"),
        ("stage", "Stage: Potential", "", ""),
    ]
    assert page.next is None
    assert len({(one.source, one.number) for one in page.touches}) == len(page.touches)


def test_a_page_is_one_statement(
    ask: Callable[..., timeline.Page], irina: Customer, harbour: Store, django_assert_num_queries: Any
) -> None:
    for day in range(1, 9):
        cast.purchase(irina, at=harbour, on=f"2026-03-{day:02}")
        touch(irina, "call", TouchChannel.PHONE, at(day))
    assert irina.public_id  # reads the chain's key, once a process
    with django_assert_num_queries(1):
        assert len(ask(limit=5).touches) == 5


@pytest.mark.parametrize(
    ("asked", "kinds"),
    [
        ({"groups": frozenset({"message"})}, ["call"]),
        ({"groups": frozenset({"web"})}, ["page"]),
        ({"groups": frozenset({"purchase"})}, ["purchase", "purchase"]),
        ({"groups": frozenset({"points"})}, []),
        ({"channels": frozenset({"web"})}, ["page", "purchase"]),
        ({"channels": frozenset({"phone", "store"})}, ["call", "purchase"]),
        ({"channels": frozenset({"app"})}, []),
        ({"since": at(6), "until": at(7)}, ["call"]),
        ({"since": at(6)}, ["page", "call"]),
        ({"until": at(2)}, ["enrolment"]),
    ],
)
def test_filters(
    ask: Callable[..., timeline.Page],
    irina: Customer,
    harbour: Store,
    asked: dict[str, Any],
    kinds: list[str],
) -> None:
    cast.purchase(irina, at=harbour, on="2026-03-02")
    cast.purchase(irina, at=harbour, on="2026-03-03", channel=Channel.ONLINE)
    touch(irina, "call", TouchChannel.PHONE, at(6))
    touch(irina, "page", TouchChannel.WEB, at(7))
    assert [one.kind for one in ask(**asked).touches] == kinds


def test_touches_of_others_are_not_here(ask: Callable[..., timeline.Page], yusuf: Customer) -> None:
    touch(yusuf, "call", TouchChannel.PHONE, at(6))
    assert [one.kind for one in ask().touches] == ["enrolment"]


def test_what_somebody_may_not_see_is_left_out(
    ask: Callable[..., timeline.Page], irina: Customer, chen: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from crm.org.permissions import Permission

    hidden = replace(timeline._sources["interaction"], permission=Permission.VIEW_AUDIT)
    monkeypatch.setitem(timeline._sources, "interaction", hidden)
    touch(irina, "call", TouchChannel.PHONE, at(6))
    assert [one.kind for one in ask().touches] == ["enrolment"]
    assert "web" not in timeline.groups(chen)


def walk(ask: Callable[..., timeline.Page], limit: int, between: Callable[[], None]) -> Iterator[Place]:
    after = None
    for _ in range(200):
        page = ask(limit=limit, after=after)
        yield from (Place(one.at, one.source, one.number) for one in page.touches)
        if page.next is None:
            return
        after = page.next
        between()
    raise AssertionError("the stream does not end")


# Few moments, so that many touches share one; hours around midnight, so that business dates and days differ.
MOMENTS = st.integers(0, 60).map(
    lambda n: datetime(2026, 2, 20, 13, tzinfo=UTC) + timedelta(hours=7 * (n // 2))
)
KINDS = st.sampled_from(["purchase", "online", "call", "page", "merge"])
EVENTS = st.lists(st.tuples(KINDS, MOMENTS), max_size=14)


def put(irina: Customer, store: Store, kind: str, when: datetime) -> None:
    if kind in ("purchase", "online"):
        made = cast.purchase(irina, at=store, on=when.astimezone(store.zone).date())
        channel = Channel.ONLINE if kind == "online" else Channel.STORE
        Purchase.objects.filter(pk=made.pk).update(occurred_at=when, channel=channel)
    elif kind == "merge":
        Merge.objects.create(customer=irina, loser_id=99, merged_at=when, merged_by="staff:1")
    else:
        touch(irina, kind, TouchChannel.WEB if kind == "page" else TouchChannel.PHONE, when)


@given(
    events=EVENTS,
    later=st.lists(EVENTS, max_size=3),
    limit=st.integers(1, 6),
    channels=st.sampled_from([frozenset(), frozenset({"web"}), frozenset({"store", "phone"})]),
    groups=st.sampled_from([frozenset(), frozenset({"purchase"}), frozenset({"message", "life"})]),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_is_shown_twice_or_left_out_whatever_comes_in(
    events: list[Any], later: list[list[Any]], limit: int, channels: Any, groups: Any,
    ask: Callable[..., timeline.Page], irina: Customer, harbour: Store, uptown: Store,
) -> None:  # fmt: skip
    Store.objects.filter(pk=uptown.pk).update(timezone="Pacific/Auckland")
    uptown.timezone = "Pacific/Auckland"
    shops = [harbour, uptown]
    with transaction.atomic():
        for place, (kind, when) in enumerate(events):
            put(irina, shops[place % 2], kind, when)
        asking = lambda **asked: ask(channels=channels, groups=groups, **asked)  # noqa: E731
        there = [Place(one.at, one.source, one.number) for one in asking(limit=500).touches]
        coming = iter(later)

        def more() -> None:
            for kind, when in next(coming, []):
                put(irina, harbour, kind, when)

        seen = list(walk(asking, limit, more))
        assert seen == sorted(seen, reverse=True)
        assert len(seen) == len(set(seen))
        assert set(there) <= set(seen)
        if not groups and not channels:
            assert len(there) == len(events) + 1  # the enrolment
        transaction.set_rollback(True)
