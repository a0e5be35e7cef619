"""The churn step of the night: trains when that is due, scores everybody who ever bought, slice by slice."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from crm.jobs.claim import StepProgress
from crm.lib.copy import FLOAT8, INT8, MONEY, Type, read_all
from crm.lib.sidebyside import side_by_side
from crm.lib.statements import Statement
from customers import histories as held
from customers.histories import Histories, Sold
from customers.nightrun import NightRun
from segmentation import generations
from segmentation.churn import features, modelling
from segmentation.churn.candidates import Trained
from segmentation.churn.catalogue import PLACE, REASONS
from segmentation.churn.drift import Watch
from segmentation.generations import Scores
from segmentation.models import ChurnModel, ChurnNight

TABLE = "segmentation_churnscore"
BINS = 20
_REAL = 700  # the type's number (pg_type.oid)
LATELY = 168  # days by which it is judged what somebody spends
# A real[] of one dimension as COPY sends it: dimensions, no NULLs, type, length, lower bound, then size and value each.
_POINTS = np.dtype([("head", ">i4", 5), ("points", [("size", ">i4"), ("value", ">f4")], len(REASONS))])
SCORES = Scores(
    TABLE, ChurnNight,
    {"customer_id": INT8, "probability": FLOAT8, "at_stake": MONEY,
     "points": Type("reals", f"V{_POINTS.itemsize}", _POINTS.itemsize)},
)  # fmt: skip
_KINDS = "SELECT id, coalesce(category_id, 0) FROM customers_product"
STATEMENTS = [Statement("churn.kinds", _KINDS, {}), *generations.statements(TABLE)]


@dataclass(frozen=True)
class Scored:
    """What the scores of a slice come to."""

    customers: int
    expected: float
    histogram: Any
    weights: Any
    counts: list[Any]  # for `Watch`


class Total:
    """The scored slices together, as `ChurnNight` keeps them."""

    def __init__(self) -> None:
        self._customers, self._expected = 0, 0.0
        self._histogram, self._weights = np.zeros(BINS, dtype=np.int64), np.zeros(len(REASONS))

    def add(self, one: Scored) -> None:
        self._customers += one.customers
        self._expected += one.expected
        self._histogram += one.histogram
        self._weights += one.weights

    def told(self) -> dict[str, Any]:
        each = (self._weights / max(self._customers, 1)).round(6).tolist()
        return {
            "customers": self._customers, "expected": round(self._expected, 3),
            "histogram": self._histogram.tolist(), "weights": dict(zip(REASONS, each, strict=True)),
        }  # fmt: skip


def step(night_run: NightRun, progress: StepProgress) -> None:
    """Score everybody. Without a receipt that is old enough there is nothing to learn from, and nobody is scored."""
    histories, kinds = Histories.of(night_run).sold, product_kinds()
    on = modelling.day_of(histories)
    model = _model(night_run, histories, kinds, on)
    progress.counts["scored"] = 0
    if model is None:
        return
    watch, total = Watch(model.shape), Total()
    serving = Serving(modelling.read(model), model.horizon_days, watch, Slice(histories, kinds, on))
    for part in side_by_side(lambda number: _score(night_run, number, serving), range(len(night_run.ranges))):
        total.add(part)
        watch.add(part.counts)
        progress.counts["scored"] += part.customers
        progress.advance(part.customers)
    with night_run.claim.slice():
        ChurnNight.objects.update_or_create(
            night=night_run.night, defaults={"model": model, "drift": watch.drift(), **total.told()}
        )


def take_back(night: int) -> None:
    generations.take_back(SCORES, night)
    ChurnModel.objects.filter(night=night).delete()


def _model(night_run: NightRun, histories: Sold, kinds: Any, on: int) -> ChurnModel | None:
    """The newest model; a new one when it is due. A resumed night finds the one that it trained."""
    known = ChurnModel.objects.filter(night__lte=night_run.night.pk).order_by("-night_id", "-pk").first()
    if known is not None and known.night_id == night_run.night.pk:
        return known
    if not modelling.is_due(known, generations.serving(ChurnNight), night_run.on):
        return known
    new = modelling.trained(night_run, histories, kinds, on)
    if new is None:
        return None
    with night_run.claim.slice():
        new.save()
    return new


@dataclass(frozen=True)
class Slice:
    """Customers of a range of ids, with features as of a day, put together from the parts of the histories."""

    histories: Sold
    kinds: Any
    on: int

    def rows(self, low: int, high: int) -> tuple[Any, Any]:
        """Customers, rising, and their features."""
        found = [(np.empty(0, dtype=np.int64), np.empty((0, len(PLACE)), dtype=np.float32))]
        for number in range(low // held.RANGE, min((high - 1) // held.RANGE + 1, len(self.histories))):
            history = features.known(self.histories.part(number), self.on, self.kinds)
            inside = (history.customer >= low) & (history.customer < high)
            found.append((history.customer[inside], features.matrix(history)[inside]))
        return np.concatenate([one for one, _ in found]), np.concatenate([rows for _, rows in found])


@dataclass(frozen=True)
class Serving:
    """What scores a night."""

    model: Trained
    horizon: int
    watch: Watch
    slice: Slice


def _score(night_run: NightRun, number: int, serving: Serving) -> Scored:
    low, high = night_run.ranges[number]
    customers, rows = serving.slice.rows(low, high)
    with connection.cursor() as cursor:
        is_gone, objects = generations.barred(cursor, customers)
    keep = ~(is_gone | objects)
    customers, rows = customers[keep], rows[keep]
    told, points = serving.model.told(rows)
    columns = {"customer_id": customers, "probability": told, "points": _packed(points)}
    columns["at_stake"] = _at_stake(rows, told, serving.horizon)
    generations.replace_part(night_run, number, SCORES, columns)
    bins = np.minimum((told * BINS).astype(np.int64), BINS - 1)
    weights, counts = np.abs(points).sum(axis=0), serving.watch.counts(rows)
    return Scored(len(told), float(told.sum()), np.bincount(bins, minlength=BINS), weights, counts)


def _at_stake(rows: Any, told: Any, horizon: int) -> Any:
    """Cents: the probability times what is spent within a horizon at the pace of late."""
    days = np.minimum(rows[:, PLACE["tenure"]].astype(np.float64) + 1, LATELY)
    return np.rint(
        told * rows[:, PLACE[f"spend_{LATELY}"]] * 100 * horizon / np.maximum(days, horizon)
    ).astype(np.int64)


def _packed(points: Any) -> Any:
    """Rows of points as PostgreSQL's arrays."""
    records = np.empty(len(points), dtype=_POINTS)
    records["head"] = (1, 0, _REAL, points.shape[1], 1)
    records["points"]["size"] = 4
    records["points"]["value"] = points
    return records.view(f"V{_POINTS.itemsize}").reshape(-1)


def product_kinds() -> Any:
    """By product number its category, 0 where there is none."""
    with connection.cursor() as cursor:
        found = read_all(cursor, _KINDS, {"id": INT8, "category": INT8})
    kinds = np.zeros(int(found["id"].max(initial=0)) + 1, dtype=np.int32)
    kinds[found["id"]] = found["category"]
    return kinds
