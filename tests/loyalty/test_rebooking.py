"""Movements that are taken out of an account and booked again: the same where everything is there, lent where not."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from customers.models import Customer
from loyalty import ledger
from loyalty.ledger import Cause, NewLot, proof, rebooking
from loyalty.ledger.rebooking import Booked
from loyalty.models import Balance, Kind, Lot, Movement
from tests.loyalty import books

pytestmark = pytest.mark.django_db
NOW = datetime.fromisoformat("2026-03-10T04:00Z")
DAY = timedelta(days=1)
FOLLOWS = (Kind.VEST, Kind.EXPIRE, Kind.SETTLE, Kind.LEND)
NUMBER = 900_000_001
Legs = tuple[int, int, int, int]


def why(source: str, at: datetime = NOW) -> Cause:
    return Cause(source, at, "till:1", 8)


def taken_out(who: Customer, *, but: list[int] | None = None, since: str = "") -> list[Booked]:
    """What was booked since the beginning of this transaction, when all of it was."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("SELECT now()::text")
        (now,) = cursor.fetchone()
        cursor.execute("SET LOCAL regulars.moves_rows = 'on'")
        found = rebooking.take_out(cursor, who.pk, since=since or now, but=but or [])
        cursor.execute("SET LOCAL regulars.moves_rows = 'off'")
    return found


def sound() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    assert [fault for proved in proof.prove() for fault in proved.faults] == []


def legs(one: Movement) -> Legs:
    """Available, pending, held, debt."""
    return one.available, one.pending, one.held, one.debt


def held_of(who: Customer) -> Legs:
    found = Balance.objects.get(customer=who, unit=1)
    return found.available, found.pending, found.held, found.debt


def everything() -> list[list[tuple[Any, ...]]]:
    """The books, without the numbers of lots; of what follows by itself, which may do so later, the legs."""
    columns = (
        "id", "customer", "unit", "kind", "source", "of", "purchase", "store", "occurred_at", "actor", "available",
        "pending", "held", "debt", "contra",
    )  # fmt: skip
    follow = ("customer", "kind", "available", "pending", "held", "debt", "contra")
    lots = (
        "customer", "unit", "movement", "points", "earned_at", "vests_at", "expires_at", "is_extended", "pending",
        "available", "held",
    )  # fmt: skip
    return [
        sorted(Movement.objects.exclude(kind__in=FOLLOWS).values_list(*columns), key=str),
        sorted(Movement.objects.filter(kind__in=FOLLOWS).values_list(*follow), key=str),
        sorted(Lot.objects.values_list(*lots), key=str),
        sorted(Balance.objects.values_list(), key=str),
    ]


def test_booked_again_the_books_are_the_same(irina: Customer, yusuf: Customer, noon: datetime) -> None:
    books.written(irina, yusuf, noon)
    ledger.earn(irina.pk, [NewLot(6, is_extended=True, earned_at=noon)], why("receipt:9", noon + 30 * DAY))
    ledger.earn(irina.pk, [NewLot(6), NewLot(5, noon + 90 * DAY)], why("top-up:1", noon + 31 * DAY), unit=3)
    before = everything()
    later = taken_out(irina)
    assert set(Movement.objects.values_list("customer", flat=True)) == {yusuf.pk}
    assert set(Lot.objects.values_list("customer", flat=True)) == {yusuf.pk}
    for one in later:
        rebooking.book(irina.pk, one)
    assert everything() == before
    sound()


def test_what_stays_counts_again_what_it_did(irina: Customer, yusuf: Customer) -> None:
    ledger.earn(yusuf.pk, [NewLot(5)], why("receipt:3"))
    first = ledger.earn(
        irina.pk, [NewLot(10, NOW + 5 * DAY), NewLot(20, vests_at=None)], why("receipt:1")
    ).movement_id
    later = ledger.earn(irina.pk, [NewLot(30, vests_at=NOW + DAY)], why("receipt:2")).movement_id
    before = everything()
    ledger.hold(irina.pk, 12, why("web:1"))
    ledger.redeem(irina.pk, 4, why("till:1"))
    ledger.redeem(irina.pk, 5, why("till:2", NOW + DAY))  # 30 vest before
    assert held_of(irina) == (39, 0, 12, 0)
    taken = taken_out(irina, but=[first, later])
    assert [one.kind for one in taken] == [Kind.HOLD, Kind.REDEEM, Kind.VEST, Kind.REDEEM]
    assert [one.points for one in taken] == [12, 4, 0, 5]
    assert everything() == before
    assert taken_out(irina, since="2999-01-01") == []
    assert everything() == before
    sound()


def test_lots_that_go_are_told(irina: Customer) -> None:
    lots = [NewLot(10, NOW + DAY, earned_at=NOW - DAY), NewLot(20, is_extended=True, earned_at=NOW)]
    number = ledger.earn(irina.pk, lots, why("receipt:1")).movement_id
    assert taken_out(irina) == [Booked(number, 1, Kind.EARN, 30, why("receipt:1"), None, lots)]
    assert Booked(1, 1, Kind.EARN, 1, why("a"), None).lots == []


@pytest.fixture
def four(irina: Customer) -> Customer:
    """Irina has 4."""
    ledger.earn(irina.pk, [NewLot(4, NOW + 9 * DAY)], why("receipt:0"))
    return irina


def owe(who: Customer, points: int) -> None:
    """Whoever had 4 owes."""
    bought = ledger.earn(who.pk, [NewLot(points)], why("receipt:00"))
    ledger.redeem(who.pk, points + 4, why("till:00"))
    ledger.claw_back(who.pk, bought.movement_id, why("return:00"))
    assert held_of(who) == (0, 0, 0, points)


def booked(
    who: Customer, kind: Kind, points: int, *, of: int | None = None, at: datetime = NOW
) -> Movement | None:
    """Book one; as it was written."""
    rebooking.book(who.pk, Booked(NUMBER, 1, kind, points, why("again:1", at), of))
    sound()
    return Movement.objects.filter(pk=NUMBER).first()


@pytest.mark.parametrize(
    ("kind", "points", "wanted", "lent"),
    [
        (Kind.REDEEM, 3, (-3, 0, 0, 0), []), (Kind.REDEEM, 10, (-10, 0, 0, 0), [(6, 6)]),
        (Kind.HOLD, 4, (-4, 0, 4, 0), []), (Kind.HOLD, 10, (-10, 0, 10, 0), [(6, 6)]),
        (Kind.ADJUST, -10, (-10, 0, 0, 0), [(6, 6)]), (Kind.TRANSFER, -5, (-5, 0, 0, 0), [(1, 1)]),
    ],
)  # fmt: skip
def test_what_is_spent_beyond_what_is_there_is_lent(
    four: Customer, kind: Kind, points: int, wanted: Legs, lent: list[tuple[int, int]]
) -> None:
    found = booked(four, kind, points)
    assert found is not None
    assert (found.kind, legs(found), found.source, found.actor, found.store_id) == (
        kind,
        wanted,
        "again:1",
        "till:1",
        8,
    )

    found_lent = Movement.objects.filter(kind=Kind.LEND, occurred_at=NOW, actor="till:1", contra=0)
    assert list(found_lent.values_list("available", "debt")) == lent
    assert held_of(four)[3] == sum(debt for _points, debt in lent)


@pytest.mark.parametrize("kind", FOLLOWS)
def test_what_follows_by_itself_is_not_booked(four: Customer, kind: Kind) -> None:
    assert booked(four, kind, 3) is None


def test_a_hold_of_nothing_is_lent_whole(four: Customer) -> None:
    ledger.redeem(four.pk, 4, why("till:1"))
    found = booked(four, Kind.HOLD, 3)
    assert found is not None
    assert (legs(found), held_of(four)) == ((-3, 0, 3, 0), (0, 0, 3, 3))


def test_what_is_lent_pays_what_is_owed_before_others(four: Customer) -> None:
    found = booked(four, Kind.REDEEM, 10)
    assert found is not None
    ledger.reverse(four.pk, found.pk, why("back:1"))
    lots = Lot.objects.filter(customer=four).order_by("id").values_list("points", "available", "expires_at")
    assert list(lots) == [(4, 4, NOW + 9 * DAY), (6, 0, None)]
    assert held_of(four) == (4, 0, 0, 0)
    sound()


def test_what_fell_due_before_is_done_before(four: Customer) -> None:
    ledger.earn(four.pk, [NewLot(6, vests_at=NOW + DAY)], why("receipt:1"))
    found = booked(four, Kind.REDEEM, 10, at=NOW + DAY)
    assert found is not None
    assert legs(found) == (-10, 0, 0, 0)


@pytest.mark.parametrize(("held", "wanted"), [(4, (0, 0, -3, 0)), (2, (0, 0, -2, 0))])
def test_a_capture_of_what_is_held(four: Customer, held: int, wanted: Legs) -> None:
    slip = ledger.hold(four.pk, held, why("web:1")).movement_id
    found = booked(four, Kind.CAPTURE, 3, of=slip)
    assert found is not None
    assert (found.kind, found.of_id, legs(found)) == (Kind.CAPTURE, slip, wanted)


def test_a_capture_without_its_hold_is_spent(four: Customer) -> None:
    found = booked(four, Kind.CAPTURE, 3, of=NUMBER + 1)
    assert found is not None
    assert (found.kind, found.of_id, legs(found)) == (Kind.REDEEM, None, (-3, 0, 0, 0))
    assert held_of(four) == (1, 0, 0, 0)


@pytest.mark.parametrize(("held", "wanted"), [(4, (3, 0, -3, 0)), (2, (2, 0, -2, 0))])
def test_a_release_of_what_is_held(four: Customer, held: int, wanted: Legs) -> None:
    slip = ledger.hold(four.pk, held, why("web:1")).movement_id
    found = booked(four, Kind.RELEASE, 3, of=slip)
    assert found is not None
    assert (found.of_id, legs(found)) == (slip, wanted)


def test_a_release_without_its_hold_is_none(four: Customer) -> None:
    owe(four, 5)
    assert booked(four, Kind.RELEASE, 3, of=NUMBER + 1) is None


@pytest.mark.parametrize(
    ("spent", "owed", "wanted"),
    [(4, 0, (3, 0, 0, 0)), (2, 0, (2, 0, 0, 0)), (2, 9, (2, 0, 0, 0))],
)
def test_a_reversal_gives_back_what_was_taken(four: Customer, spent: int, owed: int, wanted: Legs) -> None:
    slip = ledger.redeem(four.pk, spent, why("till:1")).movement_id
    if owed:
        bought = ledger.earn(four.pk, [NewLot(owed)], why("receipt:1")).movement_id
        ledger.redeem(four.pk, held_of(four)[0], why("till:2"))
        ledger.claw_back(four.pk, bought, why("return:1"))
    found = booked(four, Kind.REVERSAL, 3, of=slip)
    assert found is not None
    assert (found.of_id, legs(found)) == (slip, wanted)


@pytest.mark.parametrize(("spent", "wanted"), [(0, (-3, 0, 0, 0)), (2, (-2, 0, 0, 1)), (4, (0, 0, 0, 3))])
def test_a_clawback_takes_from_its_lots_and_the_rest_is_owed(
    four: Customer, spent: int, wanted: Legs
) -> None:
    bought = Movement.objects.get(source="receipt:0").pk
    if spent:
        ledger.redeem(four.pk, spent, why("till:1"))
    found = booked(four, Kind.CLAWBACK, 3, of=bought)
    assert found is not None
    assert (found.of_id, legs(found)) == (bought, wanted)


def test_a_clawback_takes_what_is_pending(irina: Customer) -> None:
    bought = ledger.earn(irina.pk, [NewLot(4, vests_at=NOW + DAY)], why("receipt:1")).movement_id
    found = booked(irina, Kind.CLAWBACK, 3, of=bought)
    assert found is not None
    assert legs(found) == (0, -3, 0, 0)


@pytest.mark.parametrize(("owed", "wanted"), [(5, -3), (2, -2)])
def test_no_more_is_forgiven_than_is_owed(four: Customer, owed: int, wanted: int) -> None:
    owe(four, owed)
    found = booked(four, Kind.FORGIVE, 3)
    assert found is not None
    assert legs(found) == (0, 0, 0, wanted)


def test_who_owes_nothing_is_not_forgiven(four: Customer) -> None:
    assert booked(four, Kind.FORGIVE, 3) is None
    assert held_of(four) == (4, 0, 0, 0)


def test_what_is_issued_again_pays_what_is_owed(four: Customer) -> None:
    owe(four, 5)
    rebooking.book(four.pk, Booked(NUMBER, 1, Kind.ADJUST, 9, why("again:1"), None, [NewLot(9, NOW + DAY)]))
    found = Movement.objects.get(pk=NUMBER)
    assert (found.kind, legs(found)) == (Kind.ADJUST, (9, 0, 0, 0))
    assert list(found.lots.values_list("points", "available", "expires_at")) == [(9, 4, NOW + DAY)]
    assert held_of(four) == (4, 0, 0, 0)
    settled = Movement.objects.filter(kind=Kind.SETTLE).values_list(
        "available", "debt", "occurred_at", "actor"
    )
    assert list(settled) == [(-5, -5, NOW, "till:1")]
    sound()
