"""Statements of the hot paths, planned once.

Django's cursors put the values into the text, so the server plans every statement anew; for a statement that joins
a few tables through indexes the plan costs more than the work. These cursors bind on the server: from the fifth use on
a connection its plan is kept. The text must therefore not vary. (`DATABASE_PREPARED=0` turns it off, for transaction
poolers.)
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection

Parameters = Sequence[Any] | Mapping[str, Any]


def rows(sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
    """All rows. Runs in the present transaction, like any other statement; errors are Django's."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def row(sql: str, parameters: Parameters = ()) -> tuple[Any, ...] | None:
    """The first row, or None."""
    found = rows(sql, parameters)
    return found[0] if found else None
