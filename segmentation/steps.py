"""The steps of the night that score: RFM, value class, snapshot.

The first two only find cut points, which are kept; scores follow from states and cut points at any time, so that a
killed run needs nothing else to go on. The snapshot writes the standings that changed and the sums that pages read.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from crm.jobs.claim import StepProgress
from crm.lib import spells
from crm.lib.copy import INT2, INT4, INT8, TOTAL, read_packed, write_columns
from crm.lib.sidebyside import side_by_side
from crm.lib.statements import Statement
from customers.lifecycle import customers_of
from customers.nightrun import NightRun
from segmentation import schemes, scores
from segmentation.heatmap import cuts_of
from segmentation.histogram import Histogram
from segmentation.models import CellCount, ClassCount, Method, NightCuts, Scheme
from segmentation.scores import Codes, Measures

TABLE = "segmentation_standing"
_WRITTEN = {
    "customer_id": INT8, "night_id": INT4, "r": INT2, "f": INT2, "m": INT2, "x": INT2, "group_id": INT2,
    "value_class": INT2,
}  # fmt: skip
# Two numbers travel in one: the codes take 36 bits (see `Codes.packed`), above them the place in the slice.
_OPEN = """
SELECT (customer_id - %(low)s) * 68719476736
       + r + 16 * f + 256 * m + 4096 * x + 65536 * value_class + 1048576::bigint * group_id
FROM segmentation_standing WHERE ended_night IS NULL AND customer_id >= %(low)s AND customer_id < %(high)s
"""
STATEMENTS = [Statement("standing.open", _OPEN, {"low": 1, "high": 250_001}), *spells.statements(TABLE)]


def rfm(night_run: NightRun, progress: StepProgress) -> None:
    """Find the night's cut points."""
    scheme = Scheme.current()
    seen = {measure: Histogram() for measure in schemes.MEASURES}
    customers = 0
    for number in range(len(night_run.ranges)):
        found = _measures(night_run, number)
        inside = found.in_window
        for measure, histogram in seen.items():
            histogram.add(getattr(found, measure)[inside])
        customers += int(inside.sum())
        progress.advance(len(found.customer))
    cuts = (
        scheme.cuts if scheme.method == Method.FIXED else {k: h.cuts(scheme.buckets) for k, h in seen.items()}
    )
    with night_run.claim.slice():
        NightCuts.objects.update_or_create(
            night=night_run.night,
            defaults={
                "scheme": scheme,
                "customers": customers,
                "value": [],
                **{k: cuts[k] for k in schemes.MEASURES},
            },
        )
    progress.counts["scored"] = customers


def value_class(night_run: NightRun, progress: StepProgress) -> None:
    """Find who brings the first half of the revenue, who the next share, who the rest."""
    cuts = _own_cuts(night_run)
    spent = Histogram()
    for number in range(len(night_run.ranges)):
        found = _measures(night_run, number)
        spent.add(found.monetary[found.in_window], found.cents[found.in_window])
        progress.advance(len(found.customer))
    high = cuts.scheme.high_percent
    with night_run.claim.slice():
        cuts.value = spent.least_of_top([high + cuts.scheme.medium_percent, high])
        cuts.save(update_fields=["value"])


def snapshot(night_run: NightRun, progress: StepProgress) -> None:
    """Write the standings that changed, and the sums by cell, class and store."""
    cuts = _own_cuts(night_run)
    group_ids = {group.code: group.pk for group in schemes.groups()}

    def write(number: int) -> Written:
        found = _measures(night_run, number)
        codes = scores.codes(found, cuts, group_ids)
        store = _home_stores(found.customer, customers_of(night_run, number))
        cells = _Sums((store, codes.r, codes.x), found.cents)
        classes = _Sums((store, codes.value_class, codes.value_class), found.cents)
        changed = 0
        if not night_run.claim.is_part_done("snapshot", number):
            with night_run.claim.part("snapshot", number), connection.cursor() as cursor:
                changed = _write_changed(cursor, night_run, number, codes)
        return Written(len(found.customer), changed, cells, classes)

    cells, classes = _Sums(), _Sums()
    for part in side_by_side(write, range(len(night_run.ranges))):
        cells.join(part.cells)
        classes.join(part.classes)
        progress.counts["changed"] = progress.counts.get("changed", 0) + part.changed
        progress.advance(part.customers)
    with night_run.claim.slice(), connection.cursor() as cursor:
        _write_sums(cursor, night_run.night.pk, cells, classes)


def take_back(night: int) -> None:
    with connection.cursor() as cursor:
        spells.take_back(cursor, TABLE, night)
    for model in (CellCount, ClassCount, NightCuts):
        model.objects.filter(night=night).delete()


def _measures(night_run: NightRun, number: int) -> Measures:
    """Of the living customers of a slice: what was sold to others stays sold, but they stand nowhere."""
    found = scores.measures(night_run.on, night_run.states(number))
    living = customers_of(night_run, number)["id"]
    return found.of(np.isin(found.customer, living, assume_unique=True))


def _own_cuts(night_run: NightRun) -> NightCuts:
    """The cut points of this night; a run of later steps alone takes over those of the night before."""
    cuts = cuts_of(night_run.night)
    if cuts is None:
        raise LookupError("no night has found cut points yet: run the step rfm first")
    if cuts.night_id != night_run.night.pk:
        cuts = NightCuts.objects.create(
            night=night_run.night, scheme=cuts.scheme, recency=cuts.recency, frequency=cuts.frequency,
            monetary=cuts.monetary, value=cuts.value, customers=cuts.customers,
        )  # fmt: skip
    return cuts


def _write_changed(cursor: Any, night_run: NightRun, number: int, codes: Codes) -> int:
    stored = _open_standings(cursor, *night_run.ranges[number])
    known, packed = stored["customer_id"], stored["packed"]
    gone = np.setdiff1d(known, codes.customer, assume_unique=True)
    if len(known):
        place = np.minimum(np.searchsorted(known, codes.customer), len(known) - 1)
        is_known = known[place] == codes.customer
        differs = ~is_known | (packed[place] != codes.packed)
    else:
        is_known, differs = (
            np.zeros(len(codes.customer), dtype=bool),
            np.ones(len(codes.customer), dtype=bool),
        )
    night = night_run.night.pk
    spells.close(cursor, TABLE, np.concatenate([gone, codes.customer[differs & is_known]]), night)
    columns = {"customer_id": codes.customer, "r": codes.r, "f": codes.f, "m": codes.m, "x": codes.x}
    columns |= {"group_id": codes.group, "value_class": codes.value_class}
    written = {name: column[differs] for name, column in columns.items()}
    spells.write(cursor, TABLE, _WRITTEN, written | {"night_id": np.full(int(differs.sum()), night)})
    return len(gone) + int(differs.sum())


def _open_standings(cursor: Any, low: int, high: int) -> dict[str, Any]:
    """The codes of a slice's open standings (see `Codes.packed`), ordered by customer."""
    found = np.sort(read_packed(cursor, _OPEN, {"packed": INT8}, {"low": low, "high": high})["packed"])
    return {"customer_id": (found >> 36) + low, "packed": found & 0xFFFFFFFFF}


def _home_stores(customers: Any, people: dict[str, Any]) -> Any:
    """The home store of each customer, 0 where there is none."""
    if len(people["id"]) == 0:
        return np.zeros(len(customers), dtype=np.int64)
    place = np.minimum(np.searchsorted(people["id"], customers), len(people["id"]) - 1)
    return np.where(people["id"][place] == customers, people["home_store"][place], 0)


class _Sums:
    """Customers and cents by (store, a, b), with a and b below 16."""

    def __init__(self, key: tuple[Any, Any, Any] | None = None, cents: Any = None) -> None:
        self.rows: dict[int, list[int]] = {}
        if key is None:
            return
        store, a, b = (column.astype(np.int64) for column in key)
        packed, place, counts = np.unique(store << 8 | a << 4 | b, return_inverse=True, return_counts=True)
        money = np.bincount(place, weights=cents, minlength=len(packed)).astype(np.int64)
        for name, *row in zip(packed.tolist(), counts.tolist(), money.tolist(), strict=True):
            self.rows[name] = row

    def join(self, other: "_Sums") -> None:
        for name, (n, sum_) in other.rows.items():
            row = self.rows.setdefault(name, [0, 0])
            row[0] += n
            row[1] += sum_

    def columns(self) -> dict[str, Any]:
        keys = np.array(sorted(self.rows), dtype=np.int64)
        values = np.array([self.rows[key] for key in keys.tolist()], dtype=np.int64).reshape(-1, 2)
        store = np.ma.masked_equal(keys >> 8, 0)
        return {
            "store_id": store,
            "a": keys >> 4 & 15,
            "b": keys & 15,
            "customers": values[:, 0],
            "revenue": values[:, 1],
        }


@dataclass(frozen=True)
class Written:
    """What a slice of the snapshot comes to."""

    customers: int
    changed: int
    cells: _Sums
    classes: _Sums


def _write_sums(cursor: Any, night: int, cells: _Sums, classes: _Sums) -> None:
    """Replaces the night's own sums, so that doing it again changes nothing."""
    CellCount.objects.filter(night=night).delete()
    ClassCount.objects.filter(night=night).delete()
    shared = {"night_id": INT4, "store_id": INT8, "customers": INT4, "revenue": TOTAL}
    for table, sums, names in (
        ("segmentation_cellcount", cells, {"r": "a", "x": "b"}),
        ("segmentation_classcount", classes, {"value_class": "a"}),
    ):
        found = sums.columns()
        columns = (
            found | {"night_id": np.full(len(found["a"]), night)} | {k: found[v] for k, v in names.items()}
        )
        if len(found["a"]):
            write_columns(cursor, table, shared | dict.fromkeys(names, INT2), columns)
