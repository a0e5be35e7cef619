"""The ledger at its edges: what an account reads, what each operation answers and refuses, and what it costs."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from crm.lib import prepared
from crm.lib.refusals import Refusal
from customers.models import Customer
from customers.present import Erased
from customers.receiving import database
from loyalty import ledger
from loyalty.ledger import (
    Cause,
    InsufficientPoints,
    InvalidPoints,
    NewLot,
    NothingToContinue,
    Posted,
    SourceConflict,
    accounts,
    bulk,
    continuing,
    moving,
    posting,
    proof,
    rebooking,
    refusals,
    runs,
)
from loyalty.ledger.accounts import NEVER, Account, LotState
from loyalty.ledger.posting import Piece
from loyalty.models import Balance, Kind, Lot, Movement, Trace, Unit

NOW = datetime.fromisoformat("2026-03-10T04:00Z")
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
db = pytest.mark.django_db


def why(source: str, at: datetime = NOW) -> Cause:
    return Cause(source, at, "till:1")


def whole() -> None:
    """What is checked at the end of a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def held_of(who: Customer, unit: int = 1) -> tuple[int, int, int, int]:
    """Available, pending, held, debt."""
    found = Balance.objects.get(customer=who, unit=unit)
    return found.available, found.pending, found.held, found.debt


def lots_of(who: Customer) -> list[tuple[int, int, int, int]]:
    rows = Lot.objects.filter(customer=who).order_by("id")
    return [(lot.points, lot.pending, lot.available, lot.held) for lot in rows]


def state(pk: int, available: int, ends_at: datetime = NEVER) -> LotState:
    return LotState(pk, 0, available, 0, None, ends_at)


# An account


def test_usable_is_what_is_there_and_has_not_ended() -> None:
    lots = [state(1, 1, NOW + SECOND), state(2, 0), state(3, 5, NOW), state(4, 2)]
    account = Account(1, 1, 0, None, lots)
    assert account.usable(NOW) == [lots[0], lots[3]]
    assert [replace(account, debt=owed).spendable(NOW) for owed in (0, 1, 3, 5)] == [3, 2, 0, 0]


def test_what_was_written_is_applied() -> None:
    account = Account(1, 1, 3, None, [state(1, 5), state(2, 6)])
    account.apply([Piece(2, pending=1, available=-2, held=3), Piece(9, available=1)], debt=-1)
    assert account == Account(1, 1, 2, None, [state(1, 5), LotState(2, 1, 4, 3, None, NEVER)])
    account.apply([Piece(1, available=-5)])
    assert account == Account(1, 1, 2, None, [state(1, 0), LotState(2, 1, 4, 3, None, NEVER)])


def test_the_first_lots_are_taken_from_first() -> None:
    lots = [state(1, 0), state(2, 3), state(3, 4), state(4, 5)]
    assert accounts.take(lots, 5) == [Piece(2, available=-3), Piece(3, available=-2)]
    assert accounts.take(lots, 3) == [Piece(2, available=-3)]
    with pytest.raises(AssertionError):
        accounts.take(lots, 13)


@db
def test_an_account_has_the_lots_that_hold_something_in_their_order(irina: Customer, yusuf: Customer) -> None:
    spent = ledger.earn(irina.pk, [NewLot(5, NOW + DAY)], why("receipt:1"))
    ledger.redeem(irina.pk, 5, why("till:1"))
    held = ledger.earn(irina.pk, [NewLot(6, NOW + DAY)], why("receipt:2"))
    ledger.hold(irina.pk, 6, why("web:1"))
    late = ledger.earn(irina.pk, [NewLot(7)], why("receipt:3"))
    soon = ledger.earn(irina.pk, [NewLot(8, NOW + 2 * DAY)], why("receipt:4"))
    pending = ledger.earn(irina.pk, [NewLot(9, NOW + 9 * DAY, vests_at=NOW + DAY)], why("receipt:5"))
    living = ledger.earn(irina.pk, [NewLot(3, is_extended=True)], why("receipt:6"))
    ledger.extend(irina.pk, NOW + 5 * DAY)
    ledger.earn(irina.pk, [NewLot(10)], why("receipt:6"), unit=Unit.STORED)
    ledger.earn(yusuf.pk, [NewLot(11)], why("receipt:7"))
    lot = dict(Lot.objects.values_list("movement", "id"))
    assert accounts.locked(irina.pk, 1) == Account(
        irina.pk, 1, 0, NOW + 5 * DAY,
        [
            LotState(lot[held.movement_id], 0, 0, 6, None, NOW + DAY),
            LotState(lot[soon.movement_id], 0, 8, 0, None, NOW + 2 * DAY),
            LotState(lot[living.movement_id], 0, 3, 0, None, NOW + 5 * DAY),
            LotState(lot[pending.movement_id], 9, 0, 0, NOW + DAY, NOW + 9 * DAY),
            LotState(lot[late.movement_id], 0, 7, 0, None, NEVER),
        ],
    )  # fmt: skip
    assert lot[spent.movement_id] not in {one.id for one in accounts.locked(irina.pk, 1).lots}


@db
def test_what_an_operation_costs(irina: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its statements: an account that is there, owes nothing and is up to date needs none but these."""
    asked: list[str] = []
    rows = prepared.rows

    def noted(sql: str, values: Any = ()) -> list[tuple[Any, ...]]:
        asked.append(sql)
        return rows(sql, values)

    monkeypatch.setattr(prepared, "rows", noted)

    def costs(work: Callable[[], Posted]) -> tuple[int, list[str]]:
        asked.clear()
        return work().movement_id, list(asked)

    opening = [
        accounts._GATE,
        accounts._PRESENT,
        accounts._LOCK,
        accounts._OPEN,
        accounts._LOCK,
        accounts._LOTS,
    ]
    locking = [accounts._GATE, accounts._PRESENT, accounts._LOCK, accounts._LOTS]
    known, move, issue = moving._KNOWN, posting._MOVE, posting._ISSUE
    assert costs(lambda: ledger.earn(irina.pk, [NewLot(9)], why("receipt:1")))[1] == [*opening, known, issue]
    assert costs(lambda: ledger.earn(irina.pk, [NewLot(9)], why("receipt:1")))[1] == [*locking, known]
    spent, cost = costs(lambda: ledger.redeem(irina.pk, 3, why("till:1")))
    assert cost == [*locking, known, move]
    assert costs(lambda: ledger.reverse(irina.pk, spent, why("void:1"), points=1))[1] == [
        *locking, known, continuing._SPENT, move,
    ]  # fmt: skip
    held = ledger.hold(irina.pk, 3, why("web:1")).movement_id
    assert costs(lambda: ledger.capture(irina.pk, held, why("web:1/1"), points=1))[1] == [
        *locking, known, continuing._HELD, move,
    ]  # fmt: skip


@db
def test_the_gate_is_shared(irina: Customer) -> None:
    with connection.cursor() as cursor:
        shared = (
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND mode = 'ShareLock'"
        )
        cursor.execute(shared + " AND pid = pg_backend_pid()", [database.GATE])
        before = cursor.fetchone()
        accounts.enter()
        cursor.execute(shared + " AND pid = pg_backend_pid()", [database.GATE])
        assert (before, cursor.fetchone()) == ((0,), (1,))
        cursor.execute("SELECT current_setting('regulars.spoken') LIKE '%%,loyalty,'")
        assert cursor.fetchone() == (True,)


@db
def test_nobody_is_there(irina: Customer, yusuf: Customer) -> None:
    Customer.objects.filter(pk=irina.pk).update(erased_at=NOW)
    for who in (irina.pk, irina.pk + yusuf.pk + 99):
        with pytest.raises(Erased):
            accounts.present(who)
    assert accounts.present(yusuf.pk) == yusuf.pk
    Customer.objects.filter(pk=irina.pk).update(erased_at=None, merged_into=yusuf)
    assert accounts.present(irina.pk) == yusuf.pk


# What was written down does not change


FROZEN = [
    Piece(1), NewLot(1), why("a"), Posted(1, Kind.EARN, 1), bulk.Earning(1, 1, "a", NOW),
    bulk.Earnings(0, 0, 0, [], 0, 0, 0, 0, 0, 0), proof.Fault("a", "b"), proof.Proved(1, []), runs.Done(1, 1),
    runs.VESTING, rebooking.Booked(1, 1, Kind.EARN, 1, why("a"), None),
]  # fmt: skip


@pytest.mark.parametrize("one", FROZEN, ids=lambda one: type(one).__name__)
def test_what_was_written_down_does_not_change(one: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(one, fields(one)[0].name, 2)


def test_what_is_not_said() -> None:
    assert Piece(1) == Piece(1, pending=0, available=0, held=0)
    assert NewLot(1) == NewLot(1, expires_at=None, is_extended=False, vests_at=None, earned_at=None)
    assert Posted(1, Kind.EARN, 2) == Posted(1, Kind.EARN, 2, is_new=True, customer_id=0, of_id=None)
    assert bulk.Earning(1, 2, "a", NOW).is_extended is False


def test_columns_are_of_one_length() -> None:
    import numpy as np

    one = np.ones(1)
    with pytest.raises(ValueError, match="shorter"):
        _ = bulk.Earnings(np.ones(2), one, one, ["a"], one, one, one, one, one, one).keys


# Refusals


@pytest.mark.parametrize(
    ("refusal", "given", "code", "status", "sentence"),
    [
        (InsufficientPoints, [1], "insufficient_points", 409, "There is 1 to spend."),
        (InsufficientPoints, [29], "insufficient_points", 409, "There are 29 to spend."),
        (
            InvalidPoints, [], "invalid_points", Refusal.status,
            "The number of points must be a whole number from 1 to 1000000000000.",
        ),
        (
            SourceConflict, [], "source_conflict", 409,
            "The same was booked before for something else, or with another number of points.",
        ),
        (NothingToContinue, [], "nothing_left", 409, "That is not there, or less is left of it."),
    ],
)  # fmt: skip
def test_what_a_refusal_says(
    refusal: type[Refusal], given: list[int], code: str, status: int, sentence: str
) -> None:
    told = refusal(*given)
    assert (told.code, told.status, str(told)) == (code, status, sentence)


@db
def test_how_many_points_there_can_be(irina: Customer) -> None:
    assert refusals.MOST == 1_000_000_000_000
    assert ledger.earn(irina.pk, [NewLot(10**12)], why("receipt:1")).points == 10**12
    assert ledger.redeem(irina.pk, 1, why("till:1")).points == 1
    for points in (0, -1, 10**12 + 1):
        with pytest.raises(InvalidPoints):
            ledger.earn(irina.pk, [NewLot(points)], why("receipt:2"))
    for points in (0, 10**12 + 1, -(10**12) - 1):
        with pytest.raises(InvalidPoints):
            ledger.adjust(irina.pk, points, why("adjustment:1"))
    for lots in ([], [NewLot(1), NewLot(1, vests_at=NOW + DAY)]):
        with pytest.raises(InvalidPoints):
            ledger.earn(irina.pk, lots, why("receipt:3"))
    assert ledger.earn(irina.pk, [NewLot(1), NewLot(2)], why("receipt:4")).points == 3
    slip = ledger.hold(irina.pk, 5, why("web:1")).movement_id
    for points in (0, -1):
        with pytest.raises(InvalidPoints):
            ledger.release(irina.pk, slip, why("web:1/1"), points=points)


# What each operation answers, the first time and again


@db
def test_asked_again_it_answers_the_same(irina: Customer) -> None:
    who = irina.pk
    bought = ledger.earn(who, [NewLot(50)], why("receipt:1"))
    slip = ledger.redeem(who, 30, why("till:1"))
    held = ledger.hold(who, 12, why("web:1"))
    pending = NewLot(7, vests_at=NOW + DAY)
    asked: list[tuple[Callable[[], Posted], Kind, int]] = [
        (lambda: ledger.earn(who, [NewLot(50)], why("receipt:1")), Kind.EARN, 50),
        (lambda: ledger.earn(who, [pending, pending], why("receipt:2")), Kind.EARN, 14),
        (lambda: ledger.redeem(who, 30, why("till:1")), Kind.REDEEM, 30),
        (lambda: ledger.hold(who, 12, why("web:1")), Kind.HOLD, 12),
        (lambda: ledger.capture(who, held.movement_id, why("web:1/1"), points=4), Kind.CAPTURE, 4),
        (lambda: ledger.release(who, held.movement_id, why("web:1/2"), points=3), Kind.RELEASE, 3),
        (lambda: ledger.release(who, held.movement_id, why("web:1/3")), Kind.RELEASE, 5),
        (lambda: ledger.reverse(who, slip.movement_id, why("void:1"), points=2), Kind.REVERSAL, 2),
        (lambda: ledger.adjust(who, 6, why("adjustment:1")), Kind.ADJUST, 6),
        (lambda: ledger.adjust(who, -5, why("adjustment:2")), Kind.ADJUST, -5),
        (lambda: ledger.claw_back(who, bought.movement_id, why("return:1"), keep=1), Kind.CLAWBACK, 49),
        (lambda: ledger.forgive(who, 3, why("forgive:1")), Kind.FORGIVE, 3),
    ]
    first = [work() for work, _kind, _points in asked]
    assert [(one.kind, one.points, one.customer_id) for one in first] == [
        (kind, points, who) for _work, kind, points in asked
    ]
    before = Movement.objects.count()
    again = [work() for work, _kind, _points in asked]
    assert again == [replace(one, is_new=False) for one in first]
    assert [one.is_new for one in first] == [False, True, False, False, *[True] * 8]
    assert Movement.objects.count() == before
    with pytest.raises(SourceConflict):
        ledger.release(who, held.movement_id, why("web:1/3"), points=4)
    whole()


@db
@pytest.mark.parametrize("kind", [Kind.CAPTURE, Kind.RELEASE, Kind.REVERSAL, Kind.CLAWBACK])
def test_a_source_goes_on_with_one_movement(irina: Customer, kind: Kind) -> None:
    """Asked for another, it is refused, though of that as much is left."""
    begin: Callable[[int], Posted]
    if kind is Kind.CLAWBACK:
        begin, then = (
            lambda n: ledger.earn(irina.pk, [NewLot(7)], why(f"receipt:{n}")),
            ledger.claw_back,
        )
    else:
        ledger.earn(irina.pk, [NewLot(50)], why("receipt:9"))
        spends = ledger.redeem if kind is Kind.REVERSAL else ledger.hold
        begin, then = (
            lambda n: spends(irina.pk, 7, why(f"till:{n}")),
            {Kind.CAPTURE: ledger.capture, Kind.RELEASE: ledger.release, Kind.REVERSAL: ledger.reverse}[kind],
        )
    one, other = (begin(n).movement_id for n in (1, 2))
    done = then(irina.pk, one, why("then:1"))
    assert (done.kind, done.of_id, done.points) == (kind, one, 7)
    before = held_of(irina)
    with pytest.raises(SourceConflict):
        then(irina.pk, other, why("then:1"))
    assert held_of(irina) == before
    assert then(irina.pk, one, why("then:1")) == replace(done, is_new=False)
    assert then(irina.pk, other, why("then:2")).of_id == other


@db
def test_a_source_is_of_one_kind_account_and_unit(irina: Customer, yusuf: Customer) -> None:
    done = [
        ledger.earn(irina.pk, [NewLot(9)], why("a")), ledger.adjust(irina.pk, 8, why("a")),
        ledger.earn(yusuf.pk, [NewLot(7)], why("a")), ledger.earn(irina.pk, [NewLot(6)], why("a"), unit=Unit.STORED),
        ledger.earn(irina.pk, [NewLot(5)], why("b")),
    ]  # fmt: skip
    assert [one.is_new for one in done] == [True] * 5
    assert held_of(irina) == (22, 0, 0, 0)


@db
def test_what_a_movement_says(irina: Customer) -> None:
    ledger.earn(
        irina.pk, [NewLot(5, NOW + DAY, earned_at=NOW - DAY), NewLot(6)], Cause("receipt:1", NOW, "till:1", 8)
    )
    ledger.earn(irina.pk, [NewLot(7, is_extended=True, vests_at=NOW + DAY)], why("receipt:2"))
    told = Movement.objects.order_by("id").values_list(
        "kind",
        "unit",
        "source",
        "of",
        "store",
        "occurred_at",
        "actor",
        "available",
        "pending",
        "held",
        "debt",
        "contra",
    )
    assert list(told) == [
        (1, 1, "receipt:1", None, 8, NOW, "till:1", 11, 0, 0, 0, -11),
        (1, 1, "receipt:2", None, None, NOW, "till:1", 0, 7, 0, 0, -7),
    ]
    lots = Lot.objects.order_by("id").values_list(
        "points", "earned_at", "vests_at", "expires_at", "is_extended"
    )
    assert list(lots) == [
        (5, NOW - DAY, None, NOW + DAY, False), (6, NOW, None, None, False), (7, NOW, NOW + DAY, None, True),
    ]  # fmt: skip


@db
def test_lots_live_longer_by_account(irina: Customer, yusuf: Customer) -> None:
    for who, unit in ((irina, 1), (irina, 3), (yusuf, 1)):
        ledger.refresh(who.pk, at=NOW, by="till:1", unit=unit)
    ledger.extend(irina.pk, NOW + DAY)
    ends = Balance.objects.order_by("customer", "unit").values_list("customer", "unit", "extended_to")
    assert set(ends) == {(irina.pk, 1, NOW + DAY), (irina.pk, 3, None), (yusuf.pk, 1, None)}


# Debts


@pytest.fixture
def owing(irina: Customer) -> Customer:
    """Irina owes 9."""
    bought = ledger.earn(irina.pk, [NewLot(9)], why("receipt:0"))
    ledger.redeem(irina.pk, 9, why("till:0"))
    ledger.claw_back(irina.pk, bought.movement_id, why("return:0"))
    assert held_of(irina) == (0, 0, 0, 9)
    return irina


@db
def test_no_more_is_forgiven_than_is_owed(owing: Customer) -> None:
    with pytest.raises(NothingToContinue):
        ledger.forgive(owing.pk, 10, why("forgive:1"))
    ledger.forgive(owing.pk, 4, why("forgive:2"))
    assert held_of(owing) == (0, 0, 0, 5)
    ledger.forgive(owing.pk, 5, why("forgive:3"))
    assert held_of(owing) == (0, 0, 0, 0)


@db
def test_a_debt_is_paid_by_what_comes_in_and_no_more(owing: Customer) -> None:
    ledger.earn(owing.pk, [NewLot(5)], why("receipt:1"))
    assert held_of(owing) == (0, 0, 0, 4)
    ledger.earn(owing.pk, [NewLot(7)], why("receipt:2"))
    assert held_of(owing) == (3, 0, 0, 0)
    settled = Movement.objects.filter(kind=Kind.SETTLE).order_by("id")
    assert list(settled.values_list("available", "debt", "contra")) == [(-5, -5, 0), (-4, -4, 0)]
    whole()


@db
def test_a_debt_is_paid_by_what_vests(owing: Customer) -> None:
    ledger.earn(owing.pk, [NewLot(20, vests_at=NOW + DAY)], why("receipt:1"))
    assert held_of(owing) == (0, 20, 0, 9)
    assert ledger.refresh(owing.pk, at=NOW + DAY - SECOND, by="till:1").debt == 9
    account = ledger.refresh(owing.pk, at=NOW + DAY, by="till:1")
    assert (account.debt, account.spendable(NOW + DAY)) == (0, 11)
    assert held_of(owing) == (11, 0, 0, 0)


@db
def test_what_has_ended_pays_nothing(owing: Customer) -> None:
    ledger.earn(owing.pk, [NewLot(20, NOW + DAY, vests_at=NOW + DAY)], why("receipt:1"))
    ledger.refresh(owing.pk, at=NOW + DAY, by="till:1")
    assert held_of(owing) == (0, 0, 0, 9)


# What continues another


@db
def test_what_is_held_does_not_end_and_ends_when_it_is_released(irina: Customer) -> None:
    ledger.earn(irina.pk, [NewLot(5, NOW + DAY), NewLot(4, NOW + 9 * DAY)], why("receipt:1"))
    slip = ledger.hold(irina.pk, 7, why("web:1")).movement_id
    ledger.refresh(irina.pk, at=NOW + DAY, by="till:1")
    assert lots_of(irina) == [(5, 0, 0, 5), (4, 0, 2, 2)]
    ledger.capture(irina.pk, slip, why("web:1/1", NOW + DAY), points=2)  # of what ends first
    assert lots_of(irina) == [(5, 0, 0, 3), (4, 0, 2, 2)]
    ledger.release(irina.pk, slip, why("web:1/2", NOW + DAY), points=3)  # of what ends last first
    assert lots_of(irina) == [(5, 0, 0, 2), (4, 0, 4, 0)]
    ended = Movement.objects.filter(kind=Kind.EXPIRE).values_list("available", "actor", "occurred_at")
    assert list(ended) == [(-1, "till:1", NOW + DAY)]
    whole()


@db
def test_what_comes_back_after_its_end_ends(irina: Customer) -> None:
    ledger.earn(irina.pk, [NewLot(5, NOW + DAY)], why("receipt:1"))
    slip = ledger.redeem(irina.pk, 5, why("till:1")).movement_id
    ledger.reverse(irina.pk, slip, why("void:1", NOW + DAY), points=2)
    assert held_of(irina) == (0, 0, 0, 0)
    ledger.reverse(irina.pk, slip, why("void:2", NOW + DAY - SECOND), points=3)
    assert held_of(irina) == (3, 0, 0, 0)


@db
def test_only_what_is_left_is_continued(irina: Customer, yusuf: Customer) -> None:
    ledger.earn(irina.pk, [NewLot(3, NOW + DAY), NewLot(9)], why("receipt:1"))
    ledger.earn(yusuf.pk, [NewLot(50)], why("receipt:2"))
    ledger.earn(irina.pk, [NewLot(50)], why("receipt:3"), unit=Unit.STORED)
    first = ledger.hold(irina.pk, 5, why("web:1")).movement_id
    second = ledger.hold(irina.pk, 4, why("web:2")).movement_id
    others = ledger.hold(yusuf.pk, 8, why("web:3")).movement_id
    stored = ledger.hold(irina.pk, 8, why("web:4"), unit=Unit.STORED).movement_id
    spent = ledger.redeem(irina.pk, 1, why("till:1")).movement_id
    account = accounts.locked(irina.pk, 1)
    assert [ledger.left_of_hold(account, one) for one in (first, second, others, stored, spent, 0)] == [
        5,
        4,
        0,
        0,
        0,
        0,
    ]
    for of in (others, stored, spent, 0):
        with pytest.raises(NothingToContinue):
            ledger.capture(irina.pk, of, why("web:9"))
    for of in (first, others, 0):
        with pytest.raises(NothingToContinue):
            ledger.reverse(irina.pk, of, why("void:9"))
        if of != first:
            with pytest.raises(NothingToContinue):
                ledger.claw_back(irina.pk, of, why("return:9"))
    with pytest.raises(NothingToContinue):
        ledger.release(irina.pk, first, why("web:9"), points=6)
    assert ledger.release(irina.pk, first, why("web:1/1"), points=1).points == 1
    assert ledger.capture(irina.pk, first, why("web:1/2")).points == 4
    assert ledger.left_of_hold(account, first) == 0
    assert ledger.capture(irina.pk, second, why("web:2/1")).points == 4
    with pytest.raises(NothingToContinue):
        ledger.capture(irina.pk, second, why("web:2/2"))
    assert held_of(irina) == (3, 0, 0, 0)
    whole()


@db
def test_what_was_captured_or_taken_away_comes_back(irina: Customer) -> None:
    ledger.earn(irina.pk, [NewLot(4, NOW + DAY), NewLot(6)], why("receipt:1"))
    slip = ledger.hold(irina.pk, 7, why("web:1")).movement_id
    paid = ledger.capture(irina.pk, slip, why("web:1/1")).movement_id
    assert ledger.reverse(irina.pk, paid, why("web:1/2"), points=2).points == 2
    assert lots_of(irina) == [(4, 0, 0, 0), (6, 0, 5, 0)]
    assert ledger.reverse(irina.pk, paid, why("web:1/3")).points == 5
    less = ledger.adjust(irina.pk, -9, why("adjustment:1")).movement_id
    assert ledger.reverse(irina.pk, less, why("adjustment:1/undo")).points == 9
    assert lots_of(irina) == [(4, 0, 4, 0), (6, 0, 6, 0)]
    with pytest.raises(NothingToContinue):
        ledger.reverse(irina.pk, less, why("adjustment:1/more"))
    whole()


@db
def test_parts_and_what_was_issued_are_read_from_one_account(irina: Customer, yusuf: Customer) -> None:
    """What the undoing of a merge asks for."""
    bought = ledger.earn(irina.pk, [NewLot(4, NOW + DAY), NewLot(6)], why("receipt:1")).movement_id
    other = ledger.earn(irina.pk, [NewLot(50)], why("receipt:2")).movement_id
    slip = ledger.hold(irina.pk, 7, why("web:1")).movement_id
    one, two = Lot.objects.filter(movement=bought).order_by("id").values_list("id", flat=True)
    account = accounts.locked(irina.pk, 1)
    assert continuing.parts(account, slip, 5, Kind.CAPTURE) == ([Piece(one, held=-4), Piece(two, held=-1)], 5)
    assert continuing.parts(account, slip, 9, Kind.RELEASE) == (
        [Piece(two, available=3, held=-3), Piece(one, available=4, held=-4)], 7,
    )  # fmt: skip
    ledger.capture(irina.pk, slip, why("web:1/1"), points=4)
    assert [row[:2] for row in continuing._left(account, slip, Kind.RELEASE)] == [(two, 3)]
    assert continuing.take_own(account, bought, 9) == [Piece(two, available=-3)]
    assert [continuing.issued(account, of) for of in (bought, other)] == [10, 50]
    ledger.claw_back(irina.pk, bought, why("return:1"), keep=8)
    ledger.claw_back(irina.pk, bought, why("return:2"), keep=5)
    assert continuing.issued(accounts.locked(irina.pk, 1), bought) == 5
    assert Trace.objects.filter(lot=two, movement__kind=Kind.CLAWBACK).count() == 2


# Clawbacks


@db
def test_nothing_is_left_to_take(irina: Customer) -> None:
    bought = ledger.earn(irina.pk, [NewLot(9)], why("receipt:1")).movement_id
    count = Movement.objects.count()
    for source, keep in (("return:1", 9), ("return:2", 12)):
        assert ledger.claw_back(irina.pk, bought, why(source), keep=keep) == Posted(
            0, Kind.CLAWBACK, 0, customer_id=irina.pk, of_id=bought
        )
    assert Movement.objects.count() == count
    assert ledger.claw_back(irina.pk, bought, why("return:3")).points == 9
    assert ledger.claw_back(irina.pk, bought, why("return:4")).points == 0
    assert held_of(irina) == (0, 0, 0, 0)


@db
def test_pending_is_taken_before_available_and_the_rest_is_owed(irina: Customer) -> None:
    bought = ledger.earn(
        irina.pk,
        [NewLot(4, vests_at=NOW + DAY), NewLot(6, NOW + 20 * DAY, vests_at=NOW + 9 * DAY)],
        why("receipt:1"),
    ).movement_id
    ledger.refresh(irina.pk, at=NOW + DAY, by="till:1")
    assert lots_of(irina) == [(4, 0, 4, 0), (6, 6, 0, 0)]
    ledger.redeem(irina.pk, 3, why("till:1", NOW + DAY))
    assert ledger.claw_back(irina.pk, bought, why("return:1", NOW + DAY), keep=3).points == 7
    assert lots_of(irina) == [(4, 0, 0, 0), (6, 0, 0, 0)]
    assert held_of(irina) == (0, 0, 0, 0)
    assert ledger.claw_back(irina.pk, bought, why("return:2", NOW + DAY), keep=1).points == 2
    assert ledger.claw_back(irina.pk, bought, why("return:3", NOW + DAY)).points == 1
    assert ledger.claw_back(irina.pk, bought, why("return:4", NOW + DAY)).points == 0
    assert held_of(irina) == (0, 0, 0, 3)
    taken = (
        Movement.objects.filter(kind=Kind.CLAWBACK).order_by("id").values_list("available", "pending", "debt")
    )
    assert list(taken) == [(-1, -6, 0), (0, 0, 2), (0, 0, 1)]
    whole()


@db
def test_a_lot_gives_its_pending_and_then_its_available() -> None:
    lots = [continuing._OwnLot(1, 3, 4), continuing._OwnLot(2, 0, 0), continuing._OwnLot(3, 5, 6)]
    assert continuing._take_own(lots, 5) == [Piece(1, pending=-3, available=-2)]
    assert continuing._take_own(lots, 2) == [Piece(1, pending=-2)]
    assert continuing._take_own(lots, 9) == [Piece(1, pending=-3, available=-4), Piece(3, pending=-2)]
    assert continuing._take_own(lots, 0) == []


@db
def test_what_expired_is_counted_by_lot_and_once(irina: Customer, yusuf: Customer) -> None:
    """Of 20, 3 and 4 expired in two turns, 5 were spent; others' points expired too."""
    for who in (irina, yusuf):
        ledger.earn(who.pk, [NewLot(30, NOW + DAY)], why("receipt:1"))
    bought = ledger.earn(
        irina.pk, [NewLot(12, NOW + 2 * DAY), NewLot(8, NOW + 3 * DAY)], why("receipt:2")
    ).movement_id
    ledger.refresh(irina.pk, at=NOW + DAY, by="till:1")
    ledger.refresh(yusuf.pk, at=NOW + DAY, by="till:1")
    slip = ledger.hold(irina.pk, 9, why("web:1", NOW + DAY)).movement_id
    ledger.refresh(irina.pk, at=NOW + 2 * DAY, by="till:1")  # 3 end
    ledger.release(irina.pk, slip, why("web:1/1", NOW + 2 * DAY), points=4)  # 4 end
    ledger.capture(irina.pk, slip, why("web:1/2", NOW + 2 * DAY))  # 5 are spent
    assert lots_of(irina)[1:] == [(12, 0, 0, 0), (8, 0, 8, 0)]
    own = continuing._issued(accounts.locked(irina.pk, 1), bought)
    assert own[:4] == (20, 0, 0, 7)
    assert ledger.claw_back(irina.pk, bought, why("return:1", NOW + 2 * DAY)).points == 13
    assert held_of(irina) == (0, 0, 0, 5)
    own = continuing._issued(accounts.locked(irina.pk, 1), bought)
    assert own == (20, 8, 5, 7, [])
    whole()
