"""Loading without indexes: on empty tables it is several times faster to build them afterwards.

Indexes, primary keys, unique and foreign keys are read from the catalogue, dropped, and created again from their own
definitions; the state before and after is compared. CHECK constraints stay, so that every row is tested.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import DatabaseError


class NotRestored(DatabaseError):
    """The indexes and constraints after the load are not those before it."""


class Definition(NamedTuple):
    rank: int  # order of building: indexes, keys, foreign keys
    table: str
    name: str
    text: str


_CONSTRAINTS = """
SELECT CASE contype WHEN 'f' THEN 3 ELSE 2 END, conrelid::regclass::text, quote_ident(conname),
       pg_get_constraintdef(oid)
FROM pg_constraint
WHERE contype IN ('p', 'u', 'f') AND conparentid = 0
  AND (conrelid = ANY(%s::regclass[]) OR contype = 'f' AND confrelid = ANY(%s::regclass[]))
"""
_INDEXES = """
SELECT 1, indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid)
FROM pg_index
WHERE indrelid = ANY(%s::regclass[])
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
"""


def definitions(cursor: Any, tables: list[str]) -> list[Definition]:
    """All indexes of the tables, their keys, and the foreign keys from and to them."""
    cursor.execute(_INDEXES, [tables])
    found = cursor.fetchall()
    cursor.execute(_CONSTRAINTS, [tables, tables])
    return sorted(Definition(*row) for row in found + cursor.fetchall())


@contextmanager
def without_indexes(cursor: Any, tables: list[str]) -> Iterator[list[Definition]]:
    """Within the block the tables have no index. Must run in a transaction: a failure then leaves all as it was."""
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks still to come cannot be altered
    before = definitions(cursor, tables)
    for item in reversed(before):
        if item.rank == 1:
            cursor.execute(f"DROP INDEX {item.name}")
        else:
            cursor.execute(f"ALTER TABLE {item.table} DROP CONSTRAINT {item.name}")
    yield before
    for item in before:
        cursor.execute(
            item.text
            if item.rank == 1
            else f"ALTER TABLE {item.table} ADD CONSTRAINT {item.name} {item.text}"
        )
    if definitions(cursor, tables) != before:
        raise NotRestored("indexes or constraints differ after the load")
