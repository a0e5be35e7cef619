"""Who left: whoever buys nothing within the horizon after a cut-off. And how long the horizon is.

The population of a cut-off is everybody with a purchase on or before it. The horizon follows from the chain's rhythm:
so many whole weeks that 97 of 100 gaps between two visits are over by then. A customer who stays away for so long does
what hardly ever happens between two visits of this chain.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from customers.histories import Part

WITHIN = 0.97  # of the gaps
SHORTEST, LONGEST = 14, 182  # days
USUAL = 28  # where there are too few gaps to tell
FEWEST = 100  # gaps
WEEK = 7


def stayed_away(part: Part, customers: Any, on: int, horizon: int) -> Any:
    """bool[customers]: no purchase on the days on + 1 … on + horizon. `customers` are of the part, rising."""
    inside = (part.receipt_day > on) & (part.receipt_day <= on + horizon)
    bought = np.diff(np.concatenate(([0], np.cumsum(inside)))[part.first])
    return bought[np.searchsorted(part.customer, customers)] == 0


def gap_counts(parts: Iterable[Part], on: int) -> Any:
    """How many gaps of 0, 1, 2, … days there are between neighbouring visits up to a day, over all customers."""
    counts = np.zeros(2 * LONGEST, dtype=np.int64)
    for part in parts:
        day, owner = part.receipt_day, part.owner
        same = (owner[1:] == owner[:-1]) & (day[1:] <= on) & (day[1:] > day[:-1])
        gaps = np.minimum(np.diff(day)[same], len(counts) - 1)
        counts += np.bincount(gaps, minlength=len(counts))
    return counts


def horizon(counts: Any) -> int:
    """Days, from the counts of gaps by length."""
    if counts.sum() < FEWEST:
        return USUAL
    reached = int(np.searchsorted(np.cumsum(counts), WITHIN * counts.sum()))
    return int(np.clip(round(reached / WEEK) * WEEK, SHORTEST, LONGEST))
