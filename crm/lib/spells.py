"""Writing spells: rows that hold from one night (`night_id`) until another (`ended_night`, NULL: still).

Only what changed is written. A night that is not published yet can be taken back without a trace: it is the only one
that wrote its number.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np

from crm.lib.arrays import array_text
from crm.lib.copy import DATE, INT8, Type, write_columns
from crm.lib.statements import Statement

EPOCH = date(1970, 1, 1)
IDS = list(range(1, 9))

CLOSE = "UPDATE {table} SET ended_night = %(night)s WHERE customer_id = ANY(%(ids)s) AND ended_night IS NULL"
CLOSE_DATED = (
    "UPDATE {table} SET ended_night = %(night)s, ended_on = %(ended_on)s"
    " WHERE customer_id = ANY(%(ids)s) AND ended_night IS NULL"
)


def close(cursor: Any, table: str, ids: Any, night: int) -> None:
    """End the open spells of these customers with this night."""
    if len(ids):
        cursor.execute(CLOSE.format(table=table), {"night": night, "ids": array_text(ids)})


def close_dated(cursor: Any, table: str, ids: Any, night: int, ended: Any) -> None:
    """The same for dated spells; `ended` are days since 1970, one a customer. One statement a distinct day."""
    for day in np.unique(ended):
        values = {"night": night, "ended_on": as_date(day), "ids": array_text(ids[ended == day])}
        cursor.execute(CLOSE_DATED.format(table=table), values)


def write(cursor: Any, table: str, types: Mapping[str, Type], columns: Mapping[str, Any]) -> int:
    """Add rows; columns that are not named are NULL."""
    return write_columns(cursor, table, types, columns) if len(next(iter(columns.values()))) else 0


def take_back(cursor: Any, table: str, night: int, *, is_dated: bool = False) -> None:
    """Remove all that an unpublished night wrote."""
    cursor.execute(f"DELETE FROM {table} WHERE night_id = %s", [night])  # noqa: S608  a table of ours
    dated = ", ended_on = NULL" if is_dated else ""
    cursor.execute(f"UPDATE {table} SET ended_night = NULL{dated} WHERE ended_night = %s", [night])  # noqa: S608


def as_date(day: int) -> date:
    """The date of a day number (days since 1970-01-01), as the columns hold it."""
    return EPOCH + timedelta(days=int(day))


def day_number(on: date) -> int:
    return (on - EPOCH).days


def statements(table: str, *, is_dated: bool = False) -> list[Statement]:
    """What this module runs on a table, for the proofs of scale-out."""
    closing = CLOSE_DATED if is_dated else CLOSE
    values = {"night": 2, "ids": IDS, **({"ended_on": date(2026, 1, 1)} if is_dated else {})}
    return [Statement(f"{table}.close", closing.format(table=table), values)]


__all__ = [
    "DATE",
    "INT8",
    "as_date",
    "close",
    "close_dated",
    "day_number",
    "statements",
    "take_back",
    "write",
]
