"""What each customer will buy again: how often and how lately they bought it, its rhythm, how it sells at their store.

    score = Σ ½^(age of a day on which they bought it ÷ HALF_LIFE) × (1 + AT_STORE × popularity) × (LEFT_OFF if overdue)

Popularity is log(1 + buyers lately) as a part of the store's best. Overdue: silent for more than OVERDUE usual gaps.
The numbers were chosen on weeks before the ones that they are tested on (docs/algorithms/products.md).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from customers.histories import Part
from segmentation.products.baskets import once

HALF_LIFE = 90.0  # days
AT_STORE = 0.5
OVERDUE, LEFT_OFF = 1.5, 0.7
NEWEST_GAPS = 20
REGULAR_GAPS = 3  # that a rhythm is told from at least


@dataclass(frozen=True)
class Bought:
    """What each customer bought, in the order (owner, product). `gap`: the median of the newest gaps between the days
    on which they bought it, 0 of a single day; `is_regular`: its middle half spans no more than the median."""

    owner: Any  # place of the customer
    product: Any
    days: Any  # on how many days
    last: Any  # day
    weight: Any  # days, each fading with its age
    gap: Any
    is_regular: Any
    milli: Any  # mean quantity of a day, thousandths

    def __len__(self) -> int:
        return len(self.owner)

    def of(self, chosen: Any) -> "Bought":
        return Bought(*(getattr(self, name)[chosen] for name in vars(self)))


def bought(part: Part, until: int) -> Bought:
    """Up to a day."""
    receipt = part.line_receipt
    inside = part.receipt_day[receipt] <= until
    receipt, product = receipt[inside], part.line_product[inside].astype(np.int64)
    width = int(product.max(initial=0)) + 1
    key = part.owner[receipt] * width + product
    key, day = once(key, until - part.receipt_day[receipt].astype(np.int64))
    day = until - day  # sorted downwards within a key: the newest first
    groups, start, count = np.unique(key, return_index=True, return_counts=True)
    faded = 0.5 ** ((until + 1 - day) / HALF_LIFE)
    weight = np.add.reduceat(faded, start) if len(groups) else faded
    gap, is_regular = rhythm(day, start, count)
    sums = np.bincount(np.searchsorted(groups, part.owner[receipt] * width + product), part.line_milli[inside],
                       minlength=len(groups))  # fmt: skip
    milli = np.rint(sums / np.maximum(count, 1)).astype(np.int64)
    return Bought(groups // width, groups % width, count, day[start], weight, gap, is_regular, milli)


def rhythm(day: Any, start: Any, count: Any) -> tuple[Any, Any]:
    """The median of the newest gaps of each group, and whether it is a rhythm. `day`: newest first within each."""
    gap, is_regular = np.zeros(len(count), dtype=np.int64), np.zeros(len(count), dtype=bool)
    several = np.flatnonzero(count >= 2)
    if not len(several):
        return gap, is_regular
    n = np.minimum(count[several] - 1, NEWEST_GAPS)
    first = np.cumsum(n) - n
    at = np.arange(int(n.sum())) - np.repeat(first, n) + np.repeat(start[several], n)
    gaps = day[at] - day[at + 1]
    ordered = gaps[np.lexsort((gaps, np.repeat(np.arange(len(n)), n)))]
    low, middle, high = (ordered[first + (n - 1) * k // 4] for k in (1, 2, 3))
    gap[several] = middle
    is_regular[several] = (n >= REGULAR_GAPS) & (high - low <= middle)
    return gap, is_regular


def scores(found: Bought, until: int, popularity: Any) -> Any:
    """`popularity`: of each row at the customer's store, 0 to 1."""
    is_late = (found.days > 1) & (until + 1 - found.last > OVERDUE * found.gap)
    return found.weight * (1 + AT_STORE * popularity) * np.where(is_late, LEFT_OFF, 1.0)


def best(owner: Any, product: Any, score: Any, *, customers: int, most: int) -> tuple[Any, Any, Any]:
    """The `most` best of each owner: (owner, rank, row), equal scores by the product's number."""
    order = np.lexsort((product, -score, owner))
    starts = np.searchsorted(owner[order], np.arange(customers))
    rank = np.arange(len(order)) - starts[owner[order]]
    top = rank < most
    return owner[order][top], rank[top], order[top]
