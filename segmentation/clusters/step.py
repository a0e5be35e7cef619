"""The step of the night: learn where that is due, then put everybody to the nearest centre.

Parts of customers one after another, so memory is bounded by the sample. Members are spells (decisions/0006): only
those whose cluster changed are written. Done again after a kill it ends in the same rows: what was learnt is kept with
the first commit, and the rest follows from it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import connection

from crm.jobs.claim import StepProgress
from crm.lib import spells
from crm.lib.arrays import array_text
from crm.lib.copy import INT2, INT4, INT8, read_packed
from crm.lib.sidebyside import side_by_side
from crm.lib.spells import IDS
from crm.lib.statements import Statement
from customers.histories import RANGE, Histories
from customers.nightrun import NightRun
from customers.persona import reading
from segmentation import generations
from segmentation.clusters import choosing, limits, measuring, training
from segmentation.clusters.measuring import Measured, Measuring
from segmentation.clusters.scaling import Scaling
from segmentation.clusters.sums import Sums
from segmentation.models import Cluster, ClusterCount, ClusterFit, ClusterSettings

TABLE = "segmentation_clustermember"
_OPEN = """
SELECT customer_id, cluster_id FROM segmentation_clustermember
WHERE ended_night IS NULL AND customer_id >= %(low)s AND customer_id < %(high)s
"""
_FORGET = "DELETE FROM segmentation_clustermember WHERE customer_id = ANY(%(ids)s)"
STATEMENTS = [
    Statement("clusters.open", _OPEN, {"low": 1, "high": 250_001}),
    Statement("clusters.forget", _FORGET, {"ids": IDS}),
    *spells.statements(TABLE),
    *measuring.STATEMENTS,
]
_EVERYBODY = 2**62


@dataclass(frozen=True)
class Written:
    """What a part comes to."""

    customers: int
    changed: int
    sums: Sums


def step(night_run: NightRun, progress: StepProgress) -> None:
    with connection.cursor() as cursor:
        shelf = reading.goods(cursor).category
    measuring = Measuring(Histories.of(night_run), night_run.on, night_run.night.window_days, shelf)
    work = _Work(night_run, measuring)
    fit = work.learn()
    if fit is None:
        return _note(night_run, Sums([], []), work.seen)
    scaling, sums = Scaling.of(fit.scaling), Sums(fit.clusters, fit.scaling["codes"])
    progress.counts["changed"] = 0
    for part in side_by_side(
        lambda number: work.assign(number, fit, scaling), range(len(measuring.histories))
    ):
        sums.join(part.sums)
        progress.counts["changed"] += part.changed
        progress.advance(part.customers)
    _note(night_run, sums, sums.everybody)


def take_back(night: int) -> None:
    with connection.cursor() as cursor:
        spells.take_back(cursor, TABLE, night)
    for model in (ClusterCount, ClusterFit):
        model.objects.filter(night=night).delete()
    Cluster.objects.filter(born_night=night).delete()
    Cluster.objects.filter(ended_night=night).update(ended_night=None)


@dataclass
class _Work:
    night_run: NightRun
    measuring: Measuring
    fit: ClusterFit | None = None
    codes: list[str] = field(default_factory=list)
    fetch: Callable[[int], Measured] | None = None
    seen: int = 0

    def learn(self) -> ClusterFit | None:
        """The centres that this night uses; None where there are too few customers."""
        night, settings = self.night_run.night, ClusterSettings.current()
        before = training.latest(night.pk)
        if before and before.night_id == night.pk:  # learnt by an attempt that was killed
            return before
        why = training.due(night, before, settings)
        if why is None:
            return before
        own = self.measuring.largest()
        union = list(dict.fromkeys([*own, *training.categories_of(before)]))
        sample = self._sample(union)
        self.seen = sample.seen
        if sample.seen < limits.FEWEST:
            return before
        with self.night_run.claim.slice():
            return training.learn(
                night, sample.measured(), self.codes, self.measuring.codes(own), why=why, settings=settings,
                before=before,
            )  # fmt: skip

    def _sample(self, categories: list[int]) -> training.Sample:
        """Measure everybody once for both the learning and the assigning; the measures lie in the night's columns."""
        self.codes = self.measuring.codes(categories)
        columns = self.night_run.columns

        def fetch(number: int) -> Measured:
            load = lambda at: self.measuring.measure(at, categories).columns()  # noqa: E731
            return Measured(**columns.fetch("clusters", number, load))

        self.fetch = fetch
        sample = training.Sample()
        for measured in side_by_side(fetch, range(len(self.measuring.histories))):
            if len(measured):
                sample.add(measured)
        return sample

    def assign(self, number: int, fit: ClusterFit, scaling: Scaling) -> Written:
        if self.fetch is None:
            found = self.measuring.measure(number, training.categories_of(fit))
            traits = found.traits
        else:
            found = self.fetch(number)
            traits = found.traits[:, training.columns_of(scaling.codes, self.codes)]
        points, centres = scaling.points(traits, found.visits), np.array(fit.centres)
        place = choosing.nearest(points, centres)
        sums = Sums(fit.clusters, scaling.codes)
        sums.add(
            place, found.cents, traits, scaling.standard(traits, found.visits),
            ((points - centres[place]) ** 2).sum(axis=1),
        )  # fmt: skip
        changed, claim = 0, self.night_run.claim
        if not claim.is_part_done("clusters", number):
            is_last = number == len(self.measuring.histories) - 1
            high = _EVERYBODY if is_last else (number + 1) * RANGE
            with claim.part("clusters", number), connection.cursor() as cursor:
                cluster = np.array(fit.clusters, dtype=np.int64)[place]
                night = self.night_run.night.pk
                changed = _write(cursor, (number * RANGE, high), found.customer, cluster, night)
        return Written(len(found), changed, sums)


def _write(cursor: Any, between: tuple[int, int], customer: Any, cluster: Any, night: int) -> int:
    """End the spells of those who left their cluster, begin those of the new ones; how many changed.

    Who was erased, merged away or said no since they were measured is in no cluster.
    """
    is_gone, objects = generations.barred(cursor, customer)
    customer, cluster = customer[~(is_gone | objects)], cluster[~(is_gone | objects)]
    types = {"customer_id": INT8, "cluster_id": INT2}
    stored = read_packed(cursor, _OPEN, types, {"low": between[0], "high": between[1]})
    order = np.argsort(stored["customer_id"])
    known, was = stored["customer_id"][order], stored["cluster_id"][order]
    gone = np.setdiff1d(known, customer, assume_unique=True)
    is_known = np.isin(customer, known, assume_unique=True)
    differs = ~is_known
    differs[is_known] = was[np.searchsorted(known, customer[is_known])] != cluster[is_known]
    unprofiled = reading.unprofiled(cursor, gone) if len(gone) else gone
    if len(unprofiled):
        cursor.execute(_FORGET, {"ids": array_text(unprofiled)})
    left = np.setdiff1d(gone, unprofiled, assume_unique=True)
    spells.close(cursor, TABLE, np.concatenate([left, customer[differs & is_known]]), night)
    columns = {"customer_id": customer[differs], "cluster_id": cluster[differs]}
    columns["night_id"] = np.full(int(differs.sum()), night)
    spells.write(cursor, TABLE, {**types, "night_id": INT4}, columns)
    return len(gone) + int(differs.sum())


def _note(night_run: NightRun, sums: Sums, everybody: int) -> None:
    """Replaces the night's own sums, so that doing it again changes nothing."""
    night = night_run.night.pk
    with night_run.claim.slice():
        ClusterCount.objects.filter(night=night).delete()
        ClusterCount.objects.bulk_create(ClusterCount(night_id=night, **row) for row in sums.rows(everybody))
