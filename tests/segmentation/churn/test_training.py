"""Which days teach, calibrate and test; which candidate serves; chains of any size."""

from typing import Any

import numpy as np
import pytest

from segmentation.churn import candidates, training
from segmentation.churn.candidates import FOREST
from segmentation.churn.training import Fold, Lessons
from tests.segmentation.churn.parts import Past, lives, part_of

KINDS = np.zeros(10, dtype=np.int64)


def lessons(customers: int, *, horizon: int = 28, days: int = 300, first: int = 0) -> Lessons:
    return Lessons(Past([lives(customers, days)]), KINDS, horizon, first)


@pytest.mark.parametrize(
    ("horizon", "on", "learn", "proof"),
    [
        (28, 308, [252, 224, 196, 168], 280),
        (56, 308, [224, 196, 168, 140], 252),
        (28, 120, [64], 92),
        (28, 60, [32], 32),
    ],
)
def test_cutoffs_whose_horizon_is_over(horizon: int, on: int, learn: list[int], proof: int) -> None:
    assert lessons(1, horizon=horizon).cutoffs(on) == (learn, proof)


def test_before_a_horizon_is_over_nothing_can_be_learnt() -> None:
    young = lessons(1, first=100)
    assert young.cutoffs(127) is None
    assert training.folds(young, 127) == []
    assert training.trained_as_of(young, "recency", 127) is None


def test_folds_are_days_of_the_past() -> None:
    assert training.folds(lessons(1), 308) == [280, 252, 224]
    assert training.folds(lessons(1), 150) == [122, 94]


def test_a_backtest_does_not_see_what_came_after(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tested on day 196, nothing may be learnt from a horizon that ended later."""
    asked = lessons(60)
    seen: list[tuple[int, ...]] = []
    monkeypatch.setattr(
        Lessons, "of", lambda _self, days, _of=Lessons.of: (seen.append(tuple(days)), _of(_self, days))[1]
    )
    training.trained_as_of(asked, "recency", 196)
    assert max(day for days in seen for day in days) + 28 <= 196


def fold(brier: float | None) -> Fold:
    return Fold(1, {"brier": brier} if brier is not None else {"auc": None}, None, None)


@pytest.mark.parametrize(
    ("tested", "serves"),
    [
        ({FOREST: [fold(0.10)], "recency": [fold(0.12)]}, FOREST),
        ({FOREST: [fold(0.12)], "recency": [fold(0.10)]}, "recency"),
        ({FOREST: [fold(0.10)], "recency": [fold(0.10)]}, "recency"),  # a draw: the simpler one
        ({"bgnbd": [fold(0.10)], "overdue": [fold(0.10)]}, "overdue"),
        ({FOREST: [fold(0.01)], "recency": [fold(0.10), fold(0.10)]}, "recency"),  # not tested on all days
        ({FOREST: [fold(None)]}, "recency"),
        ({}, "recency"),
    ],
)
def test_the_best_of_the_backtest_serves(tested: dict[str, list[Fold]], serves: str) -> None:
    assert training.best(tested) == serves


def test_everybody_is_tested_on_a_chain_of_a_thousand() -> None:
    tested = training.backtest(lessons(1000), [224])
    assert set(tested) == set(candidates.all_kinds())
    figures: dict[str, Any] = {kind: folds[0].figures for kind, folds in tested.items()}
    assert {one["customers"] for one in figures.values()} == {tested["recency"][0].figures["customers"]}
    assert all(one["auc"] > 0.5 for one in figures.values()), figures
    assert figures[FOREST]["auc"] > 0.7
    assert figures[FOREST]["ece"] < 0.1


def test_fifty_customers_get_a_baseline() -> None:
    few = lessons(50)
    tested = training.backtest(few, training.folds(few, 300))
    assert FOREST not in tested
    kind = training.best(tested)
    model = training.trained_as_of(few, kind, 300)
    assert model is not None
    told, points = model.told(few.of([300]).rows)
    assert len(told) == len(few.of([300]).rows)
    assert np.abs(model.average + points.sum(axis=1) - told).max() < 1e-9


@pytest.mark.parametrize("kind", candidates.all_kinds())
def test_one_customer_breaks_nothing(kind: str) -> None:
    one = Lessons(Past([part_of({5: [(10, 1, 900, 0, [1])]}), part_of({})]), KINDS, 28, 10)
    model = training.trained_as_of(one, kind, 80)
    assert (model is None) == (kind == FOREST)
    if model is not None:
        told, _points = model.told(one.of([80]).rows)
        assert 0 < told[0] < 1
