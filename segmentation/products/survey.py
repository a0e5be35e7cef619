"""What a night has to know of everybody before it can say anything of one: pairs of goods, what sells where, likeness.

Two looks at all parts, each with its parts side by side. In between it is settled which goods are looked at closely.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from crm.lib.sidebyside import side_by_side
from customers.histories import Histories, Part
from segmentation.products import discovery, shelves, stock
from segmentation.products.baskets import baskets, counted
from segmentation.products.catalogue import Catalogue
from segmentation.products.discovery import Finder
from segmentation.products.pairs import Counter
from segmentation.products.shelves import Sales, Seen
from segmentation.products.stock import Sums

MINIMUM = 0.001  # support of a pair
PROMOTION = 0.20  # a discount above this share of the price: bought on promotion
Key = tuple[int, bool]  # level, without what was bought on promotion


class Survey:
    """`run` fills `counters`, `sales`, `sold` and `finder`."""

    def __init__(self, histories: Histories, goods: Catalogue, until: int, window_days: int) -> None:
        self.histories, self.goods, self.until = histories, goods, until
        self.since = until - window_days + 1
        self.counters: dict[Key, Counter] = {
            (level, is_plain): Counter(int(item.max(initial=0)) + 1, MINIMUM)
            for level, item in goods.item.items()
            for is_plain in (False, True)
        }
        self.sales, self.sold = Sales(goods.products), Sums(2)

    def run(self, progress: Callable[[int], None]) -> None:
        for size, seen, sold, counts in side_by_side(self._look, range(len(self.histories))):
            self.sales.add(seen)
            self.sold.add(*sold)
            for key, told in counts.items():
                self.counters[key].look(*told)
            progress(size)
        for counter in self.counters.values():
            counter.settle()
        self.shelves = self.sales.shelves()
        self._count(progress)

    def _count(self, progress: Callable[[int], None]) -> None:
        width = len(self.shelves.kept)
        counts = np.zeros((width, width), dtype=np.int32)
        ever, lately = (np.zeros(width, dtype=np.int64) for _ in range(2))
        for size, products, found in side_by_side(self._multiply, range(len(self.histories))):
            for key, product in products.items():
                self.counters[key].add(product)
            if found is not None:
                like = found.counts.tocoo()
                counts[like.row, like.col] += like.data
                ever += found.ever
                lately += found.lately
            progress(size)
        like = discovery.likeness(counts, ever, lately)
        self.finder = Finder(self.shelves, like, self.shelves.factor, self.shelves.popularity)

    def _lines(self, part: Part, is_plain: bool) -> Any:
        return counted(part, self.since, self.until, PROMOTION if is_plain else None)

    def _look(self, number: int) -> tuple[int, Seen, Any, dict[Key, tuple[int, Any]]]:
        part, counts = self.histories.part(number), {}
        for is_plain in (False, True):
            lines = self._lines(part, is_plain)
            product = part.line_product[lines]
            receipts = int(np.count_nonzero(np.bincount(part.line_receipt[lines], minlength=1)))
            for level, item in self.goods.item.items():
                known = item[product]
                width = len(self.counters[level, is_plain].lines)
                counts[level, is_plain] = receipts, np.bincount(known[known >= 0], minlength=width)
        seen = shelves.look(part, self.until, self.goods.products)
        return len(part), seen, stock.sold(part, self.until, self.goods.products), counts

    def _multiply(self, number: int) -> tuple[int, dict[Key, Any], discovery.Together | None]:
        part, products = self.histories.part(number), {}
        for is_plain in (False, True):
            lines = self._lines(part, is_plain)
            for level, item in self.goods.item.items():
                products[level, is_plain] = self.counters[level, is_plain].product(baskets(part, lines, item))
        every = max(1, len(self.histories) // discovery.SAMPLE)
        is_sampled = number % every == 0 and len(part) > 0
        found = discovery.together(part, self.until, self.shelves) if is_sampled else None
        return len(part), products, found
