"""What members have on a day, by the ledger as it was known on that day: all of it is sums of `LedgerDay` rows.

What has not been read yet is read from the ledger itself. Store managers see the part of their stores: lots stand
with the store that issued them, debt with the store where it arose.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone

from crm.org.models import Chain
from crm.org.scope import Viewer
from loyalty.liability import days
from loyalty.models import Kind, Programme, Unit

# What a movement is called here, by kind. Lending and paying change nothing in all, but may move debt between stores.
FLOWS: dict[str, frozenset[Kind]] = {
    "issued": frozenset({Kind.EARN}),
    "reversed": frozenset({Kind.CLAWBACK}),
    "redeemed": frozenset({Kind.REDEEM, Kind.CAPTURE, Kind.REVERSAL}),
    "expired": frozenset({Kind.EXPIRE}),
    "adjusted": frozenset({Kind.ADJUST, Kind.TRANSFER, Kind.FORGIVE, Kind.SETTLE, Kind.LEND}),
}
FLOW_OF = {kind.value: name for name, kinds in FLOWS.items() for kind in kinds}


class Row(NamedTuple):
    """Sums of the ledger: see `LedgerDay`."""

    month: int
    kind: int
    store: int
    earned: int
    ends: int
    pending: int
    available: int
    held: int
    debt: int
    here: int
    lots: int

    @property
    def points(self) -> int:
        """The change of what members have, however it is kept."""
        return self.pending + self.available + self.held


@dataclass
class Sums:
    """What is outstanding and how it came about. Flows are above zero in the direction of their name."""

    pending: int = 0
    available: int = 0
    held: int = 0
    debt: int = 0
    flows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FLOWS, 0))
    spent_here: int = 0

    @property
    def outstanding(self) -> int:
        return self.pending + self.available + self.held

    @property
    def net(self) -> int:
        """Outstanding less what members owe: the sum of all flows."""
        return self.outstanding - self.debt

    def add(self, row: Row) -> None:
        self.pending += row.pending
        self.available += row.available
        self.held += row.held
        self.debt += row.debt
        name = FLOW_OF.get(row.kind)
        if name:
            change = row.points - row.debt
            self.flows[name] += change if name in {"issued", "adjusted"} else -change
        if name == "redeemed":
            self.spent_here += row.here


@dataclass
class Figures:
    """`months`, `stores`: sums by month number and by store (0: none). `ahead`: what ends in a month, `days.NEVER` and
    `BY_ACTIVITY` among them. `year` is of the twelve months up to the day. `worth`: money for a point, None: not said.
    """

    unit: Unit
    on: date
    rows: Sequence[Row]
    total: Sums
    months: dict[int, Sums]
    stores: dict[int, Sums]
    year: dict[int, Sums]
    ahead: dict[int, int]
    worth: Decimal | None

    def money(self, points: int) -> Decimal | None:
        return None if self.worth is None else points * self.worth


def today() -> date:
    """The chain's day."""
    return timezone.now().astimezone(ZoneInfo(Chain.current().timezone)).date()


def of(viewer: Viewer, unit: Unit, on: date) -> Figures:
    """What stood at the end of a day, as it was known then."""
    return of_each(viewer, [unit], on)[unit]


def of_each(viewer: Viewer, units: Sequence[Unit], on: date) -> dict[Unit, Figures]:
    """The same of several currencies, in one reading."""
    rows: dict[Unit, list[Row]] = {unit: [] for unit in units}
    for unit, row in _rows(viewer, units, on):
        rows[unit].append(row)
    return {unit: _summed(unit, on, mine) for unit, mine in rows.items()}


def _summed(unit: Unit, on: date, rows: list[Row]) -> Figures:
    found = Figures(unit, on, rows, Sums(), {}, {}, {}, {}, _worth(unit, on))
    first = month_of(on) - 11
    for row in rows:
        parts = [(found.months, row.month), (found.stores, row.store)]
        if row.month >= first:
            parts.append((found.year, row.store))
        for sums, key in parts:
            sums.setdefault(key, Sums()).add(row)
        found.total.add(row)
        if row.points:
            found.ahead[row.ends] = found.ahead.get(row.ends, 0) + row.points
    return found


def month_of(on: date) -> int:
    return on.year * 12 + on.month - 1


def first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _rows(viewer: Viewer, units: Sequence[Unit], on: date) -> Iterator[tuple[Unit, Row]]:
    """Read and not read yet. The second is little: what was booked since the last reading."""
    stores = viewer.scope().store_ids
    with connection.cursor() as cursor:
        given: dict[str, Any] = {
            "units": [int(unit) for unit in units],
            "on": on,
            "all": stores is None,
            "stores": sorted(stores or ()),
        }
        cursor.execute(_READ, given)
        yield from ((Unit(unit), Row._make(rest)) for unit, *rest in cursor.fetchall())
        until = days.read_until()
        if until is None or until.astimezone(ZoneInfo(Chain.current().timezone)).date() <= on:
            for booked_on, month, of_unit, kind, store, *rest in days.booked(
                cursor, until or days.SINCE_EVER, "infinity"
            ):
                if of_unit in units and booked_on <= on and (stores is None or store in stores):
                    yield Unit(of_unit), Row(month, kind, store, *rest)


def _worth(unit: Unit, on: date) -> Decimal | None:
    """Of money a unit is the smallest coin; growth points cannot be spent and cost nothing."""
    if unit == Unit.GROWTH:
        return None
    if unit.is_money:
        return Decimal("0.01")
    programmes = Programme.objects.filter(valid_from__lte=on).order_by("-valid_from", "-pk")
    return programmes.values_list("point_worth", flat=True).first()


_READ = """
SELECT unit, month, kind, store_id, earned, ends, sum(pending)::bigint, sum(available)::bigint, sum(held)::bigint,
    sum(debt)::bigint, sum(here)::bigint, sum(lots)::bigint
FROM loyalty_ledgerday
WHERE unit = ANY(%(units)s::int[]) AND booked_on <= %(on)s AND (%(all)s OR store_id = ANY(%(stores)s::bigint[]))
GROUP BY unit, month, kind, store_id, earned, ends
"""
