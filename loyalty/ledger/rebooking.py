"""Taking the latest movements of an account out and booking them again where they now belong.

Only the undoing of a merge does this (`loyalty/parting.py`), within its transaction. Numbers, sources, times and
authors stay; which lots a movement takes from is decided anew, by the same rules. What is not there any more is lent
first (`upkeep.lend`), so a movement of points takes, and gives back, what it did. What vested, ended, was settled or
lent meanwhile is not booked again: it follows by itself.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from loyalty.ledger import accounts, continuing, upkeep
from loyalty.ledger.accounts import Account
from loyalty.ledger.moving import POINTS_OF, spent
from loyalty.ledger.posting import Cause, NewLot, Piece, post
from loyalty.models import Kind

FOLLOWS = {Kind.VEST, Kind.EXPIRE, Kind.SETTLE, Kind.LEND}
SPENDS = {Kind.REDEEM, Kind.HOLD, Kind.ADJUST, Kind.TRANSFER}


@dataclass(frozen=True)
class Booked:
    """A movement as it was, and the lots that it issued."""

    number: int
    unit: int
    kind: Kind
    points: int
    cause: Cause
    of: int | None
    lots: list[NewLot] = field(default_factory=list)


def take_out(cur: Any, customer_id: int, *, since: str, but: list[int]) -> list[Booked]:
    """Remove what was booked since then, but for these; the lots count again what they did before. The oldest first."""
    asked = {"owner": customer_id, "since": since, "but": but}
    cur.execute(_LATER, asked)
    rows = cur.fetchall()
    numbers = {"owner": customer_id, "numbers": [row[0] for row in rows]}
    cur.execute(_LOTS, numbers)
    lots: dict[int, list[NewLot]] = {}
    for movement, points, ends_at, is_extended, vests_at, earned_at in cur.fetchall():
        lots.setdefault(movement, []).append(NewLot(points, ends_at, is_extended, vests_at, earned_at))
    for statement in _TAKE_OUT:
        cur.execute(statement, numbers)
    return [_booked(row, lots.get(row[0], [])) for row in rows]


def _booked(row: tuple[Any, ...], lots: list[NewLot]) -> Booked:
    number, unit, kind, source, of, purchase_id, store_id, at, actor, *legs = row
    points = POINTS_OF.get(Kind(kind), lambda *_legs: 0)(*legs)
    return Booked(number, unit, Kind(kind), points, Cause(source, at, actor, store_id, purchase_id), of, lots)


def book(customer_id: int, one: Booked) -> None:
    """Book it again on this customer's account."""
    if one.kind in FOLLOWS:
        return
    cause = one.cause
    account = accounts.locked(customer_id, one.unit)
    upkeep.bring_up_to_date(account, cause.at, cause.by)
    if one.kind is Kind.CAPTURE and not continuing.left_of_hold(account, one.of or 0):
        one = replace(
            one, kind=Kind.REDEEM, of=None
        )  # its hold is not there any more: it is spent without one
    if one.kind in SPENDS and not one.lots:
        account = _enough(account, one)
    pieces, debt = _legs(account, one)
    if not (pieces or debt or one.lots):
        return
    post(
        account.customer_id, account.unit, one.kind, cause, pieces=pieces, lots=one.lots, debt=debt, of=one.of,
        number=one.number,
    )  # fmt: skip
    account = accounts.locked(customer_id, one.unit)
    if account.debt:
        upkeep.settle(account, cause.at, cause.by)


def _enough(account: Account, one: Booked) -> Account:
    """The account with as much as is to be spent."""
    missing = abs(one.points) - account.spendable(one.cause.at)
    if missing <= 0:
        return account
    upkeep.lend(account, missing, one.cause.at, one.cause.by)
    return accounts.locked(account.customer_id, account.unit)


def _legs(account: Account, one: Booked) -> tuple[list[Piece], int]:
    """Pieces, and the change of what is owed."""
    points = abs(one.points)
    if one.lots:
        return [], 0
    if one.kind is Kind.FORGIVE:
        return [], -min(points, account.debt)
    if one.kind in SPENDS:
        return spent(account, one.kind, points, one.cause.at), 0
    assert one.of is not None
    if one.kind is Kind.CLAWBACK:
        own = continuing.take_own(account, one.of, points)
        return own, points + sum(piece.pending + piece.available for piece in own)
    pieces, _there = continuing.parts(account, one.of, points, one.kind)
    return pieces, 0


_LATER = """
SELECT id, unit, kind, source, of_id, purchase_id, store_id, occurred_at, actor, available, pending, held, debt, contra
FROM loyalty_movement
WHERE customer_id = %(owner)s AND recorded_at >= %(since)s::timestamptz AND id <> ALL(%(but)s::bigint[]) ORDER BY id
"""
_LOTS = """
SELECT movement_id, points, expires_at, is_extended, vests_at, earned_at FROM loyalty_lot
WHERE customer_id = %(owner)s AND movement_id = ANY(%(numbers)s::bigint[]) ORDER BY id
"""
# Rows that are moved bring their counters along, so lots that stay are put back with what their other traces say.
_TAKE_OUT = (
    """
WITH gone AS (
    DELETE FROM loyalty_trace WHERE customer_id = %(owner)s AND movement_id = ANY(%(numbers)s::bigint[])
    RETURNING lot_id, pending, available, held
), undone AS (
    SELECT lot_id, sum(pending) AS pending, sum(available) AS available, sum(held) AS held FROM gone GROUP BY lot_id
), lots AS (
    DELETE FROM loyalty_lot l USING undone u WHERE l.customer_id = %(owner)s AND l.id = u.lot_id
    RETURNING l.*, u.pending AS less_pending, u.available AS less_available, u.held AS less_held
)
INSERT INTO loyalty_lot (
    id, customer_id, unit, movement_id, points, earned_at, vests_at, expires_at, is_extended, pending, available, held
)
SELECT id, customer_id, unit, movement_id, points, earned_at, vests_at, expires_at, is_extended,
    pending - less_pending, available - less_available, held - less_held
FROM lots WHERE movement_id <> ALL(%(numbers)s::bigint[])
""",
    "DELETE FROM loyalty_lot WHERE customer_id = %(owner)s AND movement_id = ANY(%(numbers)s::bigint[])",
    "DELETE FROM loyalty_movement WHERE customer_id = %(owner)s AND id = ANY(%(numbers)s::bigint[])",
)
