"""Proof of the ledger: every promise that triggers and constraints keep is computed anew from the rows.

It reads a range of customers at a time in one snapshot and sums in the database, so its memory does not grow with the
ledger. A fault names its promise and its row. Apps that rest on the ledger add their own (`register`).
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from loyalty.ledger.promises import PROMISES
from loyalty.models import Balance, Movement
from loyalty.models.ledger import SIGNS

SLICE = 20_000  # customers


@dataclass(frozen=True)
class Fault:
    """A broken promise: its name, and the row ("movement 12", "balance of 3 in points")."""

    promise: str
    row: str


@dataclass(frozen=True)
class Proved:
    """A range of customers: how many movements it has, and what is wrong."""

    movements: int
    faults: list[Fault]


Check = Callable[[Any, int, int], Iterator[Fault]]
_more: list[Check] = []


def register(check: Check) -> None:
    """Add promises of an app above: `check(cursor, low, high)` looks at customers from low to below high."""
    if check not in _more:
        _more.append(check)


def prove() -> Iterator[Proved]:
    """Range by range; the whole ledger holds when no fault comes."""
    is_outermost = not connection.in_atomic_block
    for low, high in _ranges():
        with transaction.atomic(), connection.cursor() as cursor:
            if is_outermost:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            faults = [fault for check in (_sql, _signs, *_more) for fault in check(cursor, low, high)]
            movements = Movement.objects.filter(customer__gte=low, customer__lt=high).count()
        yield Proved(movements, faults)


def _ranges() -> Iterator[tuple[int, int]]:
    """Ranges that hold everything: of those who have a balance, and up to the last customer of all."""
    low = -sys.maxsize
    while (high := _after(low)) is not None:
        yield low, high
        low = high
    yield low, sys.maxsize


def _after(low: int) -> int | None:
    """The first customer after a slice of those who have a balance."""
    owners = Balance.objects.filter(customer__gte=low).order_by("customer").values_list("customer", flat=True)
    return owners.distinct()[SLICE:].first()


def _sql(cursor: Any, low: int, high: int) -> Iterator[Fault]:
    for promise in PROMISES:
        cursor.execute(promise.sql, {"low": low, "high": high})
        for (row,) in cursor.fetchall():
            yield Fault(promise.name, row)


def _signs(_cursor: Any, low: int, high: int) -> Iterator[Fault]:
    broken = Movement.objects.filter(customer__gte=low, customer__lt=high).exclude(SIGNS)
    for pk in broken.values_list("pk", flat=True):
        yield Fault("the legs of a movement have the signs of its kind", f"movement {pk}")
