"""Whose persona is to be computed again. Rows come with their cause and go with their effect."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from crm.lib.arrays import array_text
from crm.lib.copy import DATE, INT8, write_columns

TABLE = "customers_personadue"
_SEEN = """
SELECT id, customer_id FROM customers_personadue
WHERE customer_id >= %s AND customer_id < %s AND (due_on IS NULL OR due_on <= %s)
"""
# A night that is taken back had consumed the rows of those whose persona it changed.
_AGAIN = """
INSERT INTO customers_personadue (customer_id)
SELECT DISTINCT customer_id FROM customers_persona WHERE night_id = %(night)s OR ended_night = %(night)s
"""


@dataclass(frozen=True)
class Due:
    """Customers in their order, once each; `rows` stand for them."""

    customer: Any
    rows: Any


def add(cursor: Any, ids: Any) -> None:
    """Their purchases changed: the next night computes them again."""
    if len(ids):
        write_columns(cursor, TABLE, {"customer_id": INT8}, {"customer_id": ids})


def add_for(cursor: Any, ids: Any, days: Any) -> None:
    """A purchase of theirs is of a day to come: compute them again when it is there."""
    if len(ids):
        write_columns(
            cursor, TABLE, {"customer_id": INT8, "due_on": DATE}, {"customer_id": ids, "due_on": days}
        )


def seen(cursor: Any, low: int, high: int, on: date) -> Due:
    """Who of a range is due on a date."""
    cursor.execute(_SEEN, [low, high, on])
    found = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 2)
    return Due(np.unique(found[:, 1]), found[:, 0])


def drop(cursor: Any, due: Due) -> None:
    """Remove the rows that were seen, and no others."""
    if len(due.rows):
        cursor.execute(f"DELETE FROM {TABLE} WHERE id = ANY(%s)", [array_text(due.rows)])  # noqa: S608  our own name


def add_again(cursor: Any, night: int) -> None:
    cursor.execute(_AGAIN, {"night": night})
