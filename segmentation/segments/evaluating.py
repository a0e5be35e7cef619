"""Asking the database: who is in a tree, how many, and why.

`count` is the one way to a number: whatever answers it faster is put behind it.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple, Protocol

import psycopg
from django.db import connection
from django.utils import timezone

from crm.org.scope import Viewer
from customers import nights
from customers.attributes import Moment
from segmentation.segments import compiling
from segmentation.segments.compiling import Query, Reach
from segmentation.segments.tree import Node, conditions


class Engine(Protocol):
    """Something that knows numbers sooner than the database (the shelf). None: ask the database."""

    def counts(self, trees: Sequence[Node], viewer: Viewer | None, at: Moment) -> list[int] | None: ...

    def everybody(self, tree: Node, at: Moment) -> list[int] | None: ...

    def some(self, tree: Node, viewer: Viewer | None, at: Moment, size: int) -> list[int] | None: ...


_engines: list[Engine] = []


class Answer(NamedTuple):
    """What a condition found of a customer. `value`: None is not known."""

    value: Any
    holds: bool


def moment() -> Moment:
    """Now: today in the chain's zone, and the published night."""
    night = nights.published()
    return Moment(today(), night.pk if night else 0)


def today() -> date:
    return nights.last_business_date(timezone.now()) + timedelta(days=1)


def reach_of(viewer: Viewer | None) -> Reach:
    """The customers of the stores that somebody sees; None: all."""
    return Reach(store_ids=viewer.scope().store_ids if viewer else None)


def use(engine: Engine) -> None:
    """Slot: asked first."""
    _engines[:] = [engine]


def count(tree: Node, viewer: Viewer | None, at: Moment) -> int:
    """How many living customers are in it, of those that the viewer sees (None: all)."""
    return counts([tree], viewer, at)[0]


def counts(trees: Sequence[Node], viewer: Viewer | None, at: Moment) -> list[int]:
    """The same of several, in one statement where the database is asked."""
    for engine in _engines:
        if (told := engine.counts(trees, viewer, at)) is not None:
            return told
    return [int(number) for number in rows(compiling.counts(trees, at, reach_of(viewer)))[0]]


def ids(
    tree: Node, at: Moment, *, viewer: Viewer | None = None, among: Sequence[int] | None = None
) -> list[int]:
    """Their row numbers, rising; `among` these alone."""
    reach = Reach(among, reach_of(viewer).store_ids)
    return [row[0] for row in rows(compiling.ids(tree, at, reach))]


def everybody(tree: Node, at: Moment) -> list[int]:
    """The row numbers of all who are in it, of the whole chain, rising."""
    for engine in _engines:
        if (told := engine.everybody(tree, at)) is not None:
            return told
    return ids(tree, at)


def some(tree: Node, viewer: Viewer | None, at: Moment, size: int) -> list[int]:
    """A few of them, spread over all; asking again shows the same."""
    for engine in _engines:
        if (told := engine.some(tree, viewer, at, size)) is not None:
            return told
    return [row[0] for row in rows(compiling.some(tree, at, reach_of(viewer), size))]


def values_of(tree: Node, customer_ids: Iterable[int], at: Moment) -> dict[int, list[Answer]]:
    """Of each of these customers, as far as they live, every condition with its value, in the tree's order.

    By the same expressions that decide who is in it: they cannot disagree.
    """
    asked = list(customer_ids)
    many = sum(1 for _one in conditions(tree))
    found = rows(compiling.answers(tree, at, Reach(asked))) if asked else []
    return {row[0]: [Answer(*row[1 + 2 * i : 3 + 2 * i]) for i in range(many)] for row in found}


def rows(query: Query) -> list[tuple[Any, ...]]:
    """What a statement finds. Values are bound on the server, and each statement is planned for its own: no two are
    alike for long."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(query.sql, query.params, prepare=False)
        return cursor.fetchall()
