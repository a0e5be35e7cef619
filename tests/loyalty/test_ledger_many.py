"""The ledger over many accounts: issuing in bulk, runs by the clock, and the ranges of the proof."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from django.db import connection, transaction

from customers.models import Customer
from customers.receiving import database
from loyalty import ledger
from loyalty.ledger import Cause, NewLot, bulk, proof, runs
from loyalty.ledger.bulk import Earning, Earnings
from loyalty.models import Balance, Kind, Lot, Movement, Trace, Unit

pytestmark = pytest.mark.django_db
NOW = datetime.fromisoformat("2026-03-10T04:00Z")
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def why(source: str, at: datetime = NOW) -> Cause:
    return Cause(source, at, "till:1")


class Spy:
    """A cursor that remembers what it was asked."""

    def __init__(self) -> None:
        self.cursor = database.cursor()
        self.asked: list[str] = []

    def execute(self, sql: str, values: Any) -> None:
        self.asked.append(sql)
        self.cursor.execute(sql, values)

    def fetchall(self) -> Any:
        return self.cursor.fetchall()


def issue(*earnings: Earning, unit: int = 1, cur: Any = None) -> dict[tuple[int, str], int]:
    with transaction.atomic():
        cur = cur or database.cursor()
        made = bulk.earn_many(cur, earnings, by="system:night", unit=unit)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    return made


def owe(who: Customer, points: int, unit: int = 1) -> None:
    bought = ledger.earn(who.pk, [NewLot(points)], why("receipt:0"), unit=unit)
    ledger.redeem(who.pk, points, why("till:0"), unit=unit)
    ledger.claw_back(who.pk, bought.movement_id, why("return:0"), unit=unit)
    assert Balance.objects.get(customer=who, unit=unit).debt == points


def balances() -> dict[tuple[int, int], tuple[int, int, int, int]]:
    """Available, pending, held and debt by customer and unit."""
    found = Balance.objects.values_list("customer", "unit", "available", "pending", "held", "debt")
    return {(row[0], row[1]): row[2:] for row in found}


# In bulk


def test_what_bulk_writes(irina: Customer, yusuf: Customer) -> None:
    full = Earning(
        yusuf.pk, 7, "receipt:2", NOW + DAY, store_id=3, vests_at=NOW + 2 * DAY, expires_at=NOW + 9 * DAY
    )
    issue(Earning(irina.pk, 5, "receipt:1", NOW, is_extended=True), full)
    moved = Movement.objects.order_by("source").values_list(
        "customer", "unit", "kind", "source", "of", "store", "occurred_at", "actor", "available", "pending", "held",
        "debt", "contra",
    )  # fmt: skip
    assert list(moved) == [
        (irina.pk, 1, 1, "receipt:1", None, None, NOW, "system:night", 5, 0, 0, 0, -5),
        (yusuf.pk, 1, 1, "receipt:2", None, 3, NOW + DAY, "system:night", 0, 7, 0, 0, -7),
    ]
    lots = Lot.objects.order_by("points").values_list(
        "customer", "unit", "movement__source", "points", "earned_at", "vests_at", "expires_at", "is_extended",
        "pending", "available", "held",
    )  # fmt: skip
    assert list(lots) == [
        (irina.pk, 1, "receipt:1", 5, NOW, None, None, True, 0, 5, 0),
        (yusuf.pk, 1, "receipt:2", 7, NOW + DAY, NOW + 2 * DAY, NOW + 9 * DAY, False, 7, 0, 0),
    ]
    assert balances() == {(irina.pk, 1): (5, 0, 0, 0), (yusuf.pk, 1): (0, 7, 0, 0)}


def test_bulk_belongs_into_a_transaction(irina: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = SimpleNamespace(get_connection=lambda: SimpleNamespace(in_atomic_block=False))
    monkeypatch.setattr(bulk, "transaction", alone)
    with pytest.raises(RuntimeError, match="belongs into a transaction"):
        bulk.earn_many(database.cursor(), [Earning(irina.pk, 5, "receipt:1", NOW)], by="system:night")


def test_slices_come_to_the_same(irina: Customer, yusuf: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "SLICE", 2)
    earnings = [Earning((irina, yusuf)[n % 2].pk, n + 1, f"receipt:{n}", NOW - n * DAY) for n in range(7)]
    made = issue(*earnings)
    booked = Movement.objects.values_list("customer", "source", "available", "id")
    assert set(booked) == {
        (one.customer_id, one.source, one.points, made[one.customer_id, one.source]) for one in earnings
    }
    assert balances() == {(irina.pk, 1): (16, 0, 0, 0), (yusuf.pk, 1): (12, 0, 0, 0)}
    assert issue(*earnings) == made
    assert issue() == {}


def test_what_was_booked_is_asked_for_only_when_something_was(irina: Customer) -> None:
    one, two = (Earning(irina.pk, 5, f"receipt:{n}", NOW) for n in (1, 2))
    fresh = [bulk.OPEN.sql, bulk.LOCK.sql, bulk.MOVE.sql, bulk.LOTS.sql, bulk.TRACES.sql]
    spy = Spy()
    issue(one, cur=spy)
    assert spy.asked == fresh
    spy = Spy()
    issue(one, two, cur=spy)
    assert spy.asked == [*fresh, bulk.BOOKED.sql]
    spy = Spy()
    issue(one, two, cur=spy)
    assert spy.asked == [*fresh[:3], bulk.BOOKED.sql]


def test_the_first_of_one_source_is_issued(irina: Customer) -> None:
    made = issue(Earning(irina.pk, 5, "receipt:1", NOW), Earning(irina.pk, 6, "receipt:1", NOW + DAY))
    assert list(Movement.objects.values_list("id", "available")) == [(made[irina.pk, "receipt:1"], 5)]
    assert list(Lot.objects.values_list("points", "available")) == [(5, 5)]


def test_booked_is_what_was_earned_from_this_source(irina: Customer, yusuf: Customer) -> None:
    ledger.adjust(irina.pk, 1, why("a"))
    first = ledger.earn(irina.pk, [NewLot(2)], why("a")).movement_id
    second = ledger.earn(irina.pk, [NewLot(3)], why("b")).movement_id
    ledger.adjust(irina.pk, 4, why("b"))
    ledger.earn(yusuf.pk, [NewLot(5)], why("a"))
    ledger.earn(irina.pk, [NewLot(6)], why("a"), unit=Unit.STORED)
    made = issue(*(Earning(irina.pk, 9, source, NOW) for source in "ab"))
    assert made == {(irina.pk, "a"): first, (irina.pk, "b"): second}


def test_nothing_is_issued_to_the_erased(irina: Customer, yusuf: Customer) -> None:
    Customer.objects.filter(pk=irina.pk).update(erased_at=NOW)
    made = issue(Earning(irina.pk, 5, "receipt:1", NOW), Earning(yusuf.pk, 6, "receipt:2", NOW))
    assert list(made) == [(yusuf.pk, "receipt:2")]
    assert balances() == {(yusuf.pk, 1): (6, 0, 0, 0)}
    assert Lot.objects.count() == Trace.objects.count() == 1


def test_a_debt_is_paid_when_the_last_of_it_was_earned(irina: Customer, yusuf: Customer) -> None:
    owe(irina, 9)
    owe(yusuf, 4)
    owe(irina, 3, Unit.STORED)
    issue(
        Earning(irina.pk, 5, "receipt:1", NOW + DAY), Earning(irina.pk, 6, "receipt:2", NOW + 2 * DAY),
        Earning(yusuf.pk, 7, "receipt:3", NOW + 3 * DAY),
    )  # fmt: skip
    paid = Movement.objects.filter(kind=Kind.SETTLE).values_list(
        "customer", "unit", "occurred_at", "debt", "actor"
    )
    assert set(paid) == {
        (irina.pk, 1, NOW + 2 * DAY, -9, "system:night"), (yusuf.pk, 1, NOW + 3 * DAY, -4, "system:night"),
    }  # fmt: skip
    assert balances() == {
        (irina.pk, 1): (2, 0, 0, 0),
        (yusuf.pk, 1): (3, 0, 0, 0),
        (irina.pk, 3): (0, 0, 0, 3),
    }


def test_what_others_owe_is_left_alone(irina: Customer, yusuf: Customer) -> None:
    owe(irina, 9)
    owe(yusuf, 3, Unit.STORED)
    issue(Earning(yusuf.pk, 7, "receipt:3", NOW))
    assert balances() == {
        (irina.pk, 1): (0, 0, 0, 9),
        (yusuf.pk, 1): (7, 0, 0, 0),
        (yusuf.pk, 3): (0, 0, 0, 3),
    }


def test_columns_of_two_units(irina: Customer) -> None:
    """The points are earned later than the growth: each debt is paid when its own unit was earned."""
    owe(irina, 2)
    owe(irina, 2, Unit.GROWTH)
    day, first = 86_400_000_000, 20_000  # 2024-10-04
    none = np.ma.masked_all(2, dtype=np.int64)
    columns = Earnings(
        customer=np.full(2, irina.pk), unit=np.array([1, 2]), points=np.array([5, 6]), source=["a", "a"],
        at=np.array([first + 3, first + 2]) * day, store=none, purchase=none, vests=none, ends=none,
        extended=np.zeros(2, dtype=bool),
    )  # fmt: skip
    made = bulk.earn_columns(database.cursor(), columns, by="system:night").tolist()
    assert made == list(Movement.objects.filter(source="a").order_by("unit").values_list("id", flat=True))
    assert balances() == {(irina.pk, 1): (3, 0, 0, 0), (irina.pk, 2): (4, 0, 0, 0)}
    paid = Movement.objects.filter(kind=Kind.SETTLE).order_by("unit").values_list("occurred_at", flat=True)
    assert [at.date().isoformat() for at in paid] == ["2024-10-07", "2024-10-06"]


def test_an_answer_for_each(irina: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "earn_columns", lambda cur, earnings, by: np.ones(1))
    with pytest.raises(ValueError, match="shorter"):
        bulk.earn_many(None, [Earning(irina.pk, 5, source, NOW) for source in "ab"], by="system:night")


# By the clock


@pytest.fixture
def four(irina: Customer, yusuf: Customer, lin: Customer) -> list[Customer]:
    """Irina, Yusuf, Lin and somebody with the lowest number there is, in the order of their numbers."""
    first = Customer.objects.create(pk=1, name="First")
    return sorted([first, irina, yusuf, lin], key=lambda one: one.pk)


def entries(kind: Kind) -> set[tuple[Any, ...]]:
    """What runs wrote: customer, unit, moment, author, legs, and by lot."""
    found = set()
    for one in Movement.objects.filter(kind=kind).order_by("id"):
        traces = one.traces.order_by("lot").values_list("lot__points", "pending", "available", "held")
        legs = (one.pending, one.available, one.held, one.debt, one.contra)
        found.add((one.customer_id, one.unit, one.occurred_at, one.actor, legs, tuple(traces)))
    return found


@pytest.mark.parametrize("size", [1, 2, 2000])
def test_what_has_vested_becomes_available(
    four: list[Customer], monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(runs, "SLICE", size)
    one, two, three, four_ = (who.pk for who in four)
    for who in (one, two, three):
        ledger.earn(
            who, [NewLot(5, vests_at=NOW), NewLot(6, vests_at=NOW + SECOND)], why("receipt:1", NOW - DAY)
        )
        ledger.earn(who, [NewLot(7, vests_at=NOW - SECOND)], why("receipt:2", NOW - DAY))
        ledger.earn(who, [NewLot(8)], why("receipt:3", NOW - DAY))
    ledger.earn(two, [NewLot(9, vests_at=NOW)], why("receipt:4", NOW - DAY), unit=Unit.BONUS)
    ledger.earn(
        four_, [NewLot(4, vests_at=NOW + SECOND), NewLot(3, vests_at=NOW + DAY)], why("receipt:1", NOW - DAY)
    )
    ledger.earn(one, [NewLot(2, vests_at=NOW - 2 * DAY)], why("receipt:5", NOW - 3 * DAY))
    ledger.refresh(one, at=NOW - 2 * DAY, by="till:1")  # has vested before
    assert [runs._due(runs.DUE_TO_VEST, 1, NOW, after) for after in (0, two)] == [
        [one, two, three][:size],
        [three],
    ]
    done = list(runs.vest_due(at=NOW))
    assert done == {
        1: [runs.Done(1, 12)] * 3 + [runs.Done(1, 9)], 2: [runs.Done(2, 24), runs.Done(1, 12), runs.Done(1, 9)],
        2000: [runs.Done(3, 36), runs.Done(1, 9)],
    }[size]  # fmt: skip
    traces = ((5, -5, 5, 0), (7, -7, 7, 0))
    assert entries(Kind.VEST) == {
        *((who, 1, NOW, "system:vesting", (-12, 12, 0, 0, 0), traces) for who in (one, two, three)),
        (two, 4, NOW, "system:vesting", (-9, 9, 0, 0, 0), ((9, -9, 9, 0),)),
        (one, 1, NOW - 2 * DAY, "till:1", (-2, 2, 0, 0, 0), ((2, -2, 2, 0),)),
    }
    assert list(runs.vest_due(at=NOW)) == []
    assert balances()[one, 1] == (22, 6, 0, 0)
    assert balances()[four_, 1] == (0, 7, 0, 0)


@pytest.mark.parametrize("size", [1, 2, 2000])
def test_what_has_ended_expires(four: list[Customer], monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(runs, "SLICE", size)
    one, two, three, four_ = (who.pk for who in four)
    early = NOW - DAY
    for who in (one, two):
        ledger.earn(
            who, [NewLot(5, NOW), NewLot(6, NOW + SECOND), NewLot(7, NOW - SECOND)], why("receipt:1", early)
        )
        ledger.earn(who, [NewLot(8)], why("receipt:2", early))
        ledger.earn(who, [NewLot(9, NOW, vests_at=NOW)], why("receipt:3", early))
    ledger.earn(
        three, [NewLot(3, is_extended=True), NewLot(4), NewLot(2, NOW + DAY)], why("receipt:1", early)
    )
    ledger.extend(three, NOW)
    ledger.earn(three, [NewLot(30, is_extended=True)], why("receipt:1", early), unit=Unit.STORED)
    ledger.extend(three, NOW + SECOND, unit=Unit.STORED)
    ledger.earn(two, [NewLot(11, NOW)], why("receipt:4", early), unit=Unit.BONUS)
    ledger.earn(four_, [NewLot(1, NOW - SECOND)], why("receipt:1", early - DAY))
    ledger.hold(four_, 1, why("web:1", early - DAY))
    ledger.earn(four_, [NewLot(2, is_extended=True)], why("receipt:2", early))
    ledger.extend(four_, NOW + SECOND)
    ledger.earn(one, [NewLot(10, NOW - 2 * DAY)], why("receipt:5", NOW - 3 * DAY))
    ledger.refresh(one, at=NOW - 2 * DAY, by="till:1")  # has ended before
    assert [runs._due(runs.DUE_TO_EXPIRE, 1, NOW, after) for after in (0, two)] == [
        [one, two, three][:size],
        [three],
    ]
    assert runs._due(runs.DUE_TO_EXPIRE, 1, NOW, three) == []
    done = list(runs.expire_due(at=NOW))
    assert (
        done
        == {
            1: [runs.Done(1, 12), runs.Done(1, 12), runs.Done(1, 3), runs.Done(1, 11)],
            2: [runs.Done(2, 24), runs.Done(1, 3), runs.Done(1, 11)],
            2000: [runs.Done(3, 27), runs.Done(1, 11)],
        }[size]
    )
    assert entries(Kind.EXPIRE) == {
        *(
            (who, 1, NOW, "system:expiry", (0, -12, 0, 0, 12), ((5, 0, -5, 0), (7, 0, -7, 0)))
            for who in (one, two)
        ),
        (three, 1, NOW, "system:expiry", (0, -3, 0, 0, 3), ((3, 0, -3, 0),)),
        (two, 4, NOW, "system:expiry", (0, -11, 0, 0, 11), ((11, 0, -11, 0),)),
        (one, 1, NOW - 2 * DAY, "till:1", (0, -10, 0, 0, 10), ((10, 0, -10, 0),)),
    }
    assert list(runs.expire_due(at=NOW)) == []
    assert balances()[one, 1] == (14, 9, 0, 0)
    assert (balances()[four_, 1], balances()[three, 1]) == ((2, 0, 1, 0), (6, 0, 0, 0))


def test_what_vests_in_a_run_pays_what_is_owed(irina: Customer, yusuf: Customer) -> None:
    for who in (irina, yusuf):
        owe(who, 9)
    owe(irina, 3, Unit.STORED)
    ledger.earn(irina.pk, [NewLot(20, vests_at=NOW + DAY)], why("receipt:1"))
    assert list(runs.vest_due(at=NOW + DAY, by="system:test")) == [runs.Done(1, 20)]
    assert balances() == {
        (irina.pk, 1): (11, 0, 0, 0), (yusuf.pk, 1): (0, 0, 0, 9), (irina.pk, 3): (0, 0, 0, 3),
    }  # fmt: skip
    paid = Movement.objects.get(kind=Kind.SETTLE)
    assert (paid.occurred_at, paid.actor, paid.debt) == (NOW + DAY, "system:test", -9)


def test_a_run_keeps_merges_out(irina: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.earn(irina.pk, [NewLot(20, vests_at=NOW + DAY)], why("receipt:1"))
    entered: list[bool] = []
    monkeypatch.setattr(runs.accounts, "enter", lambda: entered.append(True))
    assert list(runs.vest_due(at=NOW + DAY)) == [runs.Done(1, 20)]
    assert entered == [True]


# The ranges of the proof


def broken(customer: int) -> None:
    """An account without movements that has a point."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = 'replica'")
        cursor.execute(
            "INSERT INTO loyalty_balance (customer_id, unit, available, pending, held, debt, version)"
            " VALUES (%s, 1, 1, 0, 0, 0, 0)",
            [customer],
        )
        cursor.execute("SET LOCAL session_replication_role = 'origin'")


def found() -> list[tuple[int, set[str]]]:
    return [(proved.movements, {fault.row for fault in proved.faults}) for proved in proof.prove()]


@pytest.mark.parametrize("size", [1, 2, 3, 20_000])
def test_every_range_is_looked_at(
    irina: Customer, yusuf: Customer, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(proof, "SLICE", size)
    for who, sources in ((irina, "ab"), (yusuf, "abc")):
        for source in sources:
            ledger.earn(who.pk, [NewLot(1)], why(source))
    ledger.earn(irina.pk, [NewLot(1)], why("a"), unit=Unit.STORED)
    for customer in (0, -5):
        broken(customer)
    low, high = sorted([(irina.pk, 3), (yusuf.pk, 3)])
    zero, less = ({f"balance of {customer} in unit 1"} for customer in (0, -5))
    assert found() == {
        1: [(0, less), (0, zero), (low[1], set()), (high[1], set())],
        2: [(0, less | zero), (6, set())], 3: [(3, less | zero), (3, set())], 20_000: [(6, less | zero)],
    }[size]  # fmt: skip


def test_the_last_customer_of_all(irina: Customer) -> None:
    """Whoever's number is the highest is looked at."""
    ledger.earn(irina.pk, [NewLot(1)], why("a"))
    broken(2**63 - 2)
    assert found() == [(1, {f"balance of {2**63 - 2} in unit 1"})]


def test_an_app_adds_its_promises_once(irina: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(_cursor: Any, low: int, high: int) -> Iterator[proof.Fault]:
        yield proof.Fault("mine", f"customer {low < irina.pk < high}")

    monkeypatch.setattr(proof, "_more", [])
    for _ in range(2):
        proof.register(check)
    assert [proved.faults for proved in proof.prove()] == [[proof.Fault("mine", "customer True")]]


def test_the_signs_of_a_kind_are_told(irina: Customer) -> None:
    slip = ledger.earn(irina.pk, [NewLot(1)], why("a")).movement_id
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = 'replica'")
        cursor.execute("ALTER TABLE loyalty_movement DROP CONSTRAINT movement_signs")
        cursor.execute("UPDATE loyalty_movement SET kind = 7")
        told = list(proof._signs(cursor, irina.pk, irina.pk + 1))
        assert told == [proof.Fault("the legs of a movement have the signs of its kind", f"movement {slip}")]
        assert list(proof._signs(cursor, irina.pk + 1, irina.pk + 2)) == []
        assert list(proof._signs(cursor, irina.pk - 1, irina.pk)) == []


@pytest.mark.parametrize("is_outermost", [True, False])
def test_a_range_is_read_in_one_snapshot(monkeypatch: pytest.MonkeyPatch, is_outermost: bool) -> None:
    asked: list[str] = []

    class Cursor:
        def execute(self, sql: str, _values: Any = None) -> None:
            asked.append(sql)

        def fetchall(self) -> list[Any]:
            return []

    alone = SimpleNamespace(in_atomic_block=not is_outermost, cursor=lambda: nullcontext(Cursor()))
    monkeypatch.setattr(proof, "connection", alone)
    assert found() == [(0, set())]
    first = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
    wanted = [*([first] if is_outermost else []), *(promise.sql for promise in proof.PROMISES)]
    assert asked[: len(wanted)] == wanted
