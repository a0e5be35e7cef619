"""Baskets as columns: which items were in which basket, each once, whatever the level of the catalogue."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from customers.histories import Part


@dataclass(frozen=True)
class Baskets:
    """`item[k]` was in basket `basket[k]`: sorted, each pair once. `count`: all baskets, those without an item too."""

    count: int
    basket: Any  # int64
    item: Any  # int64


def between(part: Part, low: int, high: int) -> Part:
    """The part of those customers whose place is in [low, high)."""
    a, b = (int(at) for at in part.first[[low, high]])
    c, d = (int(at) for at in part.line_first[[a, b]])
    receipts = {name: getattr(part, name)[a:b] for name in vars(part) if name.startswith("receipt_")}
    lines = {
        name: getattr(part, name)[c:d]
        for name in vars(part)
        if name.startswith("line_") and name != "line_first"
    }
    return replace(
        part, customer=part.customer[low:high], first=part.first[low : high + 1] - a,
        line_first=part.line_first[a : b + 1] - c, **receipts, **lines,
    )  # fmt: skip


def counted(part: Part, since: int, until: int, most_off: float | None = None) -> Any:
    """Which lines count: of receipts from day `since` to `until`; with `most_off` only those whose discount took no
    more than that share off the price."""
    day = part.receipt_day
    is_inside = ((day >= since) & (day <= until))[part.line_receipt]
    if most_off is None:
        return is_inside
    return is_inside & (part.line_kept_discount <= most_off * (part.line_cents + part.line_kept_discount))


def baskets(part: Part, lines: Any, item_of: Any) -> Baskets:
    """Of the lines that count. `item_of`: by number of a product its item, below 0 where it has none."""
    receipt, item = part.line_receipt[lines], item_of[part.line_product[lines]]
    starts = np.append(True, receipt[1:] != receipt[:-1])[: len(receipt)]
    known = item >= 0
    basket = (np.cumsum(starts) - 1)[known]
    return Baskets(int(starts.sum()), *once(basket, item[known]))


def once(first: Any, second: Any) -> tuple[Any, Any]:
    """The distinct pairs of two columns of whole numbers, in order. Sorting beats hashing for numbers in near order."""
    width = int(second.max(initial=0)) + 1
    packed = first.astype(np.int64) * width + second
    packed.sort()
    packed = packed[np.append(True, packed[1:] != packed[:-1])[: len(packed)]]
    return packed // width, packed % width


def matrix(rows: int, columns: int, row: Any, column: Any, values: Any = None) -> Any:
    """A sparse matrix (CSR) of sorted, distinct places; ones where no values are given."""
    from scipy import sparse

    starts = np.append(0, np.cumsum(np.bincount(row, minlength=rows)))
    data = np.ones(len(column), dtype=np.int32) if values is None else values
    return sparse.csr_matrix((data, column, starts), shape=(rows, columns))
