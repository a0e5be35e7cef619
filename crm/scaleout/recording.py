"""What a piece of code says to the database, statement by statement, whichever cursor it uses.

Django binds values in the client, our hot paths on the server, bulk work copies. All of them end in psycopg, so that
is where the recorder listens. It may ask a question about each statement just before it runs, when temporary tables and
rows of the same transaction are there.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import psycopg
from psycopg import sql

PLACEHOLDER = re.compile(r"%(?:\((?P<name>[^)]+)\)[sbt]|[sbt]|%)")
COPY_OUT = re.compile(r"\s*COPY\s*\((?P<query>.*)\)\s*TO\s+STDOUT.*", re.IGNORECASE | re.DOTALL)
QUERY = re.compile(
    r"\s*(--[^\n]*\n\s*)*\(*\s*(SELECT|INSERT|UPDATE|DELETE|WITH|VALUES|MERGE)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Executed:
    """A statement with $1, $2 … and its values in that order."""

    sql: str
    values: tuple[Any, ...] = ()

    @property
    def is_query(self) -> bool:
        """Whether the statement has a plan (SET, SAVEPOINT, COPY FROM, DDL have none)."""
        return QUERY.match(self.sql) is not None

    def __str__(self) -> str:
        return " ".join(self.sql.split())


@dataclass
class Recording:
    statements: list[Executed] = field(default_factory=list)

    @property
    def queries(self) -> list[Executed]:
        return [statement for statement in self.statements if statement.is_query]


@contextmanager
def recording(ask: Callable[[Executed], None] | None = None) -> Iterator[Recording]:
    """Keeps all statements of this thread's connections that run inside. `ask` is called before each query."""
    kept = Recording()
    is_asking = False

    def note(query: Any, values: Any, cursor: Any) -> None:
        nonlocal is_asking
        if is_asking:
            return
        executed = numbered(_text(query, cursor), values)
        kept.statements.append(executed)
        if ask is not None and executed.is_query:
            is_asking = True
            try:
                ask(executed)
            finally:
                is_asking = False

    def listening(method: Callable[..., Any]) -> Callable[..., Any]:
        def said(self: Any, query: Any, params: Any = None, *more: Any, **options: Any) -> Any:
            note(query, params, self)
            return method(self, query, params, *more, **options)

        return said

    with (
        patch.object(psycopg.Cursor, "execute", listening(psycopg.Cursor.execute)),
        patch.object(psycopg.Cursor, "copy", listening(psycopg.Cursor.copy)),
        patch.object(psycopg.ServerCursor, "execute", listening(psycopg.ServerCursor.execute)),
    ):
        yield kept


def numbered(text: str, values: Sequence[Any] | Mapping[str, Any] | None = None) -> Executed:
    """A statement in psycopg's spelling as one in PostgreSQL's own, as PREPARE wants it."""
    if match := COPY_OUT.fullmatch(text):
        text = match["query"]
    if values is None:
        return Executed(text)
    names: list[Any] = []

    def number(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        name = match["name"] if isinstance(values, Mapping) else len(names)
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    converted = PLACEHOLDER.sub(number, text)
    return Executed(converted, tuple(values[name] for name in names))


def _text(query: Any, cursor: Any) -> str:
    if isinstance(query, sql.Composable):
        return query.as_string(cursor)
    return query.decode() if isinstance(query, bytes) else str(query)
