"""An account under its lock: what is in which lot, and how spending takes from them.

The order of locks, by everybody who moves points: the gate of receiving (a merge has it alone), the customer (kept from
being erased), the balance. Several accounts are locked in the order of customer and unit.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from crm.lib import prepared
from customers.present import Erased
from customers.receiving import database
from loyalty.ledger.posting import Piece

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass
class LotState:
    """Where the points of a lot are. `ends_at` is NEVER for a lot without an end."""

    id: int
    pending: int
    available: int
    held: int
    vests_at: datetime | None
    ends_at: datetime


@dataclass
class Account:
    """A member's account of one unit, locked till the end of the transaction. `lots`: those that hold something, in the
    order in which they are spent: first to end first, then first issued."""

    customer_id: int
    unit: int
    debt: int
    extended_to: datetime | None
    lots: list[LotState] = field(default_factory=list)
    parted: list[int] = field(default_factory=list)  # numbers of customers, as they were (`sides`)

    def apply(self, pieces: Iterable[Piece], *, debt: int = 0) -> None:
        """What was written to the ledger, here too."""
        lots = {lot.id: lot for lot in self.lots}
        for piece in pieces:
            if lot := lots.get(piece.lot_id):
                lot.pending += piece.pending
                lot.available += piece.available
                lot.held += piece.held
        self.debt += debt

    def usable(self, at: datetime) -> list[LotState]:
        return [lot for lot in self.lots if lot.available > 0 and lot.ends_at > at]

    def spendable(self, at: datetime) -> int:
        """Points that can be spent at a moment: what has ended does not count, nor what is owed."""
        return max(0, sum(lot.available for lot in self.usable(at)) - self.debt)


def locked(customer_id: int, unit: int) -> Account:
    """Lock an account: the survivor's of a merge; one that is not there is opened. Raises Erased."""
    owner = present(customer_id)
    found = prepared.row(_LOCK, [owner, unit])
    if found is None:
        prepared.rows(_OPEN, [owner, unit])
        found = prepared.row(_LOCK, [owner, unit])
        assert found is not None
    debt, extended_to, parted = found
    account = Account(owner, unit, debt, extended_to, parted=parted or [])
    account.lots = [
        LotState(pk, pending, available, held, vests_at, ends_at or NEVER)
        for pk, pending, available, held, vests_at, ends_at in prepared.rows(_LOTS, [owner, unit])
    ]
    account.lots.sort(key=lambda lot: (lot.ends_at, lot.id))
    return account


def take(lots: Iterable[LotState], points: int) -> list[Piece]:
    """Pieces that take `points` from what is available, from the first lots on. There must be enough."""
    pieces = []
    for lot in lots:
        part = min(points, lot.available)
        if part:
            pieces.append(Piece(lot.id, available=-part))
            points -= part
    assert points == 0
    return pieces


def present(customer_id: int) -> int:
    """Keep a customer till the end of the transaction: the survivor of a merge. Their number. Raises Erased."""
    enter()
    return _owner(customer_id)


def sides(customer_id: int, unit: int) -> list[int]:
    """Whose account may hold what was booked for somebody: theirs, then those that were one with it and are parted."""
    found = prepared.row(_PARTED, [customer_id, unit])
    return [customer_id, *others(customer_id, found[0] if found else None)]


def others(customer_id: int, parted: list[int] | None) -> list[int]:
    """Who those are now from whom somebody was parted."""
    found = []
    for one in parted or []:
        try:
            found.append(_owner(one))
        except Erased:
            continue
    return [one for one in dict.fromkeys(found) if one != customer_id]


def enter() -> None:
    """Share the gate: merges keep out till the end of the transaction."""
    prepared.rows(_GATE, [database.GATE])


def _owner(customer_id: int) -> int:
    """Whose account it is now. Merges keep out while the gate is shared, so one look is enough."""
    found = prepared.row(_PRESENT, [customer_id])
    if found is None or found[1] is not None:
        raise Erased
    return customer_id if found[0] is None else _owner(found[0])


_GATE = (
    "SELECT pg_advisory_xact_lock_shared(%s), set_config('regulars.spoken',"
    " coalesce(nullif(current_setting('regulars.spoken', true), ''), ',') || 'loyalty,', true)"
)
_PRESENT = "SELECT merged_into_id, erased_at FROM customers_customer WHERE id = %s FOR KEY SHARE"
_PARTED = "SELECT parted FROM loyalty_balance WHERE customer_id = %s AND unit = %s"
_LOCK = """
SELECT debt, extended_to, parted FROM loyalty_balance
WHERE customer_id = %s AND unit = %s FOR UPDATE
"""
_OPEN = """
INSERT INTO loyalty_balance (customer_id, unit) VALUES (%s, %s)
ON CONFLICT (customer_id, unit) DO NOTHING RETURNING version
"""
_LOTS = """
SELECT l.id, l.pending, l.available, l.held, l.vests_at,
    CASE WHEN l.is_extended THEN b.extended_to ELSE l.expires_at END
FROM loyalty_lot l
JOIN loyalty_balance b ON b.customer_id = l.customer_id AND b.unit = l.unit
WHERE l.customer_id = %s AND l.unit = %s AND (l.available > 0 OR l.pending > 0 OR l.held > 0)
"""
