"""Behaviours on the shelf: how much of a deed each customer did, from receipts and lines.

What lies there answers "made a purchase" and "bought"; for a field or measure that does not (the hour of the day), and
for other behaviours, `answers` says no and the database is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from crm.lib.spells import day_number
from customers.attributes import Operator
from segmentation.segments.tree import Deed, Did, Then, Where, Window
from segmentation.shelf.columns import compare
from segmentation.shelf.purchases import Rows

Spread = Callable[
    [str, str, Any], list[int]
]  # behaviour, field, chosen codes: the numbers that these stand for
FIELDS = {
    "purchase": {"store", "region", "channel", "amount", "weekday"},
    "bought": {"category", "brand", "product", "store", "region", "channel", "is_discounted"},
}
MEASURES = {"purchase": {"times", "days", "amount"}, "bought": {"times", "days", "amount", "quantity"}}
OF_GOODS = ("category", "brand", "product")


@dataclass(frozen=True)
class Deeds:
    """The rows of a deed: whose they are, on which day, and the rows themselves."""

    place: Any
    day: Any
    rows: Any  # a slice or places


@dataclass
class Purchases:
    """Receipts and lines of a shelf, with what is needed to narrow them. `goods`: product → category and brand."""

    receipts: Rows
    lines: Rows
    receipt_place: Any
    customers: int
    spread: Spread
    on: date

    def did(self, condition: Did) -> Any:
        """Who did that much of it."""
        found = self.deeds(condition.deed)
        return compare(self._measured(condition, found), condition.operator, condition.value)

    def then(self, condition: Then) -> Any:
        """Who did the first, and on a later day within the days the second."""
        first, second = self.deeds(condition.first), self.deeds(condition.then)
        mask = np.zeros(self.customers, dtype=bool)
        if not len(first.place) or not len(second.place):
            return mask
        width = 1 << 20  # more than any day number
        later = np.unique(second.place.astype(np.int64) * width + second.day)
        key = first.place.astype(np.int64) * width + first.day
        at = np.searchsorted(later, key, side="right")
        met = later[np.minimum(at, len(later) - 1)]
        is_met = (at < len(later)) & (met > key) & (met <= key + condition.within_days)
        mask[first.place[is_met]] = True
        return mask

    def deeds(self, deed: Deed) -> Deeds:
        return self._receipts(deed) if deed.did == "purchase" else self._lines(deed)

    def _receipts(self, deed: Deed) -> Deeds:
        rows = self.receipts.between(*_days(deed.window, self.on))
        kept = self._narrowed(self.receipts, rows, deed.where)
        if kept is not None:
            rows = rows.start + np.flatnonzero(kept)
        return Deeds(self.receipts.column("place")[rows], self.receipts.column("day")[rows], rows)

    def _lines(self, deed: Deed) -> Deeds:
        """Lines of the goods first: they lie together. Then the days and the rest."""
        goods = [self._products(where) for where in deed.where if where.field in OF_GOODS]
        rows: Any = slice(0, len(self.lines.column("place")))
        if goods:
            rows = self.lines.having(np.flatnonzero(np.logical_and.reduce(goods)))
        low, high = _days(deed.window, self.on)
        day = self.lines.column("day")[rows]
        kept = day <= high
        if low is not None:
            kept &= day >= low
        more = self._narrowed(self.lines, rows, [w for w in deed.where if w.field not in OF_GOODS])
        kept = kept if more is None else kept & more
        rows = np.flatnonzero(kept) if isinstance(rows, slice) else rows[kept]
        return Deeds(self.lines.column("place")[rows], day[kept], rows)

    def _products(self, where: Where) -> Any:
        """Which product numbers are meant; one more place than the highest, so that none is an answer too."""
        wanted = np.zeros(int(self.lines.keys.max(initial=0)) + 1, dtype=bool)
        numbers = np.array(self.spread("bought", where.field, where.value), dtype=np.int64)
        wanted[numbers[numbers < len(wanted)]] = True
        return ~wanted if where.operator == Operator.NONE_OF else wanted

    def _narrowed(self, of: Rows, rows: Any, wheres: Any) -> Any:
        """Which of the rows are meant, or None: all."""
        masks = [self._field(of, rows, where) for where in wheres]
        return np.logical_and.reduce(masks) if masks else None

    def _field(self, of: Rows, rows: Any, where: Where) -> Any:
        if where.field == "amount":
            return _amount(of.column("cents")[rows], where)
        if where.field == "is_discounted":
            return (of.column("discounted")[rows] == 1) == (where.operator == Operator.YES)
        name = {"region": "store", "weekday": "day"}.get(where.field, where.field)
        values = of.column(name)[rows]
        if where.field == "weekday":
            values = (values + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
        numbers = np.array(self.spread("purchase", where.field, where.value), dtype=np.int64)
        found = np.isin(values, numbers)
        return ~found if where.operator == Operator.NONE_OF else found

    def _measured(self, condition: Did, found: Deeds) -> Any:
        """The measure of each customer."""
        of = self.receipts if condition.deed.did == "purchase" else self.lines
        if condition.measure == "days":
            pairs = np.unique(found.place.astype(np.int64) << 20 | found.day)
            return np.bincount(pairs >> 20, minlength=self.customers)
        if condition.measure == "amount":
            return _sum(found, of.column("cents")[found.rows], self.customers) / 100
        if condition.measure == "quantity":
            return _sum(found, of.column("milli")[found.rows], self.customers) / 1000
        if condition.deed.did == "purchase":
            return np.bincount(found.place, minlength=self.customers)
        seen = np.zeros(len(self.receipt_place), dtype=bool)
        seen[of.column("receipt")[found.rows]] = True
        return np.bincount(self.receipt_place[seen], minlength=self.customers)


def answers(deed: Deed, measure: str = "times") -> bool:
    """Does the shelf know all of this?"""
    fields = FIELDS.get(deed.did, set())
    asks = all(w.field in fields and w.operator not in (Operator.KNOWN, Operator.UNKNOWN) for w in deed.where)
    return asks and measure in MEASURES.get(deed.did, set())


def _days(window: Window, on: date) -> tuple[int | None, int]:
    """The first day of a window (None: no limit) and the last, as in `segmentation.segments.compiling`."""
    today = day_number(on)
    tomorrow = today + 1
    if window.kind == "last_days":
        return today - window.days + 1, tomorrow
    if window.kind == "longer_ago":
        return None, today - window.days - 1
    if window.kind == "between":
        assert window.since and window.until
        return day_number(window.since), min(day_number(window.until), tomorrow)
    return None, tomorrow


def _amount(cents: Any, where: Where) -> Any:
    if where.operator == Operator.IS_NOT:
        return cents / 100 != float(where.value)  # type: ignore[arg-type]
    return compare(cents / 100, where.operator, where.value)  # type: ignore[arg-type]


def _sum(found: Deeds, values: Any, customers: int) -> Any:
    return np.bincount(found.place, weights=values, minlength=customers)
