"""Each promise of the ledger, on rows made for it: it names those that break it, and no other.

The rows are written past all triggers and constraints, for a customer below, one at either end of, and one above the
range that is asked about: only those within are named.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from customers.models import Customer
from loyalty.ledger.promises import PROMISES

pytestmark = pytest.mark.django_db
LOW, HIGH = 20, 30
WITHIN, WITHOUT = (20, 29), (19, 30)
NOON = datetime.fromisoformat("2026-03-10T04:00Z")
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
LEGS = {"available": 0, "pending": 0, "held": 0}
MOVEMENT = {
    "unit": 1, "kind": 3, "actor": "till:1", "occurred_at": NOON, "recorded_at": NOON, "debt": 0, "contra": 0,
    "of_id": None, **LEGS,
}  # fmt: skip
LOT = {
    "unit": 1, "movement_id": 0, "points": 100, "earned_at": NOON, "vests_at": None, "expires_at": None,
    "is_extended": False, **LEGS,
}  # fmt: skip
BALANCE = {"unit": 1, "debt": 0, "version": 0, **LEGS}
Row = tuple[str, dict[str, Any]]
POINTERS = {"id", "movement_id", "lot_id", "of_id"}


def m(number: int, **more: Any) -> Row:
    return "movement", MOVEMENT | {"id": number, "source": f"till:{number}"} | more


def lot(number: int, **more: Any) -> Row:
    return "lot", LOT | {"id": number} | more


def trace(movement: int, of_lot: int, **more: Any) -> Row:
    return "trace", LEGS | {"movement_id": movement, "lot_id": of_lot} | more


def balance(unit: int, **more: Any) -> Row:
    return "balance", BALANCE | {"unit": unit} | more


def entry(
    number: int, expires: datetime | None = None, vests: datetime | None = None, **more: Any
) -> list[Row]:
    """A movement, and a lot that it touches."""
    ends = {"expires_at": expires, "vests_at": vests, "is_extended": more.pop("is_extended", False)}
    return [m(number, **more), lot(number, **ends), trace(number, number, available=-1)]


def pair(number: int, of: dict[str, Any], **later: Any) -> list[Row]:
    """A movement, and one (the next number) that continues it."""
    return [m(number, **of), m(number + 1, of_id=number, **later)]


def flat(rows: Iterable[Any]) -> list[Row]:
    return [one for row in rows for one in (row if isinstance(row, list) else [row])]


SOUND = [
    m(900, kind=1, available=13, contra=-13), lot(900, movement_id=900, points=13, available=13),
    trace(900, 900, available=13), balance(1, available=13, version=1),
]  # fmt: skip
# A promise, the rows, and what of them is named.
CASES: list[tuple[str, list[Row], list[str]]] = [
    (
        "the legs of a movement sum to zero",
        [m(1, debt=10, available=1, pending=2, held=3, contra=4), m(2, debt=1)],
        ["movement 2"],
    ),
    (
        "a movement moves something, and says what caused it and who did it",
        flat(
            [
                [m(n, **{leg: 1}) for n, leg in enumerate(("available", "pending", "held", "debt"), start=1)],
                m(5), m(6, debt=1, source=""), m(7, debt=1, actor=""),
                m(8, debt=1, occurred_at=NOON + DAY), m(9, debt=1, occurred_at=NOON + DAY + SECOND),
            ]
        ),
        ["movement 5", "movement 6", "movement 7", "movement 9"],
    ),
    (
        "a source is booked once",
        [
            m(1, source="a"), m(2, source="a"), m(3, source="a", kind=4), m(4, source="a", unit=2), m(5, source="b"),
        ],
        ["movement 2"],
    ),
    (
        "the traces of a movement are its legs",
        [
            m(1, pending=2, available=3, held=4), trace(1, 1, pending=1, available=1, held=1),
            trace(1, 2, pending=1, available=2, held=3),
            m(2, debt=5), m(3, pending=1), m(4, available=1), m(5, held=1), m(6), trace(6, 1, held=1),
        ],
        ["movement 3", "movement 4", "movement 5", "movement 6"],
    ),
    (
        "a trace belongs to a movement and a lot of the same account, and goes the way of the movement",
        [
            m(1, kind=1, available=2), lot(1, movement_id=1), trace(1, 1, available=1),
            m(2, pending=2, held=2), trace(2, 1, pending=1), m(3, held=3), trace(3, 1, held=1),
            trace(4, 1, held=1), trace(2, 5, held=1), m(6, unit=2, held=1), trace(6, 1, held=1),
            m(7), trace(7, 1), m(8, kind=1, available=1), trace(8, 1, available=1),
            m(9, pending=-1, available=1, held=1), trace(9, 1, pending=1), m(10, available=-1),
            trace(10, 1, available=1), m(11, held=-1), trace(11, 1, held=1), m(12, held=1),
            trace(12, 1, held=1, available=1),
        ],
        [
            "trace of movement 2 and lot 5",
            *(f"trace of movement {one} and lot 1" for one in (4, 6, 7, 8, 9, 10, 11, 12)),
        ],
    ),
    (
        "the counters of a lot are the sums of its traces",
        [
            lot(1, pending=2, available=3, held=4), trace(1, 1, pending=1, available=1, held=1),
            trace(2, 1, pending=1, available=2, held=3),
            lot(2), lot(3, pending=1), lot(4, available=1), lot(5, held=1), lot(6), trace(1, 6, held=1),
        ],
        ["lot 3", "lot 4", "lot 5", "lot 6"],
    ),
    (
        "a lot never holds more than was issued, nor less than nothing",
        [
            lot(1, points=6, pending=1, available=2, held=3), lot(2, points=5, pending=1, available=2, held=3),
            lot(3, points=0), lot(4, pending=-1), lot(5, available=-1), lot(6, held=-1), lot(7),
        ],
        ["lot 2", "lot 3", "lot 4", "lot 5", "lot 6"],
    ),
    (
        "the lots of a movement are what it issued",
        [
            m(1, kind=1, available=2, pending=3), lot(1, movement_id=1, points=2), lot(2, movement_id=1, points=3),
            m(2, kind=11, available=5), lot(3, movement_id=2, points=5), m(3, kind=11, available=-5),
            m(4, kind=12, available=5), lot(4, movement_id=4, points=5), m(5, available=-3),
            m(6, kind=11, debt=5), m(7, kind=1, available=1), lot(5, movement_id=8, points=1),
            m(9, kind=1, available=1), lot(6, movement_id=9, points=2),
            m(10, kind=1, available=4, unit=2), lot(7, movement_id=10, points=2),
            lot(8, movement_id=10, points=2, unit=2),
            m(11, kind=1, available=4), lot(9, movement_id=11, points=2), lot(10, movement_id=11, points=2, unit=2),
        ],
        [
            "movement 7 and its lots ", "movement 8 and its lots 5", "movement 9 and its lots 6",
            "movement 10 and its lots 7 8", "movement 11 and its lots 9 10",
        ],
    ),
    (
        "a balance is the sum of its movements",
        [
            balance(1, available=5, pending=7, held=9, debt=11, version=2),
            m(1, available=2, pending=3, held=4, debt=5), m(2, available=3, pending=4, held=5, debt=6),
            m(3, unit=2, debt=1), balance(3, available=1), balance(4, pending=1), balance(5, held=1),
            balance(6, debt=1), balance(7, version=1), balance(8),
        ],
        [f"balance of {{customer}} in unit {unit}" for unit in (2, 3, 4, 5, 6, 7)],
    ),
    (
        "a balance is the sum of its lots, and not below zero",
        [
            balance(1, available=5, pending=7, held=9), lot(1, available=2, pending=3, held=4),
            lot(2, available=3, pending=4, held=5),
            balance(2, available=1), balance(3, pending=1), balance(4, held=1),
            balance(5, available=-1), lot(5, unit=5, available=-1), balance(6, pending=-1),
            lot(6, unit=6, pending=-1), balance(7, held=-1), lot(7, unit=7, held=-1), balance(8, debt=-1), balance(9),
        ],
        [f"balance of {{customer}} in unit {unit}" for unit in (2, 3, 4, 5, 6, 7, 8)],
    ),
    (
        "what continues a movement continues one that it could",
        flat(
            [
                pair(1, {"kind": 4}, kind=5), pair(3, {"kind": 4}, kind=6), pair(5, {"kind": 3}, kind=5),
                m(7, kind=6), pair(8, {"kind": 3}, kind=10), pair(10, {"kind": 11}, kind=10),
                m(12, of_id=2, kind=10), pair(13, {"kind": 4}, kind=10), m(15, kind=10),
                pair(16, {"kind": 1}, kind=8), pair(18, {"kind": 11}, kind=8), pair(20, {"kind": 12}, kind=8),
                pair(22, {"kind": 3}, kind=8), m(24, kind=8), pair(25, {"kind": 4}, kind=3),
                pair(27, {"kind": 4}, kind=5, unit=2), m(29),
            ]
        ),
        [f"movement {n}" for n in (6, 7, 14, 15, 23, 24, 26, 28)],
    ),
    (
        "no more is captured and released than was held, and no more given back or taken back than there was",
        flat(
            [
                pair(10, {"kind": 4, "held": 10}, kind=5, held=-4), m(12, of_id=10, kind=6, held=-6),
                pair(20, {"kind": 4, "held": 10}, kind=5, held=-6), m(22, of_id=20, kind=6, held=-5),
                pair(30, {"available": -10}, kind=10, available=4), m(32, of_id=30, kind=10, available=6),
                pair(40, {"available": -10}, kind=10, available=6), m(42, of_id=40, kind=10, available=5),
                pair(50, {"kind": 11, "available": -10}, kind=10, available=11),
                pair(60, {"kind": 11, "available": 10}, kind=10, available=5),
                pair(70, {"debt": 10}, kind=10, available=5),
                pair(80, {"kind": 5, "held": -10}, kind=10, available=10),
                pair(90, {"kind": 5, "held": -10}, kind=10, available=11),
                pair(100, {"kind": 1, "contra": -10}, kind=8, contra=4), m(102, of_id=100, kind=8, contra=6),
                pair(110, {"kind": 1, "contra": -10}, kind=8, contra=6), m(112, of_id=110, kind=8, contra=5),
                pair(120, {"kind": 2}, kind=8, contra=5),
            ]
        ),
        [f"movement {n}" for n in (20, 40, 50, 90, 110)],
    ),
    (
        "nothing is spent after its end, and nothing vests or ends before its time",
        flat(
            [
                entry(1, NOON + SECOND), entry(2), entry(3, NOON), entry(4, NOON, kind=4), entry(5, NOON, kind=7),
                entry(6, kind=7), entry(7, NOON + SECOND, kind=7), entry(8, kind=7, is_extended=True),
                entry(9, vests=NOON, kind=2), entry(10, kind=2), entry(11, vests=NOON + SECOND, kind=2),
                entry(12, NOON, kind=1), entry(13, NOON + SECOND, kind=4), entry(14, kind=8),
            ]
        ),
        [f"movement {n}" for n in (3, 4, 6, 7, 10, 11)],
    ),
]  # fmt: skip


@pytest.fixture
def unguarded() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = 'replica'")
        cursor.execute(
            "SELECT conname, conrelid::regclass::text FROM pg_constraint WHERE contype IN ('c', 'u')"
            " AND conparentid = 0 AND conrelid::regclass::text ~ '^loyalty_(movement|lot|trace|balance)$'"
        )
        for name, table in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute("DROP INDEX IF EXISTS movement_once_per_source")


def written(customer: int, rows: Iterable[Row]) -> None:
    """The rows as this customer's: their numbers begin with the customer's."""
    with connection.cursor() as cursor:
        for table, row in rows:
            mine = {
                name: value and value + customer * 1000 if name in POINTERS else value
                for name, value in row.items()
            }
            names = ", ".join(["customer_id", *mine])
            places = ", ".join(["%s"] * (len(mine) + 1))
            cursor.execute(
                f"INSERT INTO loyalty_{table} ({names}) VALUES ({places})", [customer, *mine.values()]
            )


def named(name: str, low: int, high: int) -> list[str]:
    (promise,) = [one for one in PROMISES if one.name == name]
    with connection.cursor() as cursor:
        cursor.execute(promise.sql, {"low": low, "high": high})
        return sorted(row[0] for row in cursor.fetchall())


def of(customer: int, told: str) -> str:
    """What is named, with this customer's numbers."""
    words = [str(int(word) + customer * 1000) if word.isdigit() else word for word in told.split(" ")]
    return " ".join(words) if "{" not in told else told.format(customer=customer)


@pytest.mark.parametrize(("name", "rows", "broken"), CASES, ids=[case[0] for case in CASES])
def test_a_promise_names_what_breaks_it(
    unguarded: None, name: str, rows: list[Row], broken: list[str]
) -> None:
    for customer in (*WITHIN, *WITHOUT):
        written(customer, rows)
    written(25, SOUND)
    assert named(name, LOW, HIGH) == sorted(of(customer, told) for customer in WITHIN for told in broken)


def test_nobody_who_was_merged_has_points(
    unguarded: None, irina: Customer, yusuf: Customer, lin: Customer
) -> None:
    """Yusuf and Lin are merged into Irina; Lin's account is empty."""
    name = "nobody who was merged into another has points"
    Customer.objects.filter(pk__in=(yusuf.pk, lin.pk)).update(merged_into=irina)
    for who, version in ((irina, 1), (yusuf, 1), (lin, 0)):
        written(who.pk, [balance(1, version=version)])
    told = [f"balance of {yusuf.pk} in unit 1"]
    assert named(name, 0, max(irina.pk, yusuf.pk, lin.pk) + 1) == told
    assert named(name, yusuf.pk, yusuf.pk + 1) == told
    assert named(name, 0, yusuf.pk) == []
    assert named(name, yusuf.pk + 1, yusuf.pk + 9) == []


def test_every_promise_has_its_rows() -> None:
    assert [one.name for one in PROMISES] == [
        *(case[0] for case in CASES), "nobody who was merged into another has points",
    ]  # fmt: skip
