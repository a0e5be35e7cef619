"""Which products are cheap, middling or dear within their category: thirds of the products by mean price paid."""

from datetime import date, timedelta
from typing import Any

import numpy as np

from crm.lib.copy import INT2, INT8, MONEY, read_all, write_columns
from crm.lib.statements import Statement
from customers.persona.reading import goods

TABLE = "customers_productprice"
REFRESHED_AFTER = timedelta(days=28)
FEWEST = 3  # products of a category, before thirds say something

_SOLD = """
SELECT product_id, (sum(amount) * 100)::bigint, (sum(quantity) * 1000)::bigint FROM customers_line GROUP BY product_id
"""
STATEMENTS = [Statement("persona.sold", _SOLD)]


def are_due(prices_on: date | None, on: date) -> bool:
    return prices_on is None or on - prices_on >= REFRESHED_AFTER


def refresh(cursor: Any) -> int:
    """Find every sold product's mean price and third anew; how many there are."""
    sold = read_all(cursor, _SOLD, {"product_id": INT8, "cents": INT8, "milli": INT8})
    mean = np.minimum(sold["cents"] * 1000 // sold["milli"], 10**12)
    kinds = goods(cursor).category
    columns = {
        "product_id": sold["product_id"],
        "mean": mean,
        "level": thirds(kinds[sold["product_id"]], mean),
    }
    cursor.execute(f"DELETE FROM {TABLE}")  # noqa: S608  our own name
    if len(mean):
        write_columns(cursor, TABLE, {"product_id": INT8, "mean": MONEY, "level": INT2}, columns)
    return len(mean)


def thirds(category: Any, price: Any) -> Any:
    """1, 2 or 3 by the share of the category's products that are cheaper; 0 without a category of three products.

    Products of one price are in one third, so a category with one price is all cheap: nobody pays more than others.
    """
    order = np.lexsort((price, category))
    ordered = category[order] * (int(price.max(initial=0)) + 1) + price[order]
    starts = np.searchsorted(category[order], category[order])
    cheaper = np.searchsorted(ordered, ordered) - starts
    n = np.searchsorted(category[order], category[order], side="right") - starts
    levels = np.where((n >= FEWEST) & (category[order] != 0), 1 + 3 * cheaper // np.maximum(n, 1), 0)
    found = np.empty(len(price), dtype=np.int64)
    found[order] = levels
    return found
