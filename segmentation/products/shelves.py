"""What sells where: buyers of each product, in the chain and by store, lately and in all.

Only the products that most people buy are looked at, MOST_PRODUCTS of them: others are never suggested as something
new, and count as not popular. So stores × products is a table of bounded size.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from customers.histories import Part
from segmentation.products.baskets import once

MOST_PRODUCTS = 4_000
LATELY = 56  # days; chosen on earlier weeks, see docs/algorithms/products.md
STEADY = 100_000.0  # buyings by which the chain's shares steady those of a store
FEW_BUYERS = 20.0  # of a good with fewer, what they also bought is mostly chance
EXPECTED = 3.0  # rule of three: where three were to be expected and nobody came, it is not sold


@dataclass(frozen=True)
class Seen:
    """Buyers of the customers of a part: in all and lately by product; lately by (store, product)."""

    ever: Any
    lately: Any
    store: Any
    product: Any
    buyers: Any


def look(part: Part, until: int, products: int) -> Seen:
    receipt = part.line_receipt
    day, product = part.receipt_day[receipt], part.line_product.astype(np.int64)
    owner = part.owner[receipt]
    past, late = day <= until, (day <= until) & (day > until - LATELY)
    ever = np.bincount(once(owner[past], product[past])[1], minlength=products)
    lately = np.bincount(once(owner[late], product[late])[1], minlength=products)
    place = part.receipt_store[receipt[late]].astype(np.int64) * products + product[late]
    packed, buyers = np.unique(once(owner[late], place)[1], return_counts=True)
    return Seen(ever, lately, packed // products, packed % products, buyers)


class Sales:
    """The sum of what the parts saw."""

    def __init__(self, products: int) -> None:
        self.products = products
        self.ever, self.lately = np.zeros(products, dtype=np.int64), np.zeros(products, dtype=np.int64)
        self.at: dict[int, Any] = {}

    def add(self, seen: Seen) -> None:
        self.ever += seen.ever
        self.lately += seen.lately
        for store in np.unique(seen.store).tolist():
            rows = seen.store == store
            if store not in self.at:
                self.at[store] = np.zeros(self.products, dtype=np.int32)
            self.at[store][seen.product[rows]] += seen.buyers[rows].astype(np.int32)

    def shelves(self, most: int = MOST_PRODUCTS) -> "Shelves":
        weight = 3 * self.lately + self.ever
        kept = np.argsort(-weight, kind="stable")[:most]
        kept = np.sort(kept[weight[kept] > 0])
        place = np.full(self.products, -1, dtype=np.int64)
        place[kept] = np.arange(len(kept))
        stores = sorted(self.at)
        buyers = np.array([self.at[store][kept] for store in stores], dtype=np.float32)
        row = np.zeros(max(stores, default=0) + 1, dtype=np.int64)
        row[stores] = np.arange(1, len(stores) + 1)
        nowhere = np.zeros((1, len(kept)), dtype=np.float32)
        table = np.vstack([nowhere, buyers]) if stores else nowhere
        return Shelves(kept, place, self.ever[kept], self.lately[kept], row, table)


@dataclass(frozen=True)
class Shelves:
    """`kept`: the products, rising; `place` leads back. `table`: buyers lately by store (row 0: no store known, or one
    that sold nothing) and product."""

    kept: Any
    place: Any
    ever: Any
    lately: Any
    row: Any
    table: Any

    def rows(self, store: Any) -> Any:
        return np.where(store < len(self.row), self.row[np.minimum(store, len(self.row) - 1)], 0)

    @property
    def factor(self) -> Any:
        """How much more a product sells in a store than in the chain, steadied: 1 where nothing is known."""
        share = np.maximum(self.lately / max(1, int(self.lately.sum())), 1e-12)
        sold = self.table.sum(axis=1, keepdims=True)
        return ((self.table + STEADY * share) / (sold + STEADY) / share).astype(np.float32)

    @property
    def popularity(self) -> Any:
        """0 to 1: the logarithm of the buyers that a store can expect, as a part of its best."""
        share = self.lately / max(1, int(self.lately.sum()))
        expected = (
            self.factor
            * share
            * max(1, int(self.lately.max(initial=0)))
            / max(float(share.max(initial=0)), 1e-12)
        )
        told = np.log1p(expected)
        return (told / np.maximum(told.max(axis=1, initial=0, keepdims=True), 1e-9)).astype(np.float32)

    @property
    def telling(self) -> Any:
        """What turns the similarity of a good with another into the share of its buyers who bought the other lately,
        steadied: what half of the customers buy goes with everything and explains nothing, nor do three buyers."""
        return np.sqrt(self.ever) / (self.ever + FEW_BUYERS)

    @property
    def absent(self) -> Any:
        """Not sold there: nobody bought it lately where at least EXPECTED would have, were the store like the chain.

        With three expected the chance of none is one in twenty (Hanley & Lippman-Hand, JAMA 249, 1983)."""
        share = self.lately / max(1, int(self.lately.sum()))
        expected = self.table.sum(axis=1, keepdims=True) * share
        return (self.table == 0) & (expected >= EXPECTED)
