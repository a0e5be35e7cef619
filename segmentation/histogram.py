"""Counting whole numbers, and the cut points that follow: exact quantiles without sorting anybody.

The *inverted CDF* quantile of n values at i/k is the smallest value v such that at least n·i/k of the values are ≤ v
(Hyndman and Fan, 1996, type 1). It is found by adding up a histogram. All comparisons are between whole numbers.
"""

from typing import Any

import numpy as np

DENSE = 1 << 22  # values below this have a bin each; above, only values that occur


class Histogram:
    """Counts of whole numbers ≥ 0 and, beside them, sums of a whole-number weight (exact below 2^53)."""

    def __init__(self, dense: int = DENSE) -> None:
        self._dense = dense
        self._counts = np.zeros(0, dtype=np.int64)
        self._weights = np.zeros(0, dtype=np.int64)
        self._tails: list[tuple[Any, Any, Any]] = []

    def add(self, values: Any, weights: Any | None = None) -> None:
        weights = np.zeros(len(values), dtype=np.int64) if weights is None else weights
        low = values < self._dense
        self._add_dense(values[low], weights[low])
        if not low.all():
            self._tails.append(_grouped(values[~low], np.ones((~low).sum(), dtype=np.int64), weights[~low]))

    def _add_dense(self, values: Any, weights: Any) -> None:
        size = max(len(self._counts), int(values.max(initial=-1)) + 1)
        counts = np.bincount(values, minlength=size)
        sums = np.bincount(values, weights=weights, minlength=size).astype(np.int64)
        counts[: len(self._counts)] += self._counts
        sums[: len(self._weights)] += self._weights
        self._counts, self._weights = counts, sums

    def bins(self) -> tuple[Any, Any, Any]:
        """Values that occur, rising, with their counts and sums of weights."""
        values = np.flatnonzero(self._counts)
        parts = [(values, self._counts[values], self._weights[values]), *self._tails]
        return _grouped(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def cuts(self, buckets: int) -> list[int]:
        """The inverted-CDF quantiles at 1/buckets … (buckets − 1)/buckets; [] of nothing."""
        values, counts, _ = self.bins()
        if len(values) == 0:
            return []
        rising = np.cumsum(counts)
        places = np.searchsorted(rising * buckets, rising[-1] * np.arange(1, buckets), side="left")
        return [int(value) for value in values[places]]

    def least_of_top(self, percents: list[int]) -> list[int]:
        """For each percentage the least value among those who, from the top, bring that share of all weight.

        A value is in when those above it bring less than the share: the one that crosses the line is inside, and
        equal values are never parted. Without any weight nobody is in.
        """
        values, _, weights = self.bins()
        total = int(weights.sum())
        above = total - np.cumsum(weights)  # brought by those with a larger value
        least = []
        for percent in percents:
            inside = values[above * 100 < total * percent]
            least.append(int(inside[0]) if len(inside) else int(values[-1]) + 1 if len(values) else 1)
        return least


def _grouped(values: Any, counts: Any, weights: Any) -> tuple[Any, Any, Any]:
    unique, place = np.unique(values, return_inverse=True)
    n, sums = np.zeros(len(unique), dtype=np.int64), np.zeros(len(unique), dtype=np.int64)
    np.add.at(n, place, counts)
    np.add.at(sums, place, weights)
    return unique.astype(np.int64), n, sums
