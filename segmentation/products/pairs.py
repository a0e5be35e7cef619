"""Which items are bought together, and how surely: support, confidence and lift with their intervals.

Support, confidence: Agrawal & Srikant, Fast Algorithms for Mining Association Rules, VLDB 1994. Lift: Brin, Motwani,
Ullman & Tsur, SIGMOD 1997. How sure they are: `intervals.py`.

Counting takes two looks at the baskets. The first counts lines: an item with fewer lines than the least number of
baskets cannot reach it, so it is left out for good (Agrawal & Srikant's pruning). The second multiplies what is left,
XᵀX, basket by item; the diagonal holds the baskets of each item. Memory: a square of the items that are left, at most
MOST_ITEMS.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from segmentation.products.baskets import Baskets, matrix

MOST_ITEMS = (
    4_000  # 64 MB; at a support of 0.001 and ten goods a basket there can be 10,000, in practice 1,000
)


@dataclass(frozen=True)
class Pairs:
    """Pairs with enough baskets, in the order of their numbers: `a` is the rarer of the two, so that its confidence is
    the higher one. `baskets` is how many there were in all."""

    baskets: int
    a: Any
    b: Any
    of_a: Any  # baskets with it
    of_b: Any
    both: Any

    def __len__(self) -> int:
        return len(self.a)

    @property
    def support(self) -> Any:
        return self.both / self.baskets

    @property
    def confidence(self) -> Any:
        """Of the baskets with a, the share with b."""
        return self.both / self.of_a

    @property
    def lift(self) -> Any:
        return self.both * (self.baskets / (self.of_a * self.of_b))


class Counter:
    """Pairs of the items of one level. First `look` at all baskets, then `settle`, then `add` the same baskets."""

    def __init__(self, items: int, minimum: float) -> None:
        self.minimum = minimum
        self.baskets = 0
        self.lines = np.zeros(items, dtype=np.int64)
        self.kept = np.zeros(0, dtype=np.int64)
        self.place = np.full(items, -1, dtype=np.int64)
        self.together = np.zeros((0, 0), dtype=np.int64)

    @property
    def least(self) -> float:
        """The least number of baskets. A hair is taken off, for 0.001 × 155,000 is a little more than 155 in floats."""
        return max(1.0, self.minimum * self.baskets - 1e-9)

    def look(self, baskets: int, lines: Any) -> None:
        """`lines`: how many lines there are of each item, at least as many as baskets with it."""
        self.baskets += baskets
        self.lines += lines

    def settle(self, most: int = MOST_ITEMS) -> None:
        kept = np.flatnonzero(self.lines >= self.least)
        if len(kept) > most:
            kept = np.sort(kept[np.argsort(-self.lines[kept], kind="stable")[:most]])
        self.kept = kept
        self.place[kept] = np.arange(len(kept))
        self.together = np.zeros((len(kept), len(kept)), dtype=np.int32)

    def product(self, found: Baskets) -> Any:
        """XᵀX of some baskets, for `add`; may be worked out on any thread."""
        item = self.place[found.item]
        known = item >= 0
        x = matrix(found.count, len(self.kept), found.basket[known], item[known])
        return (x.T.tocsr() @ x).tocoo()

    def add(self, product: Any) -> None:
        self.together[product.row, product.col] += product.data

    def pairs(self) -> Pairs:
        of = np.diagonal(self.together)
        row, column = np.nonzero(np.triu(self.together >= self.least, 1))
        is_rarer = of[row] <= of[column]
        a, b = np.where(is_rarer, row, column), np.where(is_rarer, column, row)
        columns = (self.kept[a], self.kept[b], of[a], of[b], self.together[row, column])
        return Pairs(self.baskets, *(column.astype(np.int64) for column in columns))
