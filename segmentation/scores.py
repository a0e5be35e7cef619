"""RFM scores and value classes from states and cut points, as columns. See docs/algorithms/rfm.md.

Of customers with a purchase in the window: recency is the days since the last purchase (0: on the night's date),
frequency the purchases in the window that count, monetary what was spent in it net of returns, in whole currency
(cents are dropped). Equal values have equal scores.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from crm.lib.spells import day_number
from segmentation.models import Axis, NightCuts, Scheme, ValueClass


@dataclass(frozen=True)
class Measures:
    """Columns of the customers of a slice who ever bought. Outside the window all three are 0."""

    customer: Any
    in_window: Any
    recency: Any
    frequency: Any
    monetary: Any
    cents: Any

    def of(self, chosen: Any) -> "Measures":
        return Measures(*(getattr(self, name)[chosen] for name in vars(self)))


def measures(on: Any, states: dict[str, Any]) -> Measures:
    bought = states["last_on"] != 0
    window = states["window_count"][bought] > 0
    recency = np.where(window, day_number(on) - states["last_on"][bought].astype(np.int64), 0)
    frequency = states["window_count"][bought].astype(np.int64)
    cents = states["window_spent"][bought]
    return Measures(states["customer_id"][bought], window, recency, frequency, cents // 100, cents)


def rising(values: Any, cuts: list[int]) -> Any:
    """Score where more is better: 1 up to the first cut point, one more beyond each."""
    return np.searchsorted(np.asarray(cuts, dtype=np.int64), values, side="left").astype(np.int16) + 1


def falling(values: Any, cuts: list[int]) -> Any:
    """Score where less is better."""
    return len(cuts) + 2 - rising(values, cuts)


@dataclass(frozen=True)
class Codes:
    """What a standing holds, a row a customer who ever bought."""

    customer: Any
    r: Any
    f: Any
    m: Any
    x: Any
    group: Any
    value_class: Any

    @property
    def packed(self) -> Any:
        """All codes in one number, as `segmentation.steps` reads them back."""
        columns = (self.r, self.f, self.m, self.x, self.value_class, self.group)
        return sum(column.astype(np.int64) << 4 * i for i, column in enumerate(columns))


def codes(found: Measures, cuts: NightCuts, group_ids: dict[str, int]) -> Codes:
    """Scores, cell, group and value class. `group_ids`: of each code that the scheme names."""
    scheme, inside = cuts.scheme, found.in_window
    if not inside.any():
        r = f = m = np.zeros(len(inside), dtype=np.int16)
    else:
        r = np.where(inside, falling(found.recency, cuts.recency), 0)
        f = np.where(inside, rising(found.frequency, cuts.frequency), 0)
        m = np.where(inside, rising(found.monetary, cuts.monetary), 0)
    x = second_axis(scheme, f, m)
    medium, high = cuts.value or (1, 1)
    value_class = np.where(inside, np.int16(ValueClass.LOW), np.int16(ValueClass.NONE))
    value_class = np.where(inside & (found.monetary >= medium), np.int16(ValueClass.MEDIUM), value_class)
    value_class = np.where(inside & (found.monetary >= high), np.int16(ValueClass.HIGH), value_class)
    return Codes(found.customer, r, f, m, x, _grid(scheme, group_ids)[r, x], value_class)


def second_axis(scheme: Scheme, f: Any, m: Any) -> Any:
    """Frequency, or the mean of frequency and money, rounded half up."""
    return f if scheme.axis == Axis.FREQUENCY else (f + m + 1) // 2


def _grid(scheme: Scheme, group_ids: dict[str, int]) -> Any:
    """Group ids as `[r, x]`, with row 0 for those outside the grid."""
    table = np.zeros((scheme.buckets + 1, scheme.buckets + 1), dtype=np.int16)
    for r in range(1, scheme.buckets + 1):
        for x in range(1, scheme.buckets + 1):
            table[r, x] = group_ids[scheme.cell_group(r, x)]
    table[0, :] = group_ids[scheme.lapsed_group]
    return table
