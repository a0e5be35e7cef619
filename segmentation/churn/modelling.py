"""The model that serves: trained when it is due, written down with all that a page says of it, read again to score."""

from datetime import date, timedelta
from typing import Any

import numpy as np

from crm.lib.spells import day_number
from customers.histories import Sold
from customers.nightrun import NightRun
from segmentation.churn import drift, evaluation, labels, training
from segmentation.churn.candidates import Trained
from segmentation.churn.catalogue import REASONS
from segmentation.models import ChurnModel, ChurnNight

EVERY = timedelta(days=7)  # a model serves for a week …
SOONEST = timedelta(days=2)  # … unless customers have become others: then it may be this young
LATEST = 7  # days that receipts may be behind


def is_due(last: ChurnModel | None, scored: ChurnNight | None, on: date) -> bool:
    """Whether a night trains: there is no model, it is a week old, or what it sees is not what it was taught with."""
    if last is None or on - last.trained_on >= EVERY:
        return True
    if scored is None or scored.customers < drift.FEWEST:
        return False
    has_drifted = max(scored.drift.values(), default=0) >= drift.OTHER
    return has_drifted and on - last.trained_on >= SOONEST


def day_of(histories: Sold) -> int:
    """The day as of which a night looks: its own, or the last one with a receipt if tills are some days behind.

    Otherwise every customer of a chain whose receipts are late would seem to stay away.
    """
    on = day_number(histories.on)
    last = max((int(part.receipt_day.max()) for part in histories.parts() if len(part)), default=on)
    return max(last, on - LATEST)


def trained(night_run: NightRun, histories: Sold, kinds: Any, on: int) -> ChurnModel | None:
    """Train as of a day, test on days before, and describe the best; not saved yet. None: nothing has come true."""
    lessons = lessons_of(histories, kinds, on)
    if lessons is None or (days := lessons.cutoffs(on)) is None:
        return None
    tested = training.backtest(lessons, training.folds(lessons, on))
    kind = training.best(tested)
    model = training.trained_as_of(lessons, kind, on)
    if model is None:  # the best of the past needs more than there is now
        kind = training.FALLBACK
        model = training.trained_as_of(lessons, kind, on)
    assert model is not None
    return _described(night_run, lessons, tested, model, days)


def lessons_of(histories: Sold, kinds: Any, on: int) -> training.Lessons | None:
    """What a chain can be asked up to a day; None without a receipt."""
    firsts = [int(part.receipt_day.min()) for part in histories.parts() if len(part)]
    customers = sum(len(part) for part in histories.parts())
    if not firsts:
        return None
    horizon = labels.horizon(labels.gap_counts(histories.parts(), on))
    every = -(-customers // training.MOST)
    return training.Lessons(histories, kinds, horizon, min(firsts), every)


def _described(
    night_run: NightRun, lessons: training.Lessons, tested: dict[str, list[training.Fold]], model: Trained,
    days: tuple[list[int], int],
) -> ChurnModel:  # fmt: skip
    learn, proof = days
    numbers, tables = model.packed()
    newest = next(iter(tested.get(model.kind, [])), None)
    return ChurnModel(
        night=night_run.night, trained_on=night_run.on, horizon_days=lessons.horizon,
        learnt_at=[_date(day).isoformat() for day in learn], proved_on=_date(proof),
        customers=len(lessons.of(sorted({*learn, proof})).gone), serves=model.kind,
        tested={kind: [{"on": _date(f.on).isoformat(), **f.figures} for f in each] for kind, each in tested.items()},
        curve=evaluation.curve(newest.gone, newest.told) if newest else [],
        deciles=evaluation.deciles(newest.gone, newest.told) if newest else [],
        reasons=list(REASONS), average=model.average, shape=drift.shape(lessons.of([proof]).rows),
        numbers=numbers, tables=tables,
    )  # fmt: skip


def read(model: ChurnModel) -> Trained:
    return Trained.unpacked(model.serves, model.numbers, bytes(model.tables))


def _date(day: int) -> date:
    found: date = np.datetime64(day, "D").item()
    return found
