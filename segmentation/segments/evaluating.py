"""Asking the database: who is in a tree, how many, and why.

`count` is the one way to a number: whatever answers it faster is put behind it.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import psycopg
from django.db import connection
from django.utils import timezone

from crm.org.scope import Viewer
from customers import nights
from customers.attributes import Moment
from segmentation.segments import compiling
from segmentation.segments.compiling import Query, Reach
from segmentation.segments.tree import Node, conditions

Engine = Callable[[Node, Viewer | None, Moment], int | None]
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
    """Slot: something that knows the number sooner. It answers None to what it cannot tell."""
    _engines.append(engine)


def count(tree: Node, viewer: Viewer | None, at: Moment) -> int:
    """How many living customers are in it, of those that the viewer sees (None: all)."""
    return counts([tree], viewer, at)[0]


def counts(trees: Sequence[Node], viewer: Viewer | None, at: Moment) -> list[int]:
    """The same of several: what no engine knows is counted in one statement."""
    told = [next((n for use in _engines if (n := use(tree, viewer, at)) is not None), None) for tree in trees]
    asked = [tree for tree, number in zip(trees, told, strict=True) if number is None]
    found = iter(_rows(compiling.counts(asked, at, reach_of(viewer)))[0] if asked else ())
    return [int(next(found)) if number is None else number for number in told]


def ids(
    tree: Node, at: Moment, *, viewer: Viewer | None = None, among: Sequence[int] | None = None
) -> list[int]:
    """Their row numbers, rising; `among` these alone."""
    reach = Reach(among, reach_of(viewer).store_ids)
    return [row[0] for row in _rows(compiling.ids(tree, at, reach))]


def some(tree: Node, viewer: Viewer | None, at: Moment, size: int) -> list[int]:
    """A few of them, spread over all: by a digest of the number, so that asking again shows the same."""
    return [row[0] for row in _rows(compiling.some(tree, at, reach_of(viewer), size))]


def values_of(tree: Node, customer_ids: Iterable[int], at: Moment) -> dict[int, list[Answer]]:
    """Of each of these customers, as far as they live, every condition with its value, in the tree's order.

    By the same expressions that decide who is in it: they cannot disagree.
    """
    asked = list(customer_ids)
    many = sum(1 for _one in conditions(tree))
    rows = _rows(compiling.answers(tree, at, Reach(asked))) if asked else []
    return {row[0]: [Answer(*row[1 + 2 * i : 3 + 2 * i]) for i in range(many)] for row in rows}


def _rows(query: Query) -> list[tuple[Any, ...]]:
    """Values are bound on the server, and each statement is planned for its own: no two are alike for long."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(query.sql, query.params, prepare=False)
        return cursor.fetchall()
