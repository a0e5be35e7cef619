"""What falls due by the clock alone, for all members: what vests and what has ended.

Runs may be interrupted, repeated and overlap: each looks again under the locks of the accounts, so what another has
done is not there any more. Nothing depends on a run: `upkeep` does the same for one account when it is used.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from crm.lib.statements import Statement
from customers.receiving import database
from loyalty.ledger import accounts, bulk, upkeep
from loyalty.models import Unit

SLICE = 2000


@dataclass(frozen=True)
class Done:
    """What a slice did: accounts and points."""

    accounts: int
    points: int


@dataclass(frozen=True)
class Run:
    """How whose turn it is is found, and how a slice of accounts is written: movements, then their traces."""

    due: Statement
    move: Statement
    trace: Statement


def vest_due(*, at: datetime, by: str = "system:vesting") -> Iterator[Done]:
    """Make available what has vested, a slice of accounts a transaction; then it pays what is owed."""
    yield from _run(VESTING, at, by)


def expire_due(*, at: datetime, by: str = "system:expiry") -> Iterator[Done]:
    """Expire what has ended, a slice of accounts a transaction."""
    yield from _run(EXPIRY, at, by)


def _run(run: Run, at: datetime, by: str) -> Iterator[Done]:
    for unit in Unit.values:
        after = 0
        while found := _due(run.due, unit, at, after):
            after = found[-1]
            yield _slice(run, found, unit, at, by)


def _due(due: Statement, unit: int, at: datetime, after: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(due.sql, {"unit": unit, "at": at, "after": after, "slice": SLICE})
        return [row[0] for row in cursor.fetchall()]


def _slice(run: Run, customer_ids: list[int], unit: int, at: datetime, by: str) -> Done:
    with transaction.atomic():
        accounts.enter()
        cur: Any = database.cursor()
        owing = bulk.lock(cur, customer_ids, unit)
        these = {"customers": customer_ids, "unit": unit, "at": at}
        cur.execute(run.move.sql, these | {"actor": by})
        moved = cur.fetchall()
        cur.execute(run.trace.sql, these | {"movements": [movement for movement, _points in moved]})
        for customer_id in sorted(owing):
            upkeep.settle(accounts.locked(customer_id, unit), at, by)
        return Done(len(moved), sum(points for _movement, points in moved))


_DUE = {"unit": "1", "at": "2026-03-10T04:00Z", "after": "0", "slice": "10"}
_WRITE = {"customers": "{1}", "unit": "1", "at": "2026-03-10T04:00Z"}
_VESTED = "l.unit = %(unit)s AND l.pending > 0 AND l.vests_at <= %(at)s"
DUE_TO_VEST = Statement(
    "loyalty.due_to_vest",
    """
SELECT DISTINCT customer_id FROM loyalty_lot
WHERE unit = %(unit)s AND pending > 0 AND vests_at <= %(at)s AND customer_id > %(after)s
ORDER BY customer_id LIMIT %(slice)s
""",
    _DUE,
)
DUE_TO_EXPIRE = Statement(
    "loyalty.due_to_expire",
    """
SELECT DISTINCT customer_id FROM (
    SELECT customer_id FROM loyalty_lot
    WHERE unit = %(unit)s AND available > 0 AND expires_at <= %(at)s AND customer_id > %(after)s
    UNION ALL
    SELECT b.customer_id FROM loyalty_balance b
    JOIN loyalty_lot l ON l.customer_id = b.customer_id AND l.unit = b.unit AND l.is_extended AND l.available > 0
    WHERE b.unit = %(unit)s AND b.extended_to <= %(at)s AND b.customer_id > %(after)s
) due
ORDER BY customer_id LIMIT %(slice)s
""",
    _DUE,
)
MOVE_VESTED = Statement(
    "loyalty.vest",
    f"""
INSERT INTO loyalty_movement (customer_id, unit, kind, source, occurred_at, actor, available, pending)
SELECT l.customer_id, %(unit)s, 2, 'vest:' || gen_random_uuid(), %(at)s, %(actor)s, sum(l.pending)::bigint,
    -sum(l.pending)::bigint
FROM loyalty_lot l
WHERE l.customer_id = ANY(%(customers)s::bigint[]) AND {_VESTED}
GROUP BY l.customer_id
RETURNING id, available
""",  # noqa: S608
    _WRITE | {"actor": "system:vesting"},
)
TRACE_VESTED = Statement(
    "loyalty.trace_vested",
    f"""
INSERT INTO loyalty_trace (customer_id, movement_id, lot_id, available, pending)
SELECT l.customer_id, m.id, l.id, l.pending, -l.pending
FROM loyalty_lot l
JOIN loyalty_movement m ON m.customer_id = l.customer_id AND m.id = ANY(%(movements)s::bigint[])
WHERE l.customer_id = ANY(%(customers)s::bigint[]) AND {_VESTED}
""",  # noqa: S608
    _WRITE | {"movements": "{1}"},
)
_ENDED = """
FROM loyalty_lot l
JOIN loyalty_balance b ON b.customer_id = l.customer_id AND b.unit = l.unit{more}
WHERE l.customer_id = ANY(%(customers)s::bigint[]) AND l.unit = %(unit)s AND l.available > 0
    AND CASE WHEN l.is_extended THEN b.extended_to ELSE l.expires_at END <= %(at)s
"""
MOVE_ENDED = Statement(
    "loyalty.expire",
    """
INSERT INTO loyalty_movement (customer_id, unit, kind, source, occurred_at, actor, available, contra)
SELECT l.customer_id, %(unit)s, 7, 'expire:' || gen_random_uuid(), %(at)s, %(actor)s, -sum(l.available)::bigint,
    sum(l.available)::bigint"""
    + _ENDED.format(more="")
    + "GROUP BY l.customer_id RETURNING id, contra",
    _WRITE | {"actor": "system:expiry"},
)
TRACE_ENDED = Statement(
    "loyalty.trace_ended",
    """
INSERT INTO loyalty_trace (customer_id, movement_id, lot_id, available)
SELECT l.customer_id, m.id, l.id, -l.available"""
    + _ENDED.format(
        more="\nJOIN loyalty_movement m ON m.customer_id = l.customer_id AND m.id = ANY(%(movements)s::bigint[])"
    ),
    _WRITE | {"movements": "{1}"},
)
VESTING = Run(DUE_TO_VEST, MOVE_VESTED, TRACE_VESTED)
EXPIRY = Run(DUE_TO_EXPIRE, MOVE_ENDED, TRACE_ENDED)
# Whose turn it is is asked of all machines and answered in order, so it is not among them.
STATEMENTS = [MOVE_VESTED, TRACE_VESTED, MOVE_ENDED, TRACE_ENDED]
