"""The operations that continue another: capture and release of a hold, reversal of what was spent, clawback of what was
issued. What is left of the first movement is read from its traces and from those of all that continued it.
"""

from datetime import datetime
from typing import NamedTuple

from crm.lib import prepared
from loyalty.ledger import accounts, upkeep
from loyalty.ledger.accounts import NEVER, Account
from loyalty.ledger.moving import POINTS, checked, once
from loyalty.ledger.posting import Cause, Piece, Posted, post
from loyalty.ledger.refusals import NothingToContinue
from loyalty.models import Kind


def capture(
    customer_id: int, of: int, cause: Cause, *, points: int | None = None, unit: int = POINTS
) -> Posted:
    """Pay with what a hold set aside, or with a part of it. Raises NothingToContinue."""
    return _continue(customer_id, of, cause, points, unit=unit, kind=Kind.CAPTURE)


def release(
    customer_id: int, of: int, cause: Cause, *, points: int | None = None, unit: int = POINTS
) -> Posted:
    """Give back to their lots what a hold set aside and nobody captured, or a part. Raises NothingToContinue."""
    return _continue(customer_id, of, cause, points, unit=unit, kind=Kind.RELEASE)


def reverse(
    customer_id: int, of: int, cause: Cause, *, points: int | None = None, unit: int = POINTS
) -> Posted:
    """Give back a redemption, a capture or a deduction, or a part of it, to the same lots with their ends.

    Of a part, the lots that end latest get theirs first. Raises NothingToContinue.
    """
    return _continue(customer_id, of, cause, points, unit=unit, kind=Kind.REVERSAL)


def claw_back(customer_id: int, of: int, cause: Cause, *, keep: int = 0, unit: int = POINTS) -> Posted:
    """Take back what a movement issued until only `keep` of it remains earned.

    It comes from the movement's own lots, pending first. What was spent meanwhile becomes debt, which the account's
    other points pay at once. What has expired is not asked for again.

    `points` of the answer is what was taken this time, 0 (and no movement) when nothing was left to take.
    """

    def write(account: Account) -> Posted:
        own = _issued(account, of)
        wanted = own.issued - keep - own.taken - own.owed
        pieces = _take_own(own.lots, max(0, wanted))
        taken = -sum(piece.pending + piece.available for piece in pieces)
        debt = max(0, wanted - taken - own.expired)
        if not taken and not debt:
            return Posted(0, Kind.CLAWBACK, 0)
        movement_id = post(account.customer_id, unit, Kind.CLAWBACK, cause, pieces=pieces, debt=debt, of=of)
        account.apply(pieces, debt=debt)
        return Posted(movement_id, Kind.CLAWBACK, taken + debt)

    return once(customer_id, unit, cause, write, kind=Kind.CLAWBACK, points=None, of=of)


def left_of_hold(account: Account, of: int) -> int:
    """How much of a hold is neither captured nor released."""
    return sum(one.points for one in _left(account, of, Kind.RELEASE))


def parts(account: Account, of: int, points: int, kind: Kind) -> tuple[list[Piece], int]:
    """Pieces that continue a movement with as many points as are left of it, and how many those are."""
    left = _left(account, of, kind)
    there = min(points, sum(one.points for one in left))
    return _parts(left, there, kind), there


def take_own(account: Account, of: int, points: int) -> list[Piece]:
    """Pieces that take back what a movement issued, as far as its lots have it."""
    return _take_own(_issued(account, of).lots, points)


class _Left(NamedTuple):
    """What a lot still has of the movement that is to be continued."""

    lot_id: int
    points: int
    ends_at: datetime


def _continue(
    customer_id: int, of: int, cause: Cause, points: int | None, *, unit: int, kind: Kind
) -> Posted:
    if points is not None:
        checked(points)

    def write(account: Account) -> Posted:
        left = _left(account, of, kind)
        there = sum(one.points for one in left)
        wanted = there if points is None else points
        if not 0 < wanted <= there:
            raise NothingToContinue
        pieces = _parts(left, wanted, kind)
        posted = Posted(post(account.customer_id, unit, kind, cause, pieces=pieces, of=of), kind, wanted)
        if kind is not Kind.CAPTURE and any(one.ends_at <= cause.at for one in left):
            upkeep.expire(accounts.locked(account.customer_id, unit), cause.at, cause.by)
        return posted

    return once(customer_id, unit, cause, write, kind=kind, points=points, of=of)


def _left(account: Account, of: int, kind: Kind) -> list[_Left]:
    """By lot, what of a hold is neither captured nor released, or of what was spent is not given back.

    Captured first: what ends first. Given back first: what ends last.
    """
    asked = _HELD if kind in {Kind.CAPTURE, Kind.RELEASE} else _SPENT
    rows = prepared.rows(asked, {"customer": account.customer_id, "unit": account.unit, "of": of})
    left = [_Left(lot_id, int(points), ends_at or NEVER) for lot_id, points, ends_at in rows]
    left.sort(key=lambda one: (one.ends_at, one.lot_id), reverse=kind is not Kind.CAPTURE)
    return left


def _parts(left: list[_Left], points: int, kind: Kind) -> list[Piece]:
    pieces = []
    for one in left:
        part = min(points, one.points)
        points -= part
        if part:
            pieces.append(
                Piece(
                    one.lot_id,
                    available=0 if kind is Kind.CAPTURE else part,
                    held=0 if kind is Kind.REVERSAL else -part,
                )
            )
    return pieces


class _OwnLot(NamedTuple):
    id: int
    pending: int
    available: int


class _Issued(NamedTuple):
    """What was issued, and of that: clawed back from its lots, owed instead, expired. `lots`: what is there now."""

    issued: int
    taken: int
    owed: int
    expired: int
    lots: list[_OwnLot]


def issued(account: Account, of: int) -> int:
    """What a movement issued, less what of it was clawed back so far."""
    own = _issued(account, of)
    return own.issued - own.taken - own.owed


def _issued(account: Account, of: int) -> _Issued:
    rows = prepared.rows(_ISSUED, {"customer": account.customer_id, "unit": account.unit, "of": of})
    if not rows:
        raise NothingToContinue
    mine = {row[0] for row in rows}
    lots = [_OwnLot(lot.id, lot.pending, lot.available) for lot in account.lots if lot.id in mine]
    _id, _points, _expired, taken, owed = rows[0]
    return _Issued(sum(row[1] for row in rows), int(taken), int(owed), sum(int(row[2]) for row in rows), lots)


def _take_own(lots: list[_OwnLot], points: int) -> list[Piece]:
    pieces = []
    for lot in lots:
        pending = min(points, lot.pending)
        available = min(points - pending, lot.available)
        points -= pending + available
        if pending or available:
            pieces.append(Piece(lot.id, pending=-pending, available=-available))
    return pieces


_TRACED = """
SELECT t.lot_id, {points}, CASE WHEN l.is_extended THEN b.extended_to ELSE l.expires_at END
FROM loyalty_movement m
JOIN loyalty_trace t ON t.customer_id = m.customer_id AND t.movement_id = m.id
JOIN loyalty_lot l ON l.customer_id = t.customer_id AND l.id = t.lot_id
JOIN loyalty_balance b ON b.customer_id = l.customer_id AND b.unit = l.unit
WHERE m.customer_id = %(customer)s AND m.unit = %(unit)s
    AND ((m.id = %(of)s AND m.kind IN ({first})) OR (m.of_id = %(of)s AND m.kind IN ({next})))
GROUP BY t.lot_id, l.is_extended, l.expires_at, b.extended_to
HAVING {points} > 0
"""
_HELD = _TRACED.format(points="sum(t.held)", first="4", next="5, 6")
_SPENT = _TRACED.format(
    points="sum(CASE WHEN m.kind = 5 THEN -t.held ELSE -t.available END)", first="3, 5, 11", next="10"
)
_ISSUED = """
SELECT l.id, l.points,
    coalesce((
        SELECT -sum(t.available) FROM loyalty_trace t
        JOIN loyalty_movement e ON e.customer_id = t.customer_id AND e.id = t.movement_id AND e.kind = 7
        WHERE t.customer_id = l.customer_id AND t.lot_id = l.id
    ), 0),
    coalesce(c.taken, 0), coalesce(c.owed, 0)
FROM loyalty_lot l
CROSS JOIN (
    SELECT -sum(available + pending) AS taken, sum(debt) AS owed FROM loyalty_movement
    WHERE customer_id = %(customer)s AND of_id = %(of)s AND kind = 8
) c
WHERE l.customer_id = %(customer)s AND l.unit = %(unit)s AND l.movement_id = %(of)s
"""
