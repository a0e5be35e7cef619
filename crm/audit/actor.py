"""Who acts, told to the database beforehand: whatever nobody records there still gets a name (`crm/audit/capture.py`).

Doors say it once a request, job or command. It travels with the BEGIN of each transaction, so it costs no round trip
and no query; a single UPDATE outside of a transaction gets one of its own, on watched tables only.
"""

import re
from collections.abc import Iterator
from contextvars import ContextVar, Token
from functools import lru_cache, partial
from typing import Any

import psycopg
from django.db import connections, transaction
from psycopg import generators
from psycopg.pq import ExecStatus, TransactionStatus

from crm.audit import registry

_SAFE = re.compile(r"[a-z][\w:. -]{0,79}", re.ASCII)  # such as "staff:12"; it stands in SQL
_WRITES = re.compile(
    r'\s*(?:UPDATE|INSERT\s+INTO|DELETE\s+FROM)\s+(?:ONLY\s+)?"?(\w+)', re.ASCII | re.IGNORECASE
)
_here: ContextVar[str | None] = ContextVar("audit_actor", default=None)
_process = ""


def current() -> str:
    """Such as "staff:12"; "" where nobody said."""
    told = _here.get()
    return _process if told is None else told


def say(name: str) -> Token[str | None]:
    """From here on `name` acts in this request or job."""
    token = _here.set(name)
    _tell_all()
    return token


def unsay(token: Token[str | None]) -> None:
    _here.reset(token)
    _tell_all()


def be(name: str) -> None:
    """Who acts in this process, unless somebody says more."""
    global _process  # noqa: PLW0603  one process is one thing
    _process = name


def tell(connection: Any, **_signal: Any) -> None:
    """Let each transaction of this connection begin with the name. Also when it comes out of the pool."""
    raw = connection.connection
    if not isinstance(raw, psycopg.Connection):
        return
    if _SAFE.fullmatch(name := current()):
        said = f"; SET LOCAL regulars.actor = '{name}'".encode()
        vars(raw)["_start_query"] = partial(_begin, raw, said)
    else:
        vars(raw).pop("_start_query", None)
    if _alone not in connection.execute_wrappers:
        connection.execute_wrappers.append(_alone)


def _begin(raw: Any, said: bytes) -> Iterator[Any]:
    """What psycopg does before the first statement of a transaction, with the name in the same message."""
    if raw.autocommit or raw.pgconn.transaction_status != TransactionStatus.IDLE:
        return
    if raw._pipeline:
        yield from type(raw)._start_query(raw)
        return
    raw.pgconn.send_query(raw._get_tx_start_command() + said)
    for result in (yield from generators.execute(raw.pgconn)):
        if result.status != ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(result)


def _tell_all() -> None:
    for connection in connections.all(initialized_only=True):
        tell(connection)


def _alone(execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """A statement that is its own transaction begins none that could carry the name: give it one."""
    connection = context["connection"]
    if connection.in_atomic_block or not isinstance(sql, str) or not current():
        return execute(sql, params, many, context)
    named = _WRITES.match(sql)
    if named is None or named[1] not in _watched() or not connection.get_autocommit():
        return execute(sql, params, many, context)
    with transaction.atomic(using=connection.alias):
        return execute(sql, params, many, context)


@lru_cache(maxsize=1)
def _watched() -> frozenset[str]:
    return frozenset(model._meta.db_table for model in registry.tracked())
