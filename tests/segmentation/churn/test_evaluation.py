"""Measures, calibration and drift, by hand and beside scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from segmentation.churn import calibration, drift, evaluation
from segmentation.churn.catalogue import FEATURES

GONE = np.array([True, False, True, False, False])
TOLD = np.array([0.9, 0.9, 0.4, 0.2, 0.1])


def test_figures_by_hand() -> None:
    assert evaluation.figures(GONE, TOLD) == {
        "customers": 5, "gone": 2, "auc": round(4.5 / 6, 6), "brier": round((0.01 + 0.81 + 0.36 + 0.04 + 0.01) / 5, 6),
        "log_loss": round(-(np.log(0.9 * 0.1 * 0.4 * 0.8 * 0.9)) / 5, 6), "lift": 2.5,
        "ece": round((abs(1.8 - 1) + 0.6 + 0.2 + 0.1) / 5, 6),
    }  # fmt: skip


def test_with_one_kind_of_people_there_is_nothing_to_measure() -> None:
    assert evaluation.figures(np.zeros(3, dtype=bool), np.full(3, 0.2)) == {
        "customers": 3,
        "gone": 0,
        "auc": None,
    }


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=2, max_size=80))
@settings(max_examples=80, deadline=None)
def test_figures_are_those_of_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    gone, told = np.array([g for g, _ in rows]), np.array([t / 20 for _, t in rows])
    if 0 < gone.sum() < len(gone):
        found = evaluation.figures(gone, told)
        assert found["auc"] == pytest.approx(roc_auc_score(gone, told), abs=1e-6)
        assert found["brier"] == pytest.approx(brier_score_loss(gone, told), abs=1e-6)
        assert found["log_loss"] == pytest.approx(log_loss(gone, np.clip(told, 1e-12, 1 - 1e-12)), abs=1e-5)


def test_curve_and_deciles_hold_everybody_once() -> None:
    rng = np.random.default_rng(1)
    told = rng.random(1003)
    gone = rng.random(1003) < told
    curve, deciles = evaluation.curve(gone, told), evaluation.deciles(gone, told)
    assert sum(part["customers"] for part in curve) == 1003
    assert [part["told"] for part in curve] == sorted(part["told"] for part in curve)
    assert sum(part["true"] * part["customers"] for part in curve) == pytest.approx(gone.sum(), abs=0.01)
    assert deciles[0] > 1.7 > deciles[-1] > 0  # type: ignore[operator]


def test_the_sigmoid_is_the_likeliest_one() -> None:
    rng = np.random.default_rng(2)
    score = rng.normal(size=4000)
    gone = rng.random(4000) < calibration.probability(1.7 * score - 0.8)
    found = calibration.fitted(score, gone)
    peer = LogisticRegression(C=np.inf).fit(score[:, None], gone)
    assert found.slope == pytest.approx(peer.coef_[0, 0], rel=0.01)
    assert found.intercept == pytest.approx(peer.intercept_[0], rel=0.01)


@pytest.mark.parametrize("gone", [[True, True], [False, False]])
def test_a_sigmoid_of_one_kind_of_people_tells_all_the_same(gone: list[bool]) -> None:
    found = calibration.fitted(np.array([1.0, 2.0]), np.array(gone))
    assert found(np.array([1.0, 2.0])) == pytest.approx([0.75] * 2 if gone[0] else [0.25] * 2)


def test_the_sigmoid_never_turns_the_order_round() -> None:
    assert calibration.fitted(np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, True, False, False])).slope == 0


def test_stability_by_hand() -> None:
    expected, found = np.array([50, 50]), np.array([80, 20])
    by_hand = 0.3 * np.log(0.8 / 0.5) + -0.3 * np.log(0.2 / 0.5)
    assert evaluation.stability(expected, found) == pytest.approx(by_hand)
    assert evaluation.stability(expected, expected * 7) == pytest.approx(0)
    assert evaluation.stability(expected, np.zeros(2)) == 0


def test_drift_names_the_feature_that_moved() -> None:
    rows = np.random.default_rng(4).normal(size=(2000, len(FEATURES))).astype(np.float32)
    rows[::5, 3] = np.nan
    watch = drift.Watch(drift.shape(rows))
    moved = rows.copy()
    moved[:, 0] += 2
    for part in (moved[:700], moved[700:]):
        watch.add(watch.counts(part))
    found = watch.drift()
    assert found[FEATURES[0].code] > drift.OTHER
    assert max(value for code, value in found.items() if code != FEATURES[0].code) == 0
