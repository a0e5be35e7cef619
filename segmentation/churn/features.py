"""What is known of each customer on a cut-off day, as a matrix: a row a customer, the columns of `catalogue.FEATURES`.

Everything is computed for all customers of a part at once: counts within windows are differences of running sums, gaps
are differences of neighbouring days. Receipts after the cut-off are dropped before anything else is looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from customers.histories import Part
from segmentation.churn.catalogue import FEATURES

WINDOWS = (7, 14, 28, 56, 84, 168)  # days
SPEND_WINDOWS = (28, 56, 84, 168)
HALF_LIVES = (14, 42)  # days
_DAYS = 1 << 15  # more than any gap: a place and a gap share one number
Columns = Iterator[tuple[str, Any]]


@dataclass(frozen=True)
class Known:
    """The receipts of a part up to a cut-off, of customers who have one. `start[i]:start[i + 1]` are customer i's."""

    on: int  # days since 1970-01-01
    customer: Any  # int64[n]
    start: Any  # int64[n + 1]
    day: Any
    store: Any
    cents: Any
    discount: Any
    lines: Any  # of each receipt how many
    line_kind: Any  # of each line what kind of goods
    line_owner: Any  # of each line the place of its customer

    def __len__(self) -> int:
        return len(self.customer)

    @cached_property
    def owner(self) -> Any:
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.start))

    @cached_property
    def age(self) -> Any:
        """Days before the cut-off."""
        return self.on - self.day

    @cached_property
    def is_new_day(self) -> Any:
        """Two receipts of one day are one visit."""
        new = np.ones(len(self.day), dtype=bool)
        new[1:] = self.day[1:] != self.day[:-1]
        new[self.start[:-1]] = True
        return new

    @cached_property
    def visit_age(self) -> Any:
        return self.age[self.is_new_day]

    @cached_property
    def visit_start(self) -> Any:
        return self.before(self.is_new_day)

    @cached_property
    def visit_owner(self) -> Any:
        return self.owner[self.is_new_day]

    def before(self, values: Any) -> Any:
        """Running sums of a column of receipts, at the customers' borders."""
        sums = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
        return sums[self.start]

    def sums(self, values: Any) -> Any:
        return np.diff(self.before(values))


def known(part: Part, on: int, kinds: Any, *, every: int = 1) -> Known:
    """Forget all that lies after the cut-off. `kinds`: of each product number its kind of goods.

    `every`: take only the customers whose numbers it divides.
    """
    keep = part.receipt_day <= on
    if every > 1:
        keep &= np.repeat(part.customer % every == 0, np.diff(part.first))
    counts = np.diff(np.concatenate(([0], np.cumsum(keep)))[part.first])
    has = counts > 0
    per_receipt = np.diff(part.line_first)[keep]
    is_line = np.repeat(keep, np.diff(part.line_first))
    owner = np.repeat(np.arange(int(has.sum()), dtype=np.int32), counts[has])
    product = part.line_product[is_line]
    return Known(
        on=on,
        customer=part.customer[has],
        start=np.concatenate(([0], np.cumsum(counts[has]))),
        day=part.receipt_day[keep],
        store=part.receipt_store[keep],
        cents=part.receipt_cents[keep],
        discount=part.receipt_discount[keep],
        lines=per_receipt,
        line_kind=kinds[np.minimum(product, len(kinds) - 1)],
        line_owner=np.repeat(owner, per_receipt),
    )


def matrix(history: Known) -> Any:
    """float32[customers, features]; NaN where a figure has no meaning, as a gap after one visit."""
    out = np.empty((len(history), len(FEATURES)), dtype=np.float32, order="F")
    place = {feature.code: number for number, feature in enumerate(FEATURES)}
    with np.errstate(divide="ignore", invalid="ignore"):
        for measure in (_visits, _gaps, _spending, _baskets, _variety, _weekdays):
            for code, values in measure(history):
                out[:, place.pop(code)] = values
    assert not place, f"not computed: {sorted(place)}"
    return out


def _visits(history: Known) -> Columns:
    """When they came and how often, in windows that end at the cut-off."""
    start = history.visit_start
    ages, owner, n = history.visit_age, history.visit_owner, len(history)
    yield "visits", np.diff(start)
    yield "recency", ages[start[1:] - 1]
    yield "tenure", ages[start[:-1]]
    within = {}
    for days in WINDOWS:
        within[days] = np.bincount(owner[ages < days], minlength=n)
        yield f"visits_{days}", within[days]
    for days in HALF_LIVES:
        yield f"pace_{days}", np.bincount(owner, weights=0.5 ** (ages / days), minlength=n)
    yield "visits_trend_28", _trend(within[28], within[84] - within[28], 2)
    yield "visits_trend_84", _trend(within[84], within[168] - within[84], 1)
    recent = ages < 84
    weeks = np.unique(owner[recent].astype(np.int64) * 16 + ages[recent] // 7)
    yield "active_weeks", np.bincount(weeks // 16, minlength=n)


def _trend(now: Any, before: Any, times: float) -> Any:
    """-1 (nothing any more) to 1 (nothing before): the difference over the sum, each for equally many days."""
    before = before / times
    return np.where(now + before > 0, (now - before) / (now + before), 0)


def _gaps(history: Known) -> Columns:
    """Days between visits, and how the time since the last one compares."""
    ages, start, owner, n = history.visit_age, history.visit_start, history.visit_owner, len(history)
    is_first = np.zeros(len(ages), dtype=bool)
    is_first[start[:-1]] = True
    gap = np.zeros(len(ages), dtype=np.int64)
    gap[1:] = ages[:-1] - ages[1:]
    at, of = gap[~is_first], owner[~is_first]
    counts = np.diff(start) - 1
    recency = ages[start[1:] - 1]
    mean = np.where(counts > 0, (ages[start[:-1]] - recency) / np.maximum(counts, 1), np.nan)
    square = np.bincount(of, weights=at.astype(np.float64) ** 2, minlength=n) / np.maximum(counts, 1)
    spread = np.sqrt(np.maximum(square - mean**2, 0))
    yield "gap_mean", mean
    yield "gap_spread", spread / mean
    yield "gap_last", np.where(counts > 0, gap[start[1:] - 1], np.nan)
    yield "gap_late", _mean_of_last(gap, start, counts, 4)
    yield from _ranked(at, of, counts, recency, history)
    yield "overdue_mean", recency / mean


def _mean_of_last(gap: Any, start: Any, counts: Any, most: int) -> Any:
    """The mean of the last few gaps."""
    sums = np.concatenate(([0], np.cumsum(gap)))
    took = np.minimum(counts, most)
    return np.where(counts > 0, (sums[start[1:]] - sums[start[1:] - took]) / np.maximum(took, 1), np.nan)


def _ranked(at: Any, of: Any, counts: Any, recency: Any, history: Known) -> Columns:
    """Median, ninth decile and longest gap, and how many of the gaps were as long as the time since the last visit."""
    ordered = np.sort(of.astype(np.int64) * _DAYS + at)
    first = np.concatenate(([0], np.cumsum(counts)))[:-1]

    some = np.append(ordered, 0)  # so that there is something to read where nobody has a gap

    def rank(share: float) -> Any:
        place = first + np.floor((counts - 1) * share).astype(np.int64)
        return np.where(counts > 0, some[np.clip(place, 0, len(ordered))] % _DAYS, np.nan)

    median, ninth, longest = rank(0.5), rank(0.9), rank(1.0)
    yield "gap_median", median
    yield "gap_ninth", ninth
    yield "gap_longest", longest
    yield "overdue_median", recency / np.maximum(median, 1)
    yield "overdue_ninth", recency / ninth
    yield "overdue_longest", recency / longest
    places = np.arange(len(history), dtype=np.int64) * _DAYS
    shorter = np.searchsorted(ordered, places + recency) - first
    yield "gaps_as_long", (counts - shorter + 0.5) / (counts + 1)
    shorter = np.searchsorted(ordered, places + 28) - first
    yield "gaps_of_28", counts - shorter


def _spending(history: Known) -> Columns:
    money = history.cents / 100
    n, owner, age = len(history), history.owner, history.age
    total = np.bincount(owner, weights=money, minlength=n)
    yield "spend", total
    within = {}
    for days in SPEND_WINDOWS:
        recent = age < days
        within[days] = np.bincount(owner[recent], weights=money[recent], minlength=n)
        yield f"spend_{days}", within[days]
    yield "spend_trend_28", _trend(within[28], within[84] - within[28], 2)
    yield "spend_trend_84", _trend(within[84], within[168] - within[84], 1)
    discount = np.bincount(owner, weights=history.discount / 100, minlength=n)
    yield "discount_share", np.where(total + discount > 0, discount / (total + discount), 0)


def _baskets(history: Known) -> Columns:
    receipts = np.diff(history.start)
    money = history.sums(history.cents) / 100 / receipts
    yield "basket_spend", money
    yield "basket_lines", history.sums(history.lines) / receipts
    last = history.cents[history.start[1:] - 1] / 100
    yield "basket_last", np.where(money > 0, last / money, 1)


def _variety(history: Known) -> Columns:
    n = len(history)
    yield "kinds", _distinct(history.line_owner, history.line_kind, n)
    stores = _distinct(history.owner, history.store, n)
    yield "stores", stores
    last = history.store[history.start[1:] - 1]
    yield "last_store_share", history.sums(history.store == last[history.owner]) / np.diff(history.start)


def _distinct(owner: Any, value: Any, n: int) -> Any:
    """Of each customer how many different values."""
    if not len(value):
        return np.zeros(n, dtype=np.int64)
    width = int(value.max()) + 1
    return np.bincount(np.unique(owner.astype(np.int64) * width + value) // width, minlength=n)


def _weekdays(history: Known) -> Columns:
    """The share of the favourite weekday, and that of the weekend. 1970-01-01 was a Thursday."""
    n = len(history)
    weekday = (history.on - history.visit_age + 3) % 7
    counts = np.bincount(history.visit_owner.astype(np.int64) * 7 + weekday, minlength=7 * n).reshape(n, 7)
    visits = counts.sum(axis=1)
    yield "weekday_share", counts.max(axis=1) / visits
    yield "weekend_share", counts[:, 5:].sum(axis=1) / visits
