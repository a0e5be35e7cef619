"""Statements about one customer that Django compiles once: compiling some takes longer than the database's answer.

A query is built for a stand-in whose number no customer has; wherever that number stands among the parameters, the
customer's own is put. What a query takes from elsewhere (a filter, the chain's zone) must be part of its key.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from customers.models import Customer

STAND_IN = 4_611_686_018_427_387_847  # a bigint far above any number that a sequence gives
MOST = 128  # statements; beyond, all are forgotten


@dataclass(frozen=True)
class Compiled:
    """A statement and what it is sent with; the stand-in's number is at the `places`."""

    sql: str
    parameters: tuple[Any, ...]
    places: tuple[int, ...]

    def rows(self, customer_id: int) -> list[tuple[Any, ...]]:
        """As the driver gives them: JSON is text."""
        own = list(self.parameters)
        for place in self.places:
            own[place] = customer_id
        with connection.cursor() as cursor:
            cursor.execute(self.sql, own)
            return cursor.fetchall()


_kept: dict[Hashable, Compiled | None] = {}


def compiled(
    key: Hashable, build: Callable[[Customer], QuerySet[Any, tuple[Any, ...]] | None]
) -> Compiled | None:
    """The statement of this key; None if there is nothing to ask. `build` is given the stand-in."""
    if key not in _kept:
        if len(_kept) >= MOST:
            _kept.clear()
        query = build(Customer(pk=STAND_IN))
        _kept[key] = None if query is None else _compiled(query)
    return _kept[key]


def forget() -> None:
    """For tests, in which what an app has registered comes and goes."""
    _kept.clear()


def _compiled(query: QuerySet[Any, tuple[Any, ...]]) -> Compiled:
    sql, parameters = query.query.sql_with_params()
    places = tuple(place for place, value in enumerate(parameters) if value == STAND_IN)
    if not places or str(STAND_IN) in sql:
        raise ValueError("a statement that does not ask for its customer by a parameter")
    return Compiled(sql, tuple(parameters), places)
