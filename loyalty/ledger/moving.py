"""The operations that begin something. Each is a transaction that locks, brings the account up to date, and writes.

All take a `Cause`, and answer the same for ever to the same source. Refusals change nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.lib import prepared
from loyalty.ledger import accounts, upkeep
from loyalty.ledger.accounts import Account
from loyalty.ledger.posting import Cause, NewLot, Piece, Posted, post
from loyalty.ledger.refusals import (
    MOST,
    InsufficientPoints,
    InvalidPoints,
    NothingToContinue,
    SourceConflict,
)
from loyalty.models import Kind, Unit

POINTS = Unit.POINTS


def earn(customer_id: int, lots: Sequence[NewLot], cause: Cause, *, unit: int = POINTS) -> Posted:
    """Issue lots to a member: all pending, or all available at once."""
    if not lots or len({lot.is_pending for lot in lots}) > 1:
        raise InvalidPoints
    points = sum(checked(lot.points) for lot in lots)
    return once(
        customer_id,
        unit,
        cause,
        lambda account: _issue(account, Kind.EARN, cause, lots),
        kind=Kind.EARN,
        points=points,
    )


def redeem(customer_id: int, points: int, cause: Cause, *, unit: int = POINTS) -> Posted:
    """Spend points, those that end first first. Raises InsufficientPoints."""
    return once(
        customer_id,
        unit,
        cause,
        lambda account: _spend(account, Kind.REDEEM, cause, points),
        kind=Kind.REDEEM,
        points=checked(points),
    )


def hold(customer_id: int, points: int, cause: Cause, *, unit: int = POINTS) -> Posted:
    """Set points aside while somebody pays; `capture` or `release` ends it. Raises InsufficientPoints."""
    return once(
        customer_id,
        unit,
        cause,
        lambda account: _spend(account, Kind.HOLD, cause, points),
        kind=Kind.HOLD,
        points=checked(points),
    )


def adjust(
    customer_id: int, points: int, cause: Cause, *, unit: int = POINTS, expires_at: datetime | None = None
) -> Posted:
    """Add points, or take some away (`points` below zero). Raises InsufficientPoints."""
    checked(abs(points))

    def write(account: Account) -> Posted:
        if points > 0:
            return _issue(account, Kind.ADJUST, cause, [NewLot(points, expires_at)])
        return _spend(account, Kind.ADJUST, cause, -points)

    return once(customer_id, unit, cause, write, kind=Kind.ADJUST, points=points)


def forgive(customer_id: int, points: int, cause: Cause, *, unit: int = POINTS) -> Posted:
    """Let a member off a debt, or a part of it. Raises NothingToContinue."""

    def write(account: Account) -> Posted:
        if account.debt < points:
            raise NothingToContinue
        return Posted(
            post(account.customer_id, unit, Kind.FORGIVE, cause, debt=-points), Kind.FORGIVE, points
        )

    return once(customer_id, unit, cause, write, kind=Kind.FORGIVE, points=checked(points))


def refresh(customer_id: int, *, at: datetime, by: Any, unit: int = POINTS) -> Account:
    """Bring one account up to date; what it is then."""
    with transaction.atomic():
        account = accounts.locked(customer_id, unit)
        upkeep.bring_up_to_date(account, at, by)
        return account


def extend(customer_id: int, to: datetime, *, unit: int = POINTS) -> None:
    """The member was active: lots that live as long as that do so at least until `to`."""
    with transaction.atomic():
        account = accounts.locked(customer_id, unit)
        prepared.rows(_EXTEND, [to, account.customer_id, unit])


def once(
    customer_id: int,
    unit: int,
    cause: Cause,
    write: Callable[[Account], Posted],
    *,
    kind: Kind,
    points: int | None,
    of: int | None = None,
) -> Posted:
    """Do it, unless the same source did it before. `points` None: whatever it was then. Raises SourceConflict."""
    with transaction.atomic():
        account = accounts.locked(customer_id, unit)
        before = booked(account, kind, cause.source)
        if before is not None:
            return same(before, of=of, points=points)
        upkeep.bring_up_to_date(account, cause.at, cause.by)
        posted = write(account)
        if account.debt:  # what came in pays at once what is owed
            upkeep.settle(accounts.locked(account.customer_id, unit), cause.at, cause.by)
        return replace(posted, customer_id=account.customer_id, of_id=of)


def booked(account: Account, kind: Kind, source: str) -> Posted | None:
    """What a source did before: here, or with whom this one was one then and is parted since."""
    owners = [account.customer_id]
    if account.parted:
        prepared.rows(_ONE_BY_ONE, [source])  # the same may be asked for on the other side just now
        owners += accounts.others(account.customer_id, account.parted)
    for owner in owners:
        known = prepared.row(_KNOWN, [owner, account.unit, int(kind), source])
        if known is not None:
            number, of, *legs = known
            points = POINTS_OF[kind](*legs)
            return Posted(number, kind, points, is_new=False, customer_id=owner, of_id=of)
    return None


def same(before: Posted, *, of: int | None, points: int | None) -> Posted:
    """What a source did before, where that was this. A number that was used for one thing says nothing of another:
    whoever is told that it is done would go on without. Raises SourceConflict."""
    if before.of_id != of or points not in {None, before.points}:
        raise SourceConflict
    return before


def checked(points: int) -> int:
    if not 0 < points <= MOST:
        raise InvalidPoints
    return points


def _issue(account: Account, kind: Kind, cause: Cause, lots: Sequence[NewLot]) -> Posted:
    movement_id = post(account.customer_id, account.unit, kind, cause, lots=lots)
    return Posted(movement_id, kind, sum(lot.points for lot in lots))


def _spend(account: Account, kind: Kind, cause: Cause, points: int) -> Posted:
    spendable = account.spendable(cause.at)
    if points > spendable:
        raise InsufficientPoints(spendable)
    pieces = spent(account, kind, points, cause.at)
    movement_id = post(account.customer_id, account.unit, kind, cause, pieces=pieces)
    return Posted(movement_id, kind, -points if kind is Kind.ADJUST else points)


def spent(account: Account, kind: Kind, points: int, at: datetime) -> list[Piece]:
    """Pieces that spend points that are there, or set them aside."""
    pieces = accounts.take(account.usable(at), points)
    if kind is not Kind.HOLD:
        return pieces
    return [Piece(piece.lot_id, available=piece.available, held=-piece.available) for piece in pieces]


# What was asked for, from the legs of a movement: available, pending, held, debt, contra.
POINTS_OF: dict[Kind, Callable[[int, int, int, int, int], int]] = {
    Kind.EARN: lambda a, p, h, d, c: a + p,
    Kind.REDEEM: lambda a, p, h, d, c: -a,
    Kind.HOLD: lambda a, p, h, d, c: h,
    Kind.CAPTURE: lambda a, p, h, d, c: -h,
    Kind.RELEASE: lambda a, p, h, d, c: a,
    Kind.CLAWBACK: lambda a, p, h, d, c: c,
    Kind.REVERSAL: lambda a, p, h, d, c: a,
    Kind.ADJUST: lambda a, p, h, d, c: a,
    Kind.FORGIVE: lambda a, p, h, d, c: -d,
    Kind.TRANSFER: lambda a, p, h, d, c: a,
}
_KNOWN = """
SELECT id, of_id, available, pending, held, debt, contra FROM loyalty_movement
WHERE customer_id = %s AND unit = %s AND kind = %s AND source = %s
"""
_ONE_BY_ONE = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 14))"
_EXTEND = """
UPDATE loyalty_balance SET extended_to = greatest(extended_to, %s) WHERE customer_id = %s AND unit = %s
RETURNING version
"""
