"""The stale queue: customers whose purchases changed since a night looked at them.

Every change of purchases appends its customers in its own transaction. `since` is the first business date that the
change is about; NULL says that anything may have changed. A night removes the rows that it has seen, in the transaction
that writes what follows from them; whoever appends later leaves a row for the next night.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from crm.lib.arrays import array_text

_SEEN = """
SELECT id, customer_id, coalesce(since - DATE '1970-01-01', 0)
FROM customers_stalestate WHERE customer_id >= %s AND customer_id < %s
"""


@dataclass(frozen=True)
class Queued:
    """Customers in their order, once each, and the first day that changed for them (0: any); `rows` stand for them."""

    customer: Any
    since: Any
    rows: Any


def seen(cursor: Any, low: int, high: int) -> Queued:
    """What of the customers in a range this snapshot shows."""
    cursor.execute(_SEEN, [low, high])
    found = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 3)
    customer, place = np.unique(found[:, 1], return_inverse=True)
    since = np.full(len(customer), np.iinfo(np.int64).max)
    np.minimum.at(since, place, found[:, 2])
    return Queued(customer, since, found[:, 0])


def drop(cursor: Any, queued: Queued) -> None:
    """Remove the rows that were seen, and no others."""
    if len(queued.rows):
        cursor.execute("DELETE FROM customers_stalestate WHERE id = ANY(%s)", [array_text(queued.rows)])


def customers() -> int:
    """How many customers wait."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT customer_id) FROM customers_stalestate")
        return int(cursor.fetchone()[0])
