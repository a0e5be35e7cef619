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


def vest_due(*, at: datetime, by: str = "system:vesting") -> Iterator[Done]:
    """Make available what has vested, a slice of accounts a transaction; then it pays what is owed."""
    yield from _run(DUE_TO_VEST, VEST, at, by)


def expire_due(*, at: datetime, by: str = "system:expiry") -> Iterator[Done]:
    """Expire what has ended, a slice of accounts a transaction."""
    yield from _run(DUE_TO_EXPIRE, EXPIRE, at, by)


def _run(due: Statement, write: Statement, at: datetime, by: str) -> Iterator[Done]:
    for unit in Unit.values:
        after = 0
        while found := _due(due, unit, at, after):
            after = found[-1]
            yield _slice(write, found, unit, at, by)


def _due(due: Statement, unit: int, at: datetime, after: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(due.sql, {"unit": unit, "at": at, "after": after, "slice": SLICE})
        return [row[0] for row in cursor.fetchall()]


def _slice(write: Statement, customer_ids: list[int], unit: int, at: datetime, by: str) -> Done:
    with transaction.atomic():
        accounts.enter()
        cur: Any = database.cursor()
        owing = bulk.lock(cur, customer_ids, unit)
        cur.execute(write.sql, {"customers": customer_ids, "unit": unit, "at": at, "actor": by})
        moved = cur.fetchall()
        for customer_id in sorted(owing):
            upkeep.settle(accounts.locked(customer_id, unit), at, by)
        return Done(len(moved), sum(row[0] for row in moved))


_DUE = {"unit": 1, "at": "2026-03-10T04:00Z", "after": 0, "slice": 10}
_WRITE = {"customers": [1], "unit": 1, "at": "2026-03-10T04:00Z", "actor": "system:expiry"}
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
VEST = Statement(
    "loyalty.vest",
    """
WITH due AS (
    SELECT customer_id, id, pending AS points FROM loyalty_lot
    WHERE customer_id = ANY(%(customers)s::bigint[]) AND unit = %(unit)s AND pending > 0 AND vests_at <= %(at)s
), moved AS (
    INSERT INTO loyalty_movement (
        customer_id, unit, kind, source, occurred_at, actor, available, pending
    )
    SELECT customer_id, %(unit)s, 2, 'vest:' || gen_random_uuid(), %(at)s, %(actor)s, sum(points)::bigint,
        -sum(points)::bigint
    FROM due GROUP BY customer_id
    RETURNING id, customer_id, available
), traced AS (
    INSERT INTO loyalty_trace (customer_id, movement_id, lot_id, available, pending)
    SELECT moved.customer_id, moved.id, due.id, due.points, -due.points
    FROM moved JOIN due ON due.customer_id = moved.customer_id
)
SELECT available FROM moved
""",
    _WRITE,
)
EXPIRE = Statement(
    "loyalty.expire",
    """
WITH due AS (
    SELECT l.customer_id, l.id, l.available AS points
    FROM loyalty_lot l
    JOIN loyalty_balance b ON b.customer_id = l.customer_id AND b.unit = l.unit
    WHERE l.customer_id = ANY(%(customers)s::bigint[]) AND l.unit = %(unit)s AND l.available > 0
        AND CASE WHEN l.is_extended THEN b.extended_to ELSE l.expires_at END <= %(at)s
), moved AS (
    INSERT INTO loyalty_movement (
        customer_id, unit, kind, source, occurred_at, actor, available, contra
    )
    SELECT customer_id, %(unit)s, 7, 'expire:' || gen_random_uuid(), %(at)s, %(actor)s, -sum(points)::bigint,
        sum(points)::bigint
    FROM due GROUP BY customer_id
    RETURNING id, customer_id, contra
), traced AS (
    INSERT INTO loyalty_trace (customer_id, movement_id, lot_id, available)
    SELECT moved.customer_id, moved.id, due.id, -due.points
    FROM moved JOIN due ON due.customer_id = moved.customer_id
)
SELECT contra FROM moved
""",
    _WRITE,
)
