"""What `verify_ledger` asks of the sums by day: they are those of the ledger, up to the moment to which they go."""

from collections.abc import Iterator
from typing import Any

from crm.lib.statements import Statement
from loyalty.ledger.proof import Fault
from loyalty.liability import days

LAST = 2**63 - 1


def check(cursor: Any, _low: int, high: int) -> Iterator[Fault]:
    """Once, with the last customers: the sums know no customers."""
    until = days.read_until() if high == LAST else None
    if until is None:
        return
    given = {"until": until}
    cursor.execute(MOVED.sql, given)
    moved = {row[:2]: row[2:] for row in cursor.fetchall()}
    cursor.execute(_READ)
    read = {row[:2]: row[2:] for row in cursor.fetchall()}
    for unit, kind in sorted(moved.keys() | read.keys()):
        if moved.get((unit, kind), _NOTHING) != read.get((unit, kind), _NOTHING):
            yield Fault("the sums by day are those of the ledger", f"days of kind {kind} in unit {unit}")


_NOTHING = (0,) * 5
_SUMS = ", ".join(f"sum({name})::bigint" for name in ("pending", "available", "held", "debt"))
MOVED = Statement(
    "loyalty.ledger_moved",
    f"""
SELECT unit, kind, {_SUMS}, sum(contra)::bigint FROM loyalty_movement WHERE recorded_at <= %(until)s
GROUP BY unit, kind
""",  # noqa: S608
    {"until": "2026-03-10T04:00Z"},
)
_READ = f"SELECT unit, kind, {_SUMS}, sum(here)::bigint FROM loyalty_ledgerday GROUP BY unit, kind"  # noqa: S608
