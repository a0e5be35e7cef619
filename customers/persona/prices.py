"""Which products are cheap, middling or dear within their category: thirds of the products by mean price paid."""

from datetime import date, timedelta
from typing import Any

import numpy as np

from crm.lib.copy import INT2, INT8, MONEY, read_columns, write_columns
from crm.lib.statements import Statement
from customers.persona.reading import goods

TABLE = "customers_productprice"
REFRESHED_AFTER = timedelta(days=28)
FEWEST = 3  # products of a category, before thirds say something

# Summed by customer where their lines are, and by product here, block after block.
_SOLD = """
SELECT product_id, (sum(amount) * 100)::bigint, (sum(quantity) * 1000)::bigint
FROM customers_line GROUP BY customer_id, product_id
"""
_TYPES = {"product": INT8, "cents": INT8, "milli": INT8}
STATEMENTS = [Statement("persona.sold", _SOLD)]


def are_due(prices_on: date | None, on: date) -> bool:
    return prices_on is None or on - prices_on >= REFRESHED_AFTER


def refresh(cursor: Any) -> int:
    """Find every sold product's mean price and third anew; how many there are."""
    kinds = goods(cursor).category
    cents, milli = np.zeros(len(kinds), dtype=np.int64), np.zeros(len(kinds), dtype=np.int64)
    for block in read_columns(cursor, _SOLD, _TYPES):
        np.add.at(cents, block["product"], block["cents"])
        np.add.at(milli, block["product"], block["milli"])
    sold = np.flatnonzero(milli)
    mean = np.minimum(cents[sold] * 1000 // milli[sold], 10**12)
    columns = {"product_id": sold, "mean": mean, "level": thirds(kinds[sold], mean)}
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
