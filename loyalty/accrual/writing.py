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
from loyalty.ledger.bulk import Earnings
from loyalty.models import Ending, Programme, Unit

_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_ROW = {
    "customer_id": INT8, "purchase_id": INT8, "programme_id": INT8, "business_date": DATE, "points": INT8, "kept": INT8,
    "growth": INT8, "growth_kept": INT8, "is_first": BOOL, "movement_id": INT8, "growth_movement_id": INT8,
    "reasons": TEXT, "lines": TEXT,
}  # fmt: skip


def write(cur: Any, loaded: Loaded, programme: Programme, earned: Earned, at: datetime) -> None:
    """What these purchases earned by one rule set."""
    r = loaded.receipts
    issued = _issue(cur, loaded, {Unit.POINTS: earned.points, Unit.GROWTH: earned.growth}, programme, at)
    living.extend(cur, programme, loaded)
    write_columns(
        cur,
        "loyalty_accrual",
        _ROW,
        {
            "customer_id": r.customer, "purchase_id": loaded.purchase, "programme_id": np.full(len(r), programme.pk),
            "business_date": r.day, "points": earned.points, "kept": earned.points, "growth": earned.growth,
            "growth_kept": earned.growth, "is_first": r.is_first, "movement_id": issued[Unit.POINTS],
            "growth_movement_id": issued[Unit.GROWTH], "reasons": list(_reasons(loaded, earned)),
            "lines": list(_lines(loaded, earned)),
        },
    )  # fmt: skip


def _issue(
    cur: Any, loaded: Loaded, points: dict[Unit, Any], programme: Programme, at: datetime
) -> dict[Unit, Any]:
    """Movements by unit and purchase, masked where nothing was earned."""
    r, latest = loaded.receipts, (at - _1970) // timedelta(microseconds=1)
    places = {unit: np.flatnonzero(earned) for unit, earned in points.items()}
    here = np.concatenate([*places.values()])
    unit = np.concatenate([np.full(len(there), int(unit)) for unit, there in places.items()])
    vests, ends, extended = _lives(loaded, programme, at)
    is_growth = unit == Unit.GROWTH
    columns = Earnings(
        customer=r.customer[here], unit=unit,
        points=np.concatenate([earned[places[of]] for of, earned in points.items()]),
        source=[f"receipt:{pk}" for pk in loaded.purchase[here].tolist()],
        at=np.minimum(loaded.occurred[here], latest), store=r.store[here], purchase=loaded.purchase[here],
        vests=vests[here], ends=np.ma.array(ends[here], mask=np.ma.getmaskarray(ends)[here] | is_growth),
        extended=extended & ~is_growth,
    )  # fmt: skip
    made = bulk.earn_columns(cur, columns, by=BY)
    issued = {}
    for of, there in places.items():
        found = np.zeros(len(loaded), dtype=np.int64)
        found[there] = made[unit == of]
        issued[of] = np.ma.masked_equal(found, 0)
    return issued


def _lives(loaded: Loaded, programme: Programme, at: datetime) -> tuple[Any, Any, bool]:
    """By receipt, when its points become available and when they end (masked: at once, never); whether they live by
    activity. As `single.lot`: the same for all of a day and a zone."""
    known: dict[tuple[int, str], tuple[int | None, int | None]] = {}
    zones = {store: (zone.key, zone) for store, zone in loaded.zones.items()}
    lives = programme.ending == Ending.ACTIVITY
    found = []
    for day, store in zip(loaded.receipts.day.tolist(), loaded.receipts.store.tolist(), strict=True):
        name, zone = zones[store]
        if (day, name) not in known:
            on = date.fromordinal(EPOCH + day)
            vests = endings.vests_at(programme.pending_days, on, zone)
            ends = None if lives else endings.expires_at(programme.ending, programme.ending_count, on, zone)
            known[day, name] = _micros(vests if vests is not None and vests > at else None), _micros(ends)
        found.append(known[day, name])
    return _masked([vests for vests, _ends in found]), _masked([ends for _vests, ends in found]), lives


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _1970) // timedelta(microseconds=1)


def _masked(values: list[int | None]) -> Any:
    return np.ma.array(
        [value or 0 for value in values], mask=[value is None for value in values], dtype=np.int64
    )


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
