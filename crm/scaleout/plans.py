"""Asking the partition twin for plans, and which partitions they need."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from django.db import connection, transaction
from psycopg.adapt import PyFormat, Transformer

from crm.scaleout.placement import Placement, distribution
from crm.scaleout.recording import Executed

Mode = Literal["custom", "generic"]
Node = dict[str, Any]
REMAINDER = re.compile(r"remainder (\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Leaf:
    """A partition of a spread table. `group`: tables placed by the same key stand together."""

    table: str
    group: str
    number: int


@dataclass(frozen=True)
class Map:
    """The twin's partitions by name."""

    leaves: Mapping[str, Leaf]
    places: Mapping[str, Placement]


def partition_map() -> Map:
    """Read from the database, so of any number of partitions. Empty on a plain one."""
    places = distribution()
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.relname, p.relname, pg_get_expr(c.relpartbound, c.oid)
               FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
               WHERE c.relkind = 'r' AND p.relname = ANY(%s)""",
            [[name for name, placement in places.items() if placement.is_spread]],
        )
        rows = cursor.fetchall()
    leaves = {}
    for name, table, bound in rows:
        group = "customer" if places[table].is_with_customer else table
        match = REMAINDER.search(bound)
        assert match is not None, bound
        leaves[name] = Leaf(table, group, int(match[1]))
    return Map(leaves, places)


def plan(statement: Executed, mode: Mode, **settings: str) -> Node:
    """The plan of a statement, not run. A generic plan is what a prepared statement keeps for all values.

    `settings` hold for this plan only, such as enable_hashagg="off".
    """
    connection.ensure_connection()
    settings = {"plan_cache_mode": f"force_{mode}_plan", **settings}
    cursor = psycopg.ClientCursor(connection.connection)
    with (
        transaction.atomic()
    ):  # a savepoint inside a transaction: a statement that does not plan spoils nothing
        for name, value in settings.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        try:
            cursor.execute(_prepare(statement))
            places = ", ".join(["%s"] * len(statement.values))
            cursor.execute(
                f"EXPLAIN (FORMAT JSON, VERBOSE) EXECUTE examined{f'({places})' if places else ''}",
                statement.values,
            )
            row = cursor.fetchone()
        finally:
            _forget(cursor)
        for name in settings:
            cursor.execute(f"SET LOCAL {name} TO DEFAULT")
    assert row is not None
    return dict(_json(row[0])[0]["Plan"])


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str | bytes) else value


def _prepare(statement: Executed) -> str:
    types = ", ".join(_types(statement.values))
    return f"PREPARE examined{f' ({types})' if types else ''} AS {statement.sql}"


def _types(values: tuple[Any, ...]) -> Iterator[str]:
    """The types that binding on the server would announce."""
    transformer = Transformer(connection.connection)
    names = {0: "unknown"}
    with connection.cursor() as cursor:
        for value in values:
            oid = 0 if value is None else transformer.get_dumper(value, PyFormat.AUTO).oid
            if oid not in names:
                cursor.execute("SELECT format_type(%s, NULL)", [oid])
                names[oid] = cursor.fetchone()[0]
            yield names[oid]


def _forget(cursor: Any) -> None:
    if cursor.connection.info.transaction_status != psycopg.pq.TransactionStatus.INERROR:
        cursor.execute("DEALLOCATE ALL")


def touched(node: Node, among: Map) -> dict[str, set[int]]:
    """Spread tables that the plan reads or changes, with the numbers of the partitions.

    Rows that are only inserted find their partition one by one and are not counted.
    """
    found: dict[str, set[int]] = {}
    for each in walk(node):
        leaf = among.leaves.get(each.get("Relation Name", ""))
        if leaf is not None:
            found.setdefault(leaf.table, set()).add(leaf.number)
    return found


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.get("Plans", ()):
        yield from walk(child)
