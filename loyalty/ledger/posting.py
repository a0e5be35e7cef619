"""Writing one movement with its lots and traces: one statement, planned once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.audit.trail import actor_name
from crm.lib import prepared
from loyalty.models import Kind


@dataclass(frozen=True)
class Piece:
    """What a movement does to one lot."""

    lot_id: int
    pending: int = 0
    available: int = 0
    held: int = 0


@dataclass(frozen=True)
class NewLot:
    """A lot that a movement issues. `vests_at`: until then its points are pending."""

    points: int
    expires_at: datetime | None = None
    is_extended: bool = False
    vests_at: datetime | None = None
    earned_at: datetime | None = None  # None: when the movement occurred

    @property
    def is_pending(self) -> bool:
        return self.vests_at is not None


@dataclass(frozen=True)
class Cause:
    """Why, when, by whom and where a movement was made."""

    source: str
    at: datetime
    by: Any
    store_id: int | None = None
    purchase_id: int | None = None


@dataclass(frozen=True)
class Posted:
    """A movement that stands in the ledger. `is_new` is false when the same source had been booked before.

    `points` is what was asked for: earned, redeemed, held, given back. `of_id`: the movement that it continues.
    """

    movement_id: int
    kind: Kind
    points: int
    is_new: bool = True
    customer_id: int = 0  # whose account it is: the survivor's of a merge
    of_id: int | None = None


def post(
    customer_id: int,
    unit: int,
    kind: Kind,
    cause: Cause,
    *,
    pieces: Sequence[Piece] = (),
    lots: Sequence[NewLot] = (),
    debt: int = 0,
    of: int | None = None,
    number: int | None = None,
) -> int:
    """Write a movement whose legs are the sums of its pieces and new lots, and of `debt`. Returns its number.

    The account must be locked (`accounts.locked`). `number`: of a movement that was there before and is written anew.
    """
    new = sum(lot.points for lot in lots)
    new_pending = sum(lot.points for lot in lots if lot.is_pending)
    available = sum(piece.available for piece in pieces) + new - new_pending
    pending = sum(piece.pending for piece in pieces) + new_pending
    held = sum(piece.held for piece in pieces)
    values = {
        "customer": customer_id, "unit": unit, "kind": int(kind), "source": cause.source, "of": of,
        "purchase": cause.purchase_id, "store": cause.store_id, "at": cause.at, "actor": actor_name(cause.by),
        "available": available, "pending": pending, "held": held, "debt": debt,
        "contra": debt - available - pending - held, "lots": [piece.lot_id for piece in pieces],
        "p": [piece.pending for piece in pieces], "a": [piece.available for piece in pieces],
        "h": [piece.held for piece in pieces],
    } | _issue_values(lots, cause.at)  # fmt: skip
    statement = _ISSUE if lots else _MOVE
    if number is not None:
        statement = statement.replace("loyalty_movement (", "loyalty_movement (id, ").replace(
            "VALUES (", "VALUES (%(number)s, "
        )
        values["number"] = number
    found = prepared.row(statement, values)
    assert found is not None
    return int(found[0])


def _issue_values(lots: Sequence[NewLot], at: datetime) -> dict[str, Any]:
    return {
        "points": [lot.points for lot in lots],
        "earned": [lot.earned_at or at for lot in lots],
        "vests": [lot.vests_at for lot in lots],
        "ends": [lot.expires_at for lot in lots],
        "extended": [lot.is_extended for lot in lots],
    }


_MOVED = """
WITH moved AS (
    INSERT INTO loyalty_movement (
        customer_id, unit, kind, source, of_id, purchase_id, store_id, occurred_at, actor,
        available, pending, held, debt, contra
    ) VALUES (
        %(customer)s, %(unit)s, %(kind)s, %(source)s, %(of)s, %(purchase)s, %(store)s, %(at)s, %(actor)s,
        %(available)s, %(pending)s, %(held)s, %(debt)s, %(contra)s
    ) RETURNING id
)"""
_TOUCHED = """
    SELECT %(customer)s::bigint, moved.id, piece.lot, piece.pending, piece.available, piece.held
    FROM moved, unnest(%(lots)s::bigint[], %(p)s::bigint[], %(a)s::bigint[], %(h)s::bigint[])
        AS piece (lot, pending, available, held)"""
_INTO_TRACES = "INSERT INTO loyalty_trace (customer_id, movement_id, lot_id, pending, available, held)"
_MOVE = f"""{_MOVED}, traced AS (
    {_INTO_TRACES}{_TOUCHED}
)
SELECT id FROM moved"""  # noqa: S608
_ISSUE = f"""{_MOVED}, issued AS (
    INSERT INTO loyalty_lot (customer_id, unit, movement_id, points, earned_at, vests_at, expires_at, is_extended)
    SELECT %(customer)s, %(unit)s, moved.id, lot.*
    FROM moved, unnest(
        %(points)s::bigint[], %(earned)s::timestamptz[], %(vests)s::timestamptz[], %(ends)s::timestamptz[],
        %(extended)s::boolean[]
    ) AS lot
    RETURNING id, points, vests_at
), traced AS (
    {_INTO_TRACES}{_TOUCHED}
    UNION ALL
    SELECT %(customer)s, moved.id, issued.id, CASE WHEN vests_at IS NULL THEN 0 ELSE points END,
        CASE WHEN vests_at IS NULL THEN points ELSE 0 END, 0
    FROM moved, issued
)
SELECT id FROM moved"""  # noqa: S608
