"""Issuing points to many members at once, some thousands a statement.

It makes the entries that `moving.earn` makes one by one; accounts that owe something pay as they do there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.audit.trail import actor_name
from crm.lib.statements import Statement
from loyalty.ledger import accounts, upkeep
from loyalty.models import Unit

SLICE = 4000


@dataclass(frozen=True)
class Earning:
    """One lot to issue. `vests_at` empty: available at once. See `posting.NewLot` and `posting.Cause`."""

    customer_id: int
    points: int
    source: str
    at: datetime
    store_id: int | None = None
    purchase_id: int | None = None
    vests_at: datetime | None = None
    expires_at: datetime | None = None
    is_extended: bool = False


def earn_many(
    cur: Any, earnings: Sequence[Earning], *, by: Any, unit: int = Unit.POINTS
) -> dict[tuple[int, str], int]:
    """Issue all of them in the caller's transaction, which has entered the gate before it read whose they are.

    Returns the movement of each by (customer, source), of sources that were booked before too. Points of customers
    who were erased are not issued. A cursor that binds on the server is asked for (`receiving.database.cursor`).
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("earn_many belongs into a transaction")
    made: dict[tuple[int, str], int] = {}
    ordered = sorted(earnings, key=lambda one: (one.customer_id, one.at, one.source))
    for start in range(0, len(ordered), SLICE):
        made |= _earn_slice(cur, ordered[start : start + SLICE], actor_name(by), unit)
    return made


def _earn_slice(cur: Any, earnings: Sequence[Earning], actor: str, unit: int) -> dict[tuple[int, str], int]:
    owing = lock(cur, sorted({one.customer_id for one in earnings}), unit)
    asked = {
        "customers": [one.customer_id for one in earnings], "sources": [one.source for one in earnings],
        "unit": int(unit),
    }  # fmt: skip
    cur.execute(MOVE.sql, asked | _moves(earnings) | {"actor": actor})
    new = {(customer_id, source): movement_id for customer_id, source, movement_id in cur.fetchall()}
    _issue(cur, [(new[key], one) for one in earnings if (key := (one.customer_id, one.source)) in new], unit)
    cur.execute(BOOKED.sql, asked)
    made = {(customer_id, source): movement_id for customer_id, source, movement_id in cur.fetchall()}
    for customer_id in sorted(owing):
        latest = max(one.at for one in earnings if one.customer_id == customer_id)
        upkeep.settle(accounts.locked(customer_id, unit), latest, actor)
    return made


def _moves(earnings: Sequence[Earning]) -> dict[str, list[Any]]:
    return {
        "at": [one.at for one in earnings],
        "stores": [one.store_id for one in earnings],
        "purchases": [one.purchase_id for one in earnings],
        "available": [0 if one.vests_at else one.points for one in earnings],
        "pending": [one.points if one.vests_at else 0 for one in earnings],
    }


def _issue(cur: Any, new: list[tuple[int, Earning]], unit: int) -> None:
    """Lots and traces of movements that were written just now."""
    cur.execute(
        LOTS.sql,
        {
            "customers": [one.customer_id for _movement, one in new], "movements": [movement for movement, _one in new],
            "points": [one.points for _movement, one in new], "earned": [one.at for _movement, one in new],
            "vests": [one.vests_at for _movement, one in new], "ends": [one.expires_at for _movement, one in new],
            "extended": [one.is_extended for _movement, one in new], "unit": int(unit),
        },
    )  # fmt: skip
    rows = cur.fetchall()
    columns = zip(*rows, strict=True) if rows else [[]] * 5
    names = ("customers", "movements", "lots", "pending", "available")
    cur.execute(TRACES.sql, {name: list(column) for name, column in zip(names, columns, strict=True)})


def lock(cur: Any, customer_ids: Sequence[int], unit: int) -> set[int]:
    """Lock the accounts of these customers (sorted), opening those that are not there; who of them owes something."""
    cur.execute(OPEN.sql, {"customers": list(customer_ids), "unit": int(unit)})
    cur.execute(LOCK.sql, {"customers": list(customer_ids), "unit": int(unit)})
    return {customer_id for customer_id, debt in cur.fetchall() if debt}


_EXAMPLE = {"customers": [1], "unit": 1}
OPEN = Statement(
    "loyalty.open_accounts",
    """
INSERT INTO loyalty_balance (customer_id, unit)
SELECT c.id, %(unit)s FROM customers_customer c
WHERE c.id = ANY(%(customers)s::bigint[]) AND c.erased_at IS NULL
ON CONFLICT (customer_id, unit) DO NOTHING
""",
    _EXAMPLE,
)
LOCK = Statement(
    "loyalty.lock_accounts",
    """
SELECT customer_id, debt FROM loyalty_balance
WHERE customer_id = ANY(%(customers)s::bigint[]) AND unit = %(unit)s ORDER BY customer_id FOR UPDATE
""",
    _EXAMPLE,
)
_MADE = {"customers": [1], "movements": [1]}
MOVE = Statement(
    "loyalty.earn_many",
    """
INSERT INTO loyalty_movement (
    customer_id, unit, kind, source, purchase_id, store_id, occurred_at, actor, available, pending, contra
)
SELECT g.customer_id, %(unit)s, 1, g.source, g.purchase_id, g.store_id, g.at, %(actor)s, g.available, g.pending,
    -g.available - g.pending
FROM unnest(
    %(customers)s::bigint[], %(sources)s::text[], %(at)s::timestamptz[], %(stores)s::bigint[], %(purchases)s::bigint[],
    %(available)s::bigint[], %(pending)s::bigint[]
) AS g (customer_id, source, at, store_id, purchase_id, available, pending)
JOIN customers_customer c ON c.id = g.customer_id AND c.erased_at IS NULL
ON CONFLICT (customer_id, unit, kind, source) DO NOTHING
RETURNING customer_id, source, id
""",
    _EXAMPLE
    | {
        "sources": ["receipt:1"], "at": ["2026-03-10T04:00Z"], "stores": [1], "purchases": [1], "available": [5],
        "pending": [0], "actor": "system:night",
    },
)  # fmt: skip
LOTS = Statement(
    "loyalty.lots_of_many",
    """
INSERT INTO loyalty_lot (customer_id, unit, movement_id, points, earned_at, vests_at, expires_at, is_extended)
SELECT g.customer_id, %(unit)s, g.movement_id, g.points, g.earned_at, g.vests_at, g.ends_at, g.is_extended
FROM unnest(
    %(customers)s::bigint[], %(movements)s::bigint[], %(points)s::bigint[], %(earned)s::timestamptz[],
    %(vests)s::timestamptz[], %(ends)s::timestamptz[], %(extended)s::boolean[]
) AS g (customer_id, movement_id, points, earned_at, vests_at, ends_at, is_extended)
RETURNING customer_id, movement_id, id, CASE WHEN vests_at IS NULL THEN 0 ELSE points END,
    CASE WHEN vests_at IS NULL THEN points ELSE 0 END
""",
    _MADE
    | {
        "points": [5], "earned": ["2026-03-10T04:00Z"], "vests": [None], "ends": [None], "extended": [False], "unit": 1,
    },
)  # fmt: skip
TRACES = Statement(
    "loyalty.traces_of_many",
    """
INSERT INTO loyalty_trace (customer_id, movement_id, lot_id, pending, available)
SELECT * FROM unnest(
    %(customers)s::bigint[], %(movements)s::bigint[], %(lots)s::bigint[], %(pending)s::bigint[],
    %(available)s::bigint[]
)
""",
    _MADE | {"lots": [1], "pending": [0], "available": [5]},
)
BOOKED = Statement(
    "loyalty.booked",
    """
SELECT m.customer_id, m.source, m.id
FROM unnest(%(customers)s::bigint[], %(sources)s::text[]) AS wanted (customer_id, source)
JOIN loyalty_movement m ON m.customer_id = wanted.customer_id AND m.unit = %(unit)s AND m.kind = 1
    AND m.source = wanted.source
""",
    _EXAMPLE | {"sources": ["receipt:1"]},
)

STATEMENTS = [OPEN, LOCK, MOVE, LOTS, TRACES, BOOKED]
