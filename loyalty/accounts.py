"""Reading accounts: what a member has of each unit at a moment, and the movements that made it so.

Nothing is written: what has vested or ended since the last movement is counted as if a run had come by.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm.lib import prepared
from loyalty.models import Unit


@dataclass
class AccountNow:
    """`spendable` is after what is owed; `ending` are (moment, points) of lots with an end, the first end first."""

    unit: Unit
    available: int = 0
    pending: int = 0
    held: int = 0
    debt: int = 0
    ending: list[tuple[datetime, int]] = field(default_factory=list)
    vesting: list[tuple[datetime, int]] = field(default_factory=list)

    @property
    def spendable(self) -> int:
        return max(0, self.available - self.debt)

    def ending_by(self, moment: datetime) -> int:
        """Points that end until then if nothing is spent."""
        return sum(points for ends_at, points in self.ending if ends_at <= moment)


def of(customer_id: int, at: datetime) -> dict[Unit, AccountNow]:
    """Every account that the member has ever had, by unit; that of points always. One statement."""
    return told(prepared.rows(NOW, {"customer": customer_id}), at)


def told(rows: Iterable[Sequence[Any]], at: datetime) -> dict[Unit, AccountNow]:
    """The accounts in the rows of `NOW`."""
    found = {Unit.POINTS: AccountNow(Unit.POINTS)}
    for unit, debt, ends_at, vests_at, pending, available, held in rows:
        account = found.setdefault(Unit(unit), AccountNow(Unit(unit)))
        account.debt = debt
        _count(account, at, ends_at, vests_at, (pending or 0, available or 0, held or 0))
    for account in found.values():
        account.ending.sort()
        account.vesting.sort()
    return found


def _count(
    account: AccountNow,
    at: datetime,
    ends_at: datetime | None,
    vests_at: datetime | None,
    points: Sequence[int],
) -> None:
    pending, available, held = map(int, points)
    account.held += held
    if vests_at is not None and vests_at <= at:
        pending, available = 0, available + pending
    if pending and vests_at is not None:
        account.vesting.append((vests_at, pending))
    account.pending += pending
    if ends_at is not None and ends_at <= at:
        return
    account.available += available
    if ends_at is not None and available:
        account.ending.append((ends_at, available))


# One row a unit and moment at which points of it end or become available.
NOW = """
SELECT b.unit, b.debt, l.ends_at, l.vests_at, l.pending, l.available, l.held
FROM loyalty_balance b
LEFT JOIN LATERAL (
    SELECT CASE WHEN is_extended THEN b.extended_to ELSE expires_at END AS ends_at,
        CASE WHEN pending > 0 THEN vests_at END AS vests_at, sum(pending)::bigint AS pending,
        sum(available)::bigint AS available, sum(held)::bigint AS held
    FROM loyalty_lot
    WHERE customer_id = %(customer)s AND unit = b.unit AND (available > 0 OR pending > 0 OR held > 0)
    GROUP BY 1, 2
) l ON true
WHERE b.customer_id = %(customer)s ORDER BY b.unit
"""
