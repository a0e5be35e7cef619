"""Uses of an audience: exactly whom somebody took is told again, whatever was being written at that moment."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from crm.jobs import runner
from crm.org.models import Staff, Store
from customers.attributes import Moment
from customers.models import Customer, WorkItem
from loyalty.coupons import defining, issuing
from loyalty.models import Coupon, CouponKind
from segmentation.lookalikes import jobs
from segmentation.models import Segment, SegmentNight, SegmentSpell, SegmentUse, SegmentVersion
from segmentation.segments import active, evaluating, lists, membership, saving, settling, timetravel, uses
from tests import cast
from tests.night.helpers import run_night

ON = date(2026, 3, 10)
BUYERS = {
    "all": [{"did": "purchase", "count": "times", "is": "at_least", "value": 1, "when": {"last_days": 90}}]
}


def buyers() -> Segment:
    made = Segment.objects.create(name="Buyers")
    SegmentVersion.objects.create(segment=made, number=1, definition=BUYERS)
    return made


def use(segment: Segment, viewer: Staff) -> tuple[SegmentUse, list[int]]:
    return uses.take(
        segment, lambda: timetravel.members_at(segment, viewer).values_list("pk", flat=True),
        used_for=uses.EXPORT, by=viewer, store_ids=viewer.scope().store_ids,
    )  # fmt: skip


@contextmanager
def somebody_writes(work: Callable[[Any], Any]) -> Iterator[threading.Event]:
    """`work` is done by another connection, which commits when the event is set."""
    done, may_commit = threading.Event(), threading.Event()

    def write() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                work(cursor)
                done.set()
                may_commit.wait(30)
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert done.wait(30)
    try:
        yield may_commit
    finally:
        may_commit.set()
        writer.join(30)


def used_meanwhile(segment: Segment, viewer: Staff, may_commit: threading.Event) -> list[int]:
    """Use it while somebody writes: it waits until they have committed."""
    found: list[list[int]] = []

    def work() -> None:
        try:
            found.append(use(segment, viewer)[1])
        finally:
            connection.close()

    user = threading.Thread(target=work)
    user.start()
    user.join(0.5)
    assert found == [], "it did not wait for what was being written"
    may_commit.set()
    user.join(30)
    (ids,) = found
    return ids


@pytest.mark.django_db(transaction=True)
def test_a_use_beside_the_follower_takes_whom_the_spells_say(
    irina: Customer, yusuf: Customer, harbour: Store, max_: Staff
) -> None:
    segment = buyers()
    cast.purchase(irina, at=harbour, on=evaluating.today())
    (one,) = active.segments()
    with somebody_writes(lambda cursor: settling.some(cursor, one, [irina.pk, yusuf.pk])) as may_commit:
        assert used_meanwhile(segment, max_, may_commit) == [irina.pk]
    record = SegmentUse.objects.get()
    spell = SegmentSpell.objects.get()
    assert (record.members, record.customers, uses.audience(record)) == (None, 1, [irina.pk])
    assert spell.began_at < record.at
    assert list(timetravel.faults()) == []


@pytest.mark.django_db(transaction=True)
def test_a_use_beside_the_night_takes_whom_the_spells_say(
    irina: Customer, yusuf: Customer, harbour: Store, max_: Staff
) -> None:
    """The night takes Irina out and Yusuf in."""
    segment, today = buyers(), evaluating.today()
    for person, days in ((irina, 91), (yusuf, 1)):
        cast.purchase(person, at=harbour, on=today - timedelta(days=days))
    (one,) = active.segments()
    with transaction.atomic(), connection.cursor() as cursor:
        settling.everybody(cursor, one, Moment(today - timedelta(days=5), 0))
    assert use(segment, max_)[1] == [irina.pk]
    with somebody_writes(lambda cursor: settling.everybody(cursor, one, Moment(today, 0))) as may_commit:
        assert used_meanwhile(segment, max_, may_commit) == [yusuf.pk]
    assert [uses.audience(one) for one in SegmentUse.objects.order_by("at")] == [[irina.pk], [yusuf.pk]]
    assert list(timetravel.faults()) == []


@pytest.mark.django_db(transaction=True)
def test_who_waited_settles_by_the_version_that_holds(irina: Customer, yusuf: Customer) -> None:
    """The night read the segment before it was changed and settled; it must not bring the old meaning back."""
    made = saving.create(by="system:test", name="Some", definition={"all": []})
    (old,) = active.segments()
    saving.change(made, {"any": []}, by="system:test")
    settling.new_versions()
    with transaction.atomic(), connection.cursor() as cursor:
        done = settling.everybody(cursor, old, evaluating.moment())
        settling.some(cursor, old, [irina.pk])
    assert (done.members, done.version_id) == ([], made.versions.get(number=2).pk)
    assert not SegmentSpell.objects.at().exists()


@pytest.mark.django_db
def test_who_waited_brings_nobody_back_into_what_was_archived(irina: Customer, max_: Staff) -> None:
    made = saving.create(by="system:test", name="All", definition={"all": []})
    settling.new_versions()
    (old,) = active.segments()
    saving.archive(made, by=max_, at=timezone.now())
    with connection.cursor() as cursor:
        settling.some(cursor, old, [irina.pk])
        done = settling.everybody(cursor, old, evaluating.moment())
    assert (done.members, done.changed) == ([], 0)
    assert not SegmentSpell.objects.at().exists()


@pytest.mark.django_db
def test_a_moment_is_later_than_every_digest_even_when_the_clock_was_set_back(
    irina: Customer, max_: Staff
) -> None:
    segment = saving.create(by="system:test", name="All", definition={"all": []})
    record, _ids = use(segment, max_)
    ahead = timezone.now() + timedelta(hours=1)
    SegmentUse.objects.filter(pk=record.pk).update(at=ahead)
    with connection.cursor() as cursor:
        assert membership.lock(cursor, segment.pk) == ahead + timedelta(microseconds=1)


@pytest.mark.django_db
def test_of_a_part_of_the_chain_the_members_are_kept(
    irina: Customer, yusuf: Customer, harbour: Store, uptown: Store, uma: Staff, max_: Staff
) -> None:
    segment = saving.create(by="system:test", name="All", definition={"all": []})
    settling.new_versions()
    (of_uptown, ids), (of_all, everybody) = (use(segment, who) for who in (uma, max_))
    assert (ids, of_uptown.store_ids) == ([yusuf.pk], [uptown.pk])
    assert (everybody, of_all.store_ids, of_all.members) == (sorted([irina.pk, yusuf.pk]), None, None)
    Customer.objects.filter(pk=yusuf.pk).update(home_store=harbour)
    assert uses.audience(of_uptown) == [yusuf.pk]
    assert list(timetravel.faults()) == []


@pytest.mark.django_db
def test_a_list_that_nobody_settled_yet_is_remembered(
    irina: Customer, yusuf: Customer, signed_in: Callable[[Staff], Client], max_: Staff
) -> None:
    made = lists.create(by=max_, name="Press", customers=[irina.pk])
    answer = signed_in(max_).get(f"/segments/saved/{made.public_id}/export/")
    text = b"".join(answer.streaming_content).decode()
    assert (irina.public_id in text, yusuf.public_id in text) == (True, False)
    record = SegmentUse.objects.get()
    assert (record.used_for, record.segment, uses.audience(record)) == ("export", made, [irina.pk])
    assert record.members is not None
    settling.new_versions()
    assert list(timetravel.faults()) == []


@pytest.mark.django_db
def test_follow_ups_are_a_use(
    irina: Customer, yusuf: Customer, signed_in: Callable[[Staff], Client], marta: Staff
) -> None:
    """Of the segment's people those for whom one was made: the manager's own."""
    segment = saving.create(by="system:test", name="All", definition={"all": []})
    settling.new_versions()
    address = f"/segments/saved/{segment.public_id}/work/"
    told = {"kind": "call", "title": "Ask them", "due": "2030-01-01T10:00", "staff": [], "script": ""}
    assert signed_in(marta).post(address, told).status_code == 303
    assert WorkItem.objects.get().customer_id == irina.pk
    record = SegmentUse.objects.get()
    assert (record.used_for, record.segment, record.used_by) == ("follow-ups", segment, f"staff:{marta.pk}")
    assert uses.audience(record) == [irina.pk]


@pytest.mark.django_db
def test_coupons_for_a_segment_are_a_use(irina: Customer, yusuf: Customer, max_: Staff, noon: Any) -> None:
    segment = saving.create(by="system:test", name="All", definition={"all": []})
    settling.new_versions()
    terms = {"kind": CouponKind.AMOUNT, "amount": Decimal(5)}
    five = defining.define(code="five", name="Five", is_shared=False, terms=terms, by="test", at=noon)
    batch = issuing.start(five, audience=f"saved:{segment.pk}", by=max_, at=noon)
    assert batch.job is not None
    assert runner.run_until_ended(batch.job).state == "done"
    record = SegmentUse.objects.get()
    assert (record.used_for, record.segment, record.used_by) == (
        f"coupons {five.code}",
        segment,
        f"staff:{max_.pk}",
    )
    assert uses.audience(record) == sorted(Coupon.objects.values_list("customer", flat=True))
    assert (record.customers, record.members) == (2, None)


@pytest.mark.django_db
def test_the_set_that_a_search_learns_from_is_a_use(irina: Customer, yusuf: Customer, max_: Staff) -> None:
    segment = saving.create(by="system:test", name="All", definition={"all": []})
    run_night(ON)
    one = jobs.start(max_, seed="saved", key=str(segment.pk), among="all", most=10, by=max_)
    assert one.job is not None
    assert runner.run_until_ended(one.job).state == "done"
    record = SegmentUse.objects.get()
    assert (record.used_for, record.segment) == (f"look-alikes {one.public_id}", segment)
    assert uses.audience(record) == sorted([irina.pk, yusuf.pk])


@pytest.mark.django_db
def test_an_export_of_a_past_night_is_a_use_of_that_moment(
    irina: Customer, yusuf: Customer, harbour: Store, signed_in: Callable[[Staff], Client], max_: Staff
) -> None:
    segment = saving.create(by="system:test", name="Buyers", definition=BUYERS)
    cast.purchase(irina, at=harbour, on="2026-03-01")
    cast.purchase(yusuf, at=harbour, on="2026-05-20")
    for on in ("2026-03-10", "2026-07-01"):
        run_night(date.fromisoformat(on), steps=("segments",))
    nights = list(SegmentNight.objects.order_by("at"))
    address = f"/segments/saved/{segment.public_id}/past/export/"
    for show, until in (("in", "2026-03-10"), ("went", "2026-07-01")):
        answer = signed_in(max_).get(address, {"since": "2026-03-10", "until": until, "show": show})
        assert irina.public_id in b"".join(answer.streaming_content).decode()
    whole, gone = SegmentUse.objects.order_by("at")
    assert (whole.as_of, whole.part, whole.members) == (nights[0].at, "to=2026-03-10", None)
    assert (gone.as_of, gone.part) == (nights[1].at, "part=went&from=2026-03-10&to=2026-07-01")
    assert [uses.audience(one) for one in (whole, gone)] == [[irina.pk], [irina.pk]]
    assert list(timetravel.faults()) == []


@pytest.mark.django_db
def test_a_group_of_the_grid_is_remembered_by_its_people(
    irina: Customer, harbour: Store, signed_in: Callable[[Staff], Client], max_: Staff
) -> None:
    cast.purchase(irina, at=harbour, on="2026-03-01")
    run_night(ON)
    answer = signed_in(max_).get("/segments/customers/export/", {"r": "5"})
    assert irina.public_id in b"".join(answer.streaming_content).decode()
    record = SegmentUse.objects.get()
    assert (record.segment, record.part, record.used_for) == (None, "r=5", "export")
    assert uses.audience(record) == [irina.pk]
    assert list(timetravel.faults()) == []
