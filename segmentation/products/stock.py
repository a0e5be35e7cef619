"""What regulars will need of each product at each store, beside what was sold them in the weeks before."""

from typing import Any

import numpy as np

from customers.histories import Part

WEEK, BEFORE = 7, 4  # days; weeks before that one


class Sums:
    """Sums of columns by packed keys, put together piece by piece."""

    def __init__(self, columns: int) -> None:
        self.keys = np.zeros(0, dtype=np.int64)
        self.sums = np.zeros((columns, 0), dtype=np.int64)

    def add(self, keys: Any, *columns: Any) -> None:
        joined = np.concatenate([self.keys, keys])
        values = [np.concatenate([old, new]) for old, new in zip(self.sums, columns, strict=True)]
        self.keys, place = np.unique(joined, return_inverse=True)
        self.sums = np.array(
            [np.bincount(place, one, minlength=len(self.keys)).astype(np.int64) for one in values],
            dtype=np.int64,
        ).reshape(len(values), len(self.keys))

    def at(self, keys: Any) -> Any:
        """The sums at these keys, a row a column; 0 where there is none."""
        if not len(self.keys):
            return np.zeros((len(self.sums), len(keys)), dtype=np.int64)
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[place] == keys, self.sums[:, place], 0)


def sold(part: Part, until: int, products: int) -> tuple[Any, Any, Any]:
    """By store and product (packed) the quantity of the last week and of the weeks before it."""
    receipt = part.line_receipt
    age = until - part.receipt_day[receipt]
    inside = (age >= 0) & (age < WEEK * (1 + BEFORE))
    keys = part.receipt_store[receipt[inside]].astype(np.int64) * products + part.line_product[inside]
    milli, is_new = part.line_milli[inside], age[inside] < WEEK
    found = Sums(2)
    found.add(keys, milli * is_new, milli * ~is_new)
    return found.keys, *found.sums


def figures(due: Sums, before: Sums, products: int, kind: Any, night: int) -> dict[str, Any]:
    """Columns of the table."""
    week, earlier = before.at(due.keys)
    product = due.keys % products
    return {
        "night_id": np.full(len(due.keys), night), "store_id": due.keys // products, "product_id": product,
        "kind": kind[product], "customers": due.sums[0], "due": due.sums[1], "week": week,
        "usual": (earlier + BEFORE // 2) // BEFORE,
    }  # fmt: skip
