"""How receiving talks to the database: prepared statements, one gate, retries where two appliers met."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import psycopg
from django.db import OperationalError, connection, transaction

Result = TypeVar("Result")
_UNIT = "\x1f"
TEXTS = r"string_to_array(%s, U&'\001F')"  # the other half of `packed`

_ENTER = (
    "SELECT pg_advisory_xact_lock_shared(%s), set_config('regulars.spoken',"
    " coalesce(nullif(current_setting('regulars.spoken', true), ''), ',') || 'customers,', true)"
)
GATE = 72_311_001  # advisory lock: appliers share it, a merge has it alone
TRIES = 8


class Again(Exception):
    """Somebody else wrote the same keys meanwhile: what was read is out of date, do it again from the start."""


def cursor() -> psycopg.Cursor[Any]:
    """A cursor that binds on the server, so that its statements are planned once (Django's own bind in the client)."""
    connection.ensure_connection()
    return psycopg.Cursor(connection.connection)


def enter(cur: Any) -> None:
    """Share the gate till the end of the transaction. Always the first statement: what is read after it holds.

    A merge moves purchases and identifiers from one customer to another. Locks on every identity row would keep it
    apart from appliers as well, at the price of a write per receipt; the gate costs nothing and a merge is rare.

    What is written behind it is in the inbox, or its act is recorded: change capture (`crm/audit/capture.py`) is told
    so in the same statement.
    """
    cur.execute(_ENTER, [GATE])


def have_alone(cur: Any) -> None:
    """Wait until no applier is at work and keep them out till the end of the transaction."""
    cur.execute("SELECT pg_advisory_xact_lock(%s)", [GATE])


def packed(texts: Iterable[str]) -> str:
    """Many texts as one parameter, for `string_to_array(%s, U&'\\001F')`: ten times as fast as an array of them.

    They must not be empty and not hold control characters, which nothing that came through a door does.
    """
    return _UNIT.join(texts)


def in_transaction(work: Callable[[Any], Result]) -> Result:
    """Run `work(cursor)` in a transaction of its own (or a savepoint), again when it met another applier."""
    for attempt in range(TRIES):
        try:
            with transaction.atomic():
                cur = cursor()
                enter(cur)
                return work(cur)
        except (Again, psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected):
            if attempt == TRIES - 1:
                raise
        except OperationalError as error:
            if attempt == TRIES - 1 or not isinstance(error.__cause__, psycopg.errors.DeadlockDetected):
                raise
    raise AssertionError("unreachable")
