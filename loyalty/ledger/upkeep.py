"""Bringing one account up to date before something is done with it: no run has to have come by before.

What vests becomes available, what has ended expires, and what is available pays what is owed: what was lent first.
"""

from datetime import datetime
from typing import Any
from uuid import uuid4

from crm.lib import prepared
from loyalty.ledger.accounts import NEVER, Account, LotState, take
from loyalty.ledger.posting import Cause, NewLot, Piece, post
from loyalty.models import Kind


def bring_up_to_date(account: Account, at: datetime, by: Any) -> None:
    """Write what is due at a moment. An account that is up to date costs no statement."""
    vest(account, at, by)
    expire(account, at, by)
    settle(account, at, by)


def vest(account: Account, at: datetime, by: Any) -> None:
    due = [lot for lot in account.lots if lot.pending and lot.vests_at is not None and lot.vests_at <= at]
    pieces = [Piece(lot.id, pending=-lot.pending, available=lot.pending) for lot in due]
    _write(account, Kind.VEST, pieces, at, by)


def expire(account: Account, at: datetime, by: Any) -> None:
    """What is held does not end while it is held: it ends when it is released."""
    ended = [lot for lot in account.lots if lot.available and lot.ends_at <= at]
    _write(account, Kind.EXPIRE, [Piece(lot.id, available=-lot.available) for lot in ended], at, by)


def settle(account: Account, at: datetime, by: Any) -> None:
    usable = account.usable(at)
    points = min(account.debt, sum(lot.available for lot in usable))
    if points:
        _write(account, Kind.SETTLE, take(_lent_first(account, usable), points), at, by, debt=-points)


def lend(account: Account, points: int, at: datetime, by: Any) -> None:
    """A lot without an end that is owed. Only the undoing of a merge lends, and what it lends is spent at once: when it
    comes back, it pays what is owed before anything else does."""
    cause = Cause(f"{Kind.LEND.code}:{uuid4().hex}", at, by)
    post(account.customer_id, account.unit, Kind.LEND, cause, lots=[NewLot(points)], debt=points)


def _lent_first(account: Account, usable: list[LotState]) -> list[LotState]:
    endless = [lot.id for lot in usable if lot.ends_at == NEVER]
    lent = {row[0] for row in prepared.rows(_LENT, [account.customer_id, endless])} if endless else set()
    return sorted(usable, key=lambda lot: lot.id not in lent)


def _write(
    account: Account, kind: Kind, pieces: list[Piece], at: datetime, by: Any, *, debt: int = 0
) -> None:
    """These repeat themselves by what they find, not by a source: done twice, the second finds nothing."""
    if pieces:
        cause = Cause(f"{kind.code}:{uuid4().hex}", at, by)
        post(account.customer_id, account.unit, kind, cause, pieces=pieces, debt=debt)
        account.apply(pieces, debt=debt)


_LENT = """
SELECT l.id FROM loyalty_lot l
JOIN loyalty_movement m ON m.customer_id = l.customer_id AND m.id = l.movement_id AND m.kind = 14
WHERE l.customer_id = %s AND l.id = ANY(%s::bigint[])
"""
