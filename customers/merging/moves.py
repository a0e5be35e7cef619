"""Moving owned rows from one customer to another, a few statements a table.

The customer of a row never changes: rows are deleted and inserted again with their ids, within one statement.
Every statement names the customers, so it stays with the two of them wherever rows are placed by customer.
"""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import psycopg
from django.apps import apps
from psycopg.types.json import JsonbLoader

from customers.merging.tables import Table, tables
from customers.receiving import database

Key = Any  # an id (int), or the columns of a key with their values


class Way(NamedTuple):
    giver: int
    taker: int


def cursor() -> psycopg.Cursor[Any]:
    """A cursor that reads JSON as values (Django's connections give it as text)."""
    cur = database.cursor()
    cur.adapters.register_loader("jsonb", JsonbLoader)
    return cur


def held(cur: Any, owner: int) -> set[str]:
    """Labels of the tables in which a customer has rows; one statement. Details count as their parents do."""
    found = [table for table in tables() if not table.parent]
    asked = " UNION ALL ".join(
        f"SELECT '{one.label}' WHERE EXISTS (SELECT FROM {one.name} WHERE customer_id = %(owner)s)"  # noqa: S608
        for one in found
    )
    cur.execute(asked, {"owner": owner})
    labels = {row[0] for row in cur.fetchall()}
    return labels | {one.label for one in tables() if one.parent and dict(one.links)[one.parent] in labels}


def all_of(cur: Any, table: Table, way: Way) -> list[Key]:
    """Everything that the giver owns goes to the taker; the keys of what went. Details are not named: they follow.

    Where the taker has a row of the same key (a tag that both had) theirs stays, and the giver's goes.
    """
    where = ""
    if table.parent:  # through the parents, moved or not yet
        to = dict(table.links)[table.parent]
        parents = f'SELECT id FROM "{_db_table(to)}" WHERE customer_id IN (%(giver)s, %(taker)s)'  # noqa: S608  our own names
        where = f'AND t."{table.parent}" IN ({parents})'
    cur.execute(_moving(table, where), way._asdict())
    return [] if table.parent else [row[0] for row in cur.fetchall()]


def some_of(cur: Any, table: Table, way: Way, keys: list[Key]) -> None:
    """The rows with these keys, as far as the giver still has them."""
    if not keys:
        return
    if table.is_numbered:
        linked_to(cur, table, way, "id", keys)
        return
    named = ", ".join(f't."{column}"' for column in table.key)
    wanted = ", ".join(f'"{column}"' for column in table.key)
    where = f"AND ({named}) IN (SELECT {wanted} FROM jsonb_populate_recordset(NULL::{table.name}, %(keys)s::jsonb))"  # noqa: S608
    cur.execute(_moving(table, where), way._asdict() | {"keys": json.dumps(keys)})


def linked_to(cur: Any, table: Table, way: Way, column: str, ids: Iterable[Any]) -> None:
    """The rows whose `column` names one of these ids."""
    where = f'AND t."{column}" = ANY(%(ids)s::bigint[])'
    cur.execute(_moving(table, where), way._asdict() | {"ids": list(ids)})


def renumber(cur: Any, table: Table, owner: int, ids: list[int]) -> None:
    """Give new ids to these rows of a customer, for another's are to come back under the old ones."""
    listed = ", ".join(f'"{column}"' for column in table.columns if column != "id")
    cur.execute(
        f"WITH gone AS (DELETE FROM {table.name} WHERE customer_id = %s AND id = ANY(%s::bigint[]) RETURNING *) "  # noqa: S608
        f"INSERT INTO {table.name} (customer_id, {listed}) SELECT customer_id, {listed} FROM gone",
        [owner, ids],
    )


def linked(cur: Any, table: Table, owner: int, column: str, ids: Iterable[int]) -> list[int]:
    """The ids of a customer's rows that link to one of these."""
    cur.execute(
        f'SELECT id FROM {table.name} WHERE customer_id = %s AND "{column}" = ANY(%s::bigint[])',  # noqa: S608
        [owner, list(ids)],
    )
    return [row[0] for row in cur.fetchall()]


def rows_of(cur: Any, table: Table, owner: int) -> list[dict[str, Any]]:
    """What a customer has in this table, each row whole but for the customer, as JSON."""
    cur.execute(
        f"SELECT coalesce(jsonb_agg(to_jsonb(t) - 'customer_id'), '[]') FROM {table.name} t WHERE customer_id = %s",  # noqa: S608
        [owner],
    )
    return list(cur.fetchone()[0])


def put(cur: Any, table: Table, owner: int, rows: list[dict[str, Any]]) -> list[Key]:
    """Give a customer these rows, as `rows_of` told them. What they have of the same key stays. Keys of what came."""
    if not rows:
        return []
    listed = ", ".join(f'"{column}"' for column in table.columns)
    cur.execute(
        f"INSERT INTO {table.name} (customer_id, {listed}) "  # noqa: S608
        f"SELECT %s, {listed} FROM jsonb_populate_recordset(NULL::{table.name}, %s::jsonb) ON CONFLICT DO NOTHING "
        f"RETURNING {_named(table)}",
        [owner, json.dumps(rows)],
    )
    return [row[0] for row in cur.fetchall()]


def take(cur: Any, table: Table, owner: int, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take these rows from a customer where they have them exactly as told; the rows that were taken."""
    if not rows:
        return []
    cur.execute(
        f"DELETE FROM {table.name} t WHERE t.customer_id = %s "  # noqa: S608
        "AND to_jsonb(t) - 'customer_id' IN (SELECT jsonb_array_elements(%s::jsonb)) "
        "RETURNING to_jsonb(t) - 'customer_id'",
        [owner, json.dumps(rows)],
    )
    return [row[0] for row in cur.fetchall()]


def _moving(table: Table, where: str) -> str:
    listed = ", ".join(f'"{column}"' for column in table.columns)
    conflict = "ON CONFLICT DO NOTHING" if table.is_united else ""
    return (
        f"WITH gone AS (DELETE FROM {table.name} AS t WHERE t.customer_id = %(giver)s {where} RETURNING *) "  # noqa: S608
        f"INSERT INTO {table.name} (customer_id, {listed}) SELECT %(taker)s, {listed} FROM gone {conflict} "
        f"RETURNING {_named(table)}"
    )


def _named(table: Table) -> str:
    if table.is_numbered:
        return "id"
    pairs = ", ".join(f"'{column}', \"{column}\"" for column in table.key)
    return f"jsonb_build_object({pairs})"


def _db_table(label: str) -> str:
    return str(apps.get_model(label)._meta.db_table)
