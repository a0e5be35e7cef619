"""The simple answers that a forest must beat: recency; recency ÷ usual gap; BG/NBD's probability of no purchase.

Each is a formula over two or three features. What each feature brings is told by its Shapley value against the middle
customer (Shapley 1953; all orders are gone through, so it is exact), so a baseline has reasons, too.
"""

from collections.abc import Callable
from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from segmentation.churn.catalogue import PLACE, REASON_PLACE, REASONS
from segmentation.lifetime import bgnbd, search

Formula = Callable[..., Any]
SAMPLE = 20_000  # customers that the fit of BG/NBD looks at


class Baseline:
    """`formula(*columns)` gives log-odds up to slope and intercept, which calibration finds."""

    def __init__(self, kind: str, numbers: dict[str, Any]) -> None:
        self.kind, self.numbers = kind, numbers
        self.features, self.reasons, make = KINDS[kind]
        self._formula = make(numbers)
        self._middle = numbers["middle"]
        self.base = float(self._formula(*(np.float64(value) for value in self._middle)))

    @classmethod
    def fitted(cls, kind: str, rows: Any, horizon: int) -> "Baseline":
        features = KINDS[kind][0]
        columns = [_filled(rows, name) for name in features]
        numbers: dict[str, Any] = {"middle": [float(np.median(one)) for one in columns], "horizon": horizon}
        if kind == "bgnbd":
            visits, recency, tenure = columns
            histories = bgnbd.Grouped.of(visits - 1, tenure - recency, tenure)
            numbers["params"] = list(search.fit(histories.sample(SAMPLE)).params)
        return cls(kind, numbers)

    def contributions(self, rows: Any) -> Any:
        """float64[rows, reasons]: with `base` they sum to the formula's value."""
        columns = [_filled(rows, name) for name in self.features]
        out = np.zeros((len(rows), len(REASONS)))
        for reason, value in zip(self.reasons, _shapley(self._formula, columns, self._middle), strict=True):
            out[:, REASON_PLACE[reason]] += value
        return out

    def log_odds(self, rows: Any) -> Any:
        return self._formula(*(_filled(rows, name) for name in self.features))


def _filled(rows: Any, name: str) -> Any:
    """A feature; who has had no gap yet counts by the time since the only visit."""
    values = rows[:, PLACE[name]].astype(np.float64)
    missing = np.isnan(values)
    return np.where(missing, rows[:, PLACE["recency"]], values) if missing.any() else values


def _shapley(formula: Formula, columns: list[Any], middle: list[float]) -> list[Any]:
    """What each column adds to the formula, averaged over all orders in which they may become known."""
    count = len(columns)
    known = {}
    for size in range(count + 1):
        for chosen in combinations(range(count), size):
            mixed = (columns[i] if i in chosen else np.full(len(columns[i]), middle[i]) for i in range(count))
            known[chosen] = formula(*mixed)
    told = []
    for one in range(count):
        total = np.zeros(len(columns[one]))
        for chosen in (set_ for set_ in known if one not in set_):
            weight = 1 / (count * comb(count - 1, len(chosen)))
            total += weight * (known[tuple(sorted((*chosen, one)))] - known[chosen])
        told.append(total)
    return told


def _recency(_numbers: dict[str, Any]) -> Formula:
    return np.log1p


def _overdue(_numbers: dict[str, Any]) -> Formula:
    """A gap of less than half a day is none: two visits of one day are one."""
    return lambda recency, gap: np.log1p(recency) - np.log(np.maximum(gap, 0.5))


def _silence(numbers: dict[str, Any]) -> Formula:
    def formula(visits: Any, recency: Any, tenure: Any) -> Any:
        since = np.maximum(tenure - recency, 0)
        told = bgnbd.probability_of_no_purchase(
            numbers["params"], np.maximum(visits - 1, 0), since, np.maximum(tenure, since), numbers["horizon"]
        )
        told = np.clip(told, 1e-9, 1 - 1e-9)
        return np.log(told / (1 - told))

    return formula


# The simplest last. Features of the formula, the reason under which each is told, and how numbers become the formula.
KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[dict[str, Any]], Formula]]] = {
    "bgnbd": (("visits", "recency", "tenure"), ("visits", "recency", "tenure"), _silence),
    "overdue": (("recency", "gap_mean"), ("recency", "rhythm"), _overdue),
    "recency": (("recency",), ("recency",), _recency),
}
