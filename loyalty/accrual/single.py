"""What one purchase earns, in the transaction in which it came or something of it was brought back."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from crm.lib import prepared
from loyalty import endings, ledger
from loyalty.accrual import activity, arithmetic, reading, reasons, returning, rulesets
from loyalty.accrual.arithmetic import Earned
from loyalty.accrual.reading import Head
from loyalty.accrual.rulesets import Book
from loyalty.ledger import Cause, NewLot
from loyalty.models import Ending, Programme, Unit

BY = "system:accrual"
UNITS = (Unit.POINTS, Unit.GROWTH)


class Stands(NamedTuple):
    """What a purchase has earned so far."""

    points: int
    kept: int
    growth: int
    growth_kept: int
    changes: int
    returned: Decimal
    lines: list[list[int]]


def earn_for(changed: Iterable[tuple[int, int]], *, at: datetime) -> dict[int, int]:
    """Earn purchases, (customer id, purchase id), or correct what returns have left of them. Points by purchase.

    Must run in a transaction. Of one that was earned before nothing changes, unless goods came back meanwhile. What was
    bought before there was a programme earns nothing, now and later.
    """
    book, points = rulesets.book(), {}
    back: list[_Back] = []
    if book.begins_on is None:
        return {}
    for customer_id, purchase_id in changed:
        if reading.lock(customer_id):
            points[purchase_id] = _earn(customer_id, purchase_id, book, at, back)
    for one in sorted(back, key=lambda one: (one.bought.customer_id, one.at, one.bought.id)):
        _correct(one)
    return points


class _Bought(NamedTuple):
    """A purchase, what holds for it, and when it is looked at."""

    customer_id: int
    id: int
    head: Head
    programme: Programme
    at: datetime

    def cause(self, source: str, occurred_at: datetime | None = None) -> Cause:
        """`occurred_at`: where it is not the sale itself. Nothing is booked before that, or on a day to come."""
        sold_at = self.head.occurred_at
        at = min(max(occurred_at or sold_at, sold_at), self.at)
        return Cause(source, at, BY, self.head.store, self.id)

    def lot(self, points: int, unit: int) -> NewLot:
        """Its points: when they become available, when they end. Growth points never end by themselves."""
        programme, on, zone = self.programme, self.head.on, self.head.tz
        vests = endings.vests_at(programme.pending_days, on, zone)
        vests = vests if vests is not None and vests > self.at else None
        if unit == Unit.GROWTH:
            return NewLot(points, vests_at=vests)
        if programme.ending == Ending.ACTIVITY:
            return NewLot(points, is_extended=True, vests_at=vests)
        ends = endings.expires_at(programme.ending, programme.ending_count, on, zone)
        return NewLot(points, ends, vests_at=vests)


class _Back(NamedTuple):
    """A purchase of which other goods are kept than when it was looked at last. `at`: when the last of them came back;
    `left`: the points and growth points of what is kept."""

    bought: _Bought
    stands: Stands
    left: tuple[int, int]
    at: datetime


def _earn(customer_id: int, purchase_id: int, book: Book, at: datetime, back: list[_Back]) -> int:
    """What it earned. `back` grows by what is to be corrected."""
    found = reading.head(customer_id, purchase_id)
    rules = book.on(found.on) if found else None
    if found is None or rules is None:
        return 0
    bought = _Bought(customer_id, purchase_id, found, rules.programme, at)
    sold = reading.lines(customer_id, purchase_id)
    stands = _stands(customer_id, purchase_id)
    if stands is None:
        what = reading.receipt(customer_id, found, sold, rules)
        earned = arithmetic.earn(rules, what, reading.used(customer_id, found, rules, book))
        _write(bought, earned)
        lines = [list(line) for line in earned.lines]
        stands = Stands(earned.points, earned.points, earned.growth, earned.growth, 0, Decimal(0), lines)
    amounts = {one.line.number: (one.line.cents, one.returned) for one in sold}
    left = returning.left(stands.lines, amounts, bought.programme.rounding)
    if left != (stands.kept, stands.growth_kept) or stands.returned != found.returned:
        came_back = returning.moment(customer_id, purchase_id) or found.occurred_at
        back.append(_Back(bought, stands, left, came_back))
    return stands.points


def _correct(back: _Back) -> None:
    """Bring what it has left to what the goods that were kept had earned, as of when the others came back."""
    bought, stands, left = back.bought, back.stands, back.left
    changes = stands.changes + (left != (stands.kept, stands.growth_kept))
    cause = bought.cause(f"return:{bought.id}:{changes}", back.at)
    for unit, was, now in zip(UNITS, (stands.kept, stands.growth_kept), left, strict=True):
        if was != now:
            again = bought.lot(abs(now - was), unit)
            returning.correct(bought.customer_id, cause, again, unit=unit, was=was, now=now)
    was_back = 0 < bought.head.amount <= stands.returned
    activity.correct(bought.customer_id, bought.head, bought.programme, was_back=was_back)
    prepared.rows(_CORRECT, [*left, changes, bought.head.returned, bought.customer_id, bought.id])


def _write(bought: _Bought, earned: Earned) -> None:
    cause = bought.cause(f"receipt:{bought.id}")
    activity.begin(bought.customer_id, bought.head, bought.programme, at=cause.at, by=BY)
    movements = [
        ledger.earn(bought.customer_id, [bought.lot(points, unit)], cause, unit=unit).movement_id if points else None
        for unit, points in zip(UNITS, (earned.points, earned.growth), strict=True)
    ]  # fmt: skip
    prepared.rows(
        _INSERT,
        [
            bought.customer_id, bought.id, bought.programme.pk, bought.head.on, earned.points, earned.points,
            earned.growth, earned.growth, bought.head.is_first, *movements,
            msgspec.json.encode(reasons.kept(earned)).decode(), msgspec.json.encode(earned.lines).decode(),
        ],
    )  # fmt: skip


def _stands(customer_id: int, purchase_id: int) -> Stands | None:
    found = prepared.row(_STANDS, [customer_id, purchase_id])
    if found is None:
        return None
    points, kept, growth, growth_kept, changes, returned, lines = found
    return Stands(points, kept, growth, growth_kept, changes, returned, msgspec.json.decode(lines))


_STANDS = """
SELECT points, kept, growth, growth_kept, changes, returned, lines::text FROM loyalty_accrual
WHERE customer_id = %s AND purchase_id = %s
"""
_INSERT = """
INSERT INTO loyalty_accrual (
    customer_id, purchase_id, programme_id, business_date, points, kept, growth, growth_kept, is_first, movement_id,
    growth_movement_id, reasons, lines
) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb) RETURNING purchase_id
"""
_CORRECT = """
UPDATE loyalty_accrual SET kept = %s, growth_kept = %s, changes = %s, returned = %s
WHERE customer_id = %s AND purchase_id = %s RETURNING purchase_id
"""
