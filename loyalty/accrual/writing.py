"""Writing what many purchases earned: points and growth points through the ledger, one row a purchase through COPY."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from crm.lib.copy import BOOL, DATE, INT8, TEXT, write_columns
from loyalty import endings
from loyalty.accrual import living
from loyalty.accrual.columns import Earned
from loyalty.accrual.loading import EPOCH, Loaded
from loyalty.accrual.single import BY
from loyalty.ledger import bulk
from loyalty.ledger.bulk import Earning
from loyalty.models import Ending, Programme, Unit

_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_ROW = {
    "customer_id": INT8, "purchase_id": INT8, "programme_id": INT8, "business_date": DATE, "points": INT8, "kept": INT8,
    "growth": INT8, "growth_kept": INT8, "is_first": BOOL, "movement_id": INT8, "growth_movement_id": INT8,
    "reasons": TEXT, "lines": TEXT,
}  # fmt: skip


def write(cur: Any, loaded: Loaded, programme: Programme, earned: Earned, at: datetime) -> None:
    """What these purchases earned by one rule set."""
    issued = [
        _issue(cur, loaded, earned.points, _Ends(programme, loaded, Unit.POINTS, at)),
        _issue(cur, loaded, earned.growth, _Ends(programme, loaded, Unit.GROWTH, at)),
    ]
    living.extend(cur, programme, loaded)
    r = loaded.receipts
    write_columns(
        cur,
        "loyalty_accrual",
        _ROW,
        {
            "customer_id": r.customer, "purchase_id": loaded.purchase, "programme_id": np.full(len(r), programme.pk),
            "business_date": r.day, "points": earned.points, "kept": earned.points, "growth": earned.growth,
            "growth_kept": earned.growth, "is_first": r.is_first, "movement_id": issued[0],
            "growth_movement_id": issued[1], "reasons": list(_reasons(loaded, earned)),
            "lines": list(_lines(loaded, earned)),
        },
    )  # fmt: skip


def _issue(cur: Any, loaded: Loaded, points: Any, ends: "_Ends") -> Any:
    """Movements by purchase, masked where nothing was earned."""
    r = loaded.receipts
    columns = zip(
        r.customer.tolist(), points.tolist(), loaded.purchase.tolist(), loaded.occurred.tolist(), r.store.tolist(),
        r.day.tolist(), strict=True,
    )  # fmt: skip
    earnings = [
        Earning(
            who,
            n,
            f"receipt:{pk}",
            min(_1970 + timedelta(microseconds=us), ends.at),
            store,
            pk,
            *ends.of(day, store),
        )
        for who, n, pk, us, store, day in columns
        if n
    ]
    made = bulk.earn_many(cur, earnings, by=BY, unit=ends.unit)
    pairs = zip(r.customer.tolist(), loaded.purchase.tolist(), strict=True)
    return np.ma.masked_equal([made.get((who, f"receipt:{pk}"), 0) for who, pk in pairs], 0)


class _Ends:
    """When points become available and end: the same for all of a day and store. As `single.lot`."""

    def __init__(self, programme: Programme, loaded: Loaded, unit: Unit, at: datetime) -> None:
        self.programme, self.zones, self.unit, self.at = programme, loaded.zones, unit, at
        self.known: dict[tuple[int, int], tuple[datetime | None, datetime | None, bool]] = {}

    def of(self, day: int, store: int) -> tuple[datetime | None, datetime | None, bool]:
        """When they vest, when they end, whether they live by activity."""
        if (day, store) not in self.known:
            self.known[day, store] = self._of(date.fromordinal(EPOCH + day), store)
        return self.known[day, store]

    def _of(self, on: date, store: int) -> tuple[datetime | None, datetime | None, bool]:
        one, zone = self.programme, self.zones[store]
        vests = endings.vests_at(one.pending_days, on, zone)
        vests = vests if vests is not None and vests > self.at else None
        if self.unit == Unit.GROWTH:
            return vests, None, False
        if one.ending == Ending.ACTIVITY:
            return vests, None, True
        return vests, endings.expires_at(one.ending, one.ending_count, on, zone), False


def _reasons(loaded: Loaded, earned: Earned) -> Iterator[bytes]:
    """As `reasons.kept`, in JSON."""
    told: list[list[str]] = [[] for _ in range(len(loaded))]
    for row in earned.rows:
        there = np.flatnonzero(row.cents)
        columns = (row.cents[there].tolist(), row.points[there].tolist(), row.before[there].tolist())
        for at, cents, points, before in zip(there.tolist(), *columns, strict=True):
            cut = "" if points == before else f",{before}"
            told[at].append(f"[{row.rule},{cents},{points}{cut}]")
    left_out: dict[int, list[str]] = {}
    for why in np.unique(earned.why[earned.why > 0]).tolist():
        cents = loaded.receipts.sums(np.where(earned.why == why, loaded.receipts.cents, 0))
        has = loaded.receipts.sums(earned.why == why)
        for at in np.flatnonzero(has).tolist():
            left_out.setdefault(at, []).append(f"[{why},{int(cents[at])}]")
    for at, rows in enumerate(told):
        more = f',"x":[{",".join(left_out[at])}]' if at in left_out else ""
        yield f'\x01{{"r":[{",".join(rows)}]{more}}}'.encode()


def _lines(loaded: Loaded, earned: Earned) -> Iterator[bytes]:
    """As `Accrual.lines`, in JSON."""
    there = np.flatnonzero(earned.line_points)
    columns = (
        loaded.number[there].tolist(),
        earned.line_points[there].tolist(),
        earned.line_growth[there].tolist(),
    )
    told = [f"[{number},{points},{growth}]" for number, points, growth in zip(*columns, strict=True)]
    bounds = np.searchsorted(there, loaded.receipts.starts).tolist()
    for first, last in pairwise(bounds):
        yield f"\x01[{','.join(told[first:last])}]".encode()
