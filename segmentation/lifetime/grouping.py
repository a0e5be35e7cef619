"""What the models look at, from the histories: of each customer (x, t_x, T) and what they spent, and sums by day.

A purchase is a day with a receipt that counts; two receipts of a day are one visit to the shop. Days are days since
1970-01-01, or counted from the chain's first purchase where it says so.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from crm.lib.spells import EPOCH
from customers.histories import RANGE, Histories, Part
from segmentation.lifetime.bgnbd import Grouped

LEAST_REPEATERS = 100  # customers who came again; with fewer the parameters of a model are guesses
LEAST_HOLDOUT = 28  # days; with fewer to look back on nothing is held out
LONGEST_HOLDOUT = 182


@dataclass(frozen=True)
class Lives:
    """Of each customer: first day, repeat purchases, last and youngest day since the first, cents spent in all."""

    customer: Any  # int64, rising
    first: Any
    x: Any
    tx: Any
    T: Any
    cents: Any


def lives(part: Part, until: int) -> Lives:
    """As of the end of the day `until`; who bought later alone is left out."""
    first, days = part.first, part.receipt_day
    kept = days <= until
    counted = np.add.reduceat(kept, first[:-1]) if len(part) else np.empty(0, np.int64)
    bought = counted > 0
    begin, counted = first[:-1][bought], counted[bought]
    first_day, last_day = days[begin].astype(np.int64), days[begin + counted - 1].astype(np.int64)
    visits = np.add.reduceat(kept & _is_new_day(part), first[:-1])[bought] if len(part) else counted
    cents = (
        np.add.reduceat(np.where(kept, part.receipt_cents, 0), first[:-1])[bought] if len(part) else counted
    )
    return Lives(
        part.customer[bought],
        first_day,
        visits.astype(np.int64) - 1,
        last_day - first_day,
        until - first_day,
        cents,
    )


def _is_new_day(part: Part) -> Any:
    """Is a receipt its customer's first of its day? Receipts stand in the order of days."""
    is_new = np.ones(len(part.receipt_day), dtype=bool)
    is_new[1:] = part.receipt_day[1:] != part.receipt_day[:-1]
    is_new[part.first[:-1]] = True
    return is_new


def of_range(histories: Histories, low: int, high: int, until: int) -> Iterator[Lives]:
    """The customers with ids in [low, high), in pieces."""
    for number in range(low // RANGE, min(-(-high // RANGE), len(histories))):
        found = lives(histories.part(number), until)
        inside = slice(*np.searchsorted(found.customer, (low, high)))
        yield Lives(*(getattr(found, name)[inside] for name in Lives.__dataclass_fields__))


@dataclass(frozen=True)
class Crowd:
    """Everybody. `visits`, `cents`: of those who paid something.

    `begins`, `on`: the days of the first and the last purchase of all. Where the receipts of the last days have not
    come in, nobody has stayed away in them.

    `held`: the same people as of the end of the day `until`, for looking whether what is expected comes; None where
    there is too little to look back on.
    """

    on: int
    begins: int
    whole: Grouped
    visits: Any
    cents: Any
    held: "Held | None"

    @property
    def until(self) -> date:
        return EPOCH + timedelta(days=self.on)

    @property
    def days(self) -> int:
        """For how many days the chain has been seen."""
        return self.on - self.begins + 1

    @property
    def customers(self) -> int:
        return int(self.whole.customers.sum())

    @property
    def repeaters(self) -> int:
        return int(self.whole.customers[self.whole.x > 0].sum())


@dataclass(frozen=True)
class Held:
    """What was known at `until`, and what came afterwards of the same people.

    Arrays by day count from the chain's first day: `arrivals` first purchases, `repeats` repeat purchases.
    `later[x]` are the purchases after `until` of those who had x repeat purchases by then.
    """

    until: int
    known: Grouped
    arrivals: Any
    repeats: Any
    later: Any


def crowd(histories: Histories) -> Crowd | None:
    """None where nobody has bought anything."""
    spans = [(part.receipt_day.min(), part.receipt_day.max()) for part in histories.parts() if len(part)]
    if not spans:
        return None
    begins, on = min(int(first) for first, _last in spans), max(int(last) for _first, last in spans)
    until = calibration_end(begins, on)
    gathered = [_gathered(part, begins, on, until) for part in histories.parts() if len(part)]
    held = None
    if until is not None:
        known = _joined(one.known for one in gathered if one.known)
        later = np.zeros(int(known.x.max(initial=0)) + 1)
        for one in gathered:
            later[: len(one.later)] += one.later
        held = Held(
            until, known, sum(one.arrivals for one in gathered), sum(one.repeats for one in gathered), later
        )
    return Crowd(
        on, begins, _joined(one.whole for one in gathered), np.concatenate([one.visits for one in gathered]),
        np.concatenate([one.cents for one in gathered]), held,
    )  # fmt: skip


def calibration_end(begins: int, on: int) -> int | None:
    """The day after which is held out: whole weeks, a third of what was seen, half a year at most."""
    held_out = min((on - begins) // 3, LONGEST_HOLDOUT) // 7 * 7
    return on - held_out if held_out >= LEAST_HOLDOUT else None


@dataclass(frozen=True)
class _Gathered:
    whole: Grouped
    visits: Any
    cents: Any
    known: Grouped | None
    arrivals: Any
    repeats: Any
    later: Any


def _gathered(part: Part, begins: int, on: int, until: int | None) -> _Gathered:
    now = lives(part, on)
    paid = now.cents > 0
    whole = Grouped.of(now.x, now.tx, now.T)
    visits, cents = now.x[paid] + 1, now.cents[paid]
    if until is None:
        return _Gathered(whole, visits, cents, None, 0, 0, np.zeros(0))
    then = lives(part, until)
    was_there = np.isin(now.customer, then.customer, assume_unique=True)
    size = on - begins + 1
    is_repeat = _is_new_day(part)
    is_repeat[part.first[:-1]] = False
    is_theirs = np.repeat(was_there, np.diff(part.first))
    return _Gathered(
        whole, visits, cents, Grouped.of(then.x, then.tx, then.T) if len(then.x) else None,
        np.bincount(then.first - begins, minlength=size),
        np.bincount(part.receipt_day[is_repeat & is_theirs] - begins, minlength=size),
        np.bincount(then.x, weights=now.x[was_there] - then.x),
    )  # fmt: skip


def _joined(groups: Iterable[Grouped]) -> Grouped:
    found = list(groups)
    columns = [
        np.concatenate([getattr(one, name) for one in found]) for name in ("x", "tx", "T", "customers")
    ]
    return Grouped.of(*columns)
