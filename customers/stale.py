"""The stale queue: customers whose purchases changed since a night looked at them.

Every change of purchases appends its customers in its own transaction. `since` is the first business date that the
change is about; NULL says that anything may have changed. A night removes the rows that it has seen, in the transaction
that writes what follows from them; whoever appends later leaves a row for the next night.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

_TAKE = """
DELETE FROM customers_stalestate WHERE customer_id >= %s AND customer_id < %s
RETURNING customer_id, coalesce(since - DATE '1970-01-01', 0)
"""
_SEEN = "SELECT id FROM customers_stalestate WHERE customer_id >= %s AND customer_id < %s"


@dataclass(frozen=True)
class Queued:
    """Customers in their order, once each, and the first day that changed for them (0: any)."""

    customer: Any
    since: Any


def take(cursor: Any, low: int, high: int) -> Queued:
    """Remove the rows of the customers in a range, and say whose they were."""
    cursor.execute(_TAKE, [low, high])
    rows = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 2)
    customer, place = np.unique(rows[:, 0], return_inverse=True)
    since = np.full(len(customer), np.iinfo(np.int64).max)
    np.minimum.at(since, place, rows[:, 1])
    return Queued(customer, since)


def seen(cursor: Any, low: int, high: int) -> list[int]:
    """The rows of the customers in a range that this snapshot shows."""
    cursor.execute(_SEEN, [low, high])
    return [row[0] for row in cursor.fetchall()]


def drop(cursor: Any, rows: list[int]) -> None:
    if rows:
        cursor.execute("DELETE FROM customers_stalestate WHERE id = ANY(%s)", [rows])


def customers() -> int:
    """How many customers wait."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT customer_id) FROM customers_stalestate")
        return int(cursor.fetchone()[0])
