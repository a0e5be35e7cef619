"""What a score is made of: tables that say what the trees say, and reasons that add up to the score."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier

from segmentation.churn import candidates, drift, forest, sides
from segmentation.churn.baselines import Baseline
from segmentation.churn.calibration import Sigmoid
from segmentation.churn.candidates import Trained
from segmentation.churn.catalogue import FEATURES, PLACE, REASON_OF, REASON_PLACE, REASONS
from segmentation.churn.forest import Forest, planted
from segmentation.churn.words import MORE, in_words
from segmentation.lifetime import bgnbd

NODE = np.dtype([
    ("value", "f8"), ("count", "u4"), ("feature_idx", "i8"), ("num_threshold", "f8"), ("missing_go_to_left", "u1"),
    ("left", "u4"), ("right", "u4"), ("is_leaf", "u1"),
])  # fmt: skip


def test_a_tree_of_three_leaves_by_hand() -> None:
    """Feature 0 up to 5: +1 (60 customers); else feature 1 up to 2: −1 (30), else −4 (10). The mean is −0.1."""
    tree = np.array([
        (0, 100, 0, 5.0, 1, 1, 2, 0), (1, 60, 0, 0, 0, 0, 0, 1), (0, 40, 1, 2.0, 0, 3, 4, 0),
        (-1, 30, 0, 0, 0, 0, 0, 1), (-4, 10, 0, 0, 0, 0, 0, 1),
    ], dtype=NODE)  # fmt: skip
    grown = planted([tree], 0.5, [0, 1], 2)
    assert grown.base == pytest.approx(0.5 - 0.1)
    rows = np.array([[5, 9], [6, 2], [6, 3], [np.nan, 0], [6, np.nan]], dtype=np.float32)
    found = grown.contributions(rows)
    # The right side of the first split is worth (−30 − 40) ÷ 40 = −1.75 on average.
    assert found == pytest.approx(
        np.array([[1.1, 0], [-1.65, 0.75], [-1.65, -2.25], [1.1, 0], [-1.65, -2.25]])
    )


def rows_of(rng: np.random.Generator, count: int) -> np.ndarray:
    rows = rng.gamma(1.0, 20.0, size=(count, len(FEATURES))).round(1).astype(np.float32)
    rows[:, PLACE["visits"]] = rng.integers(1, 60, count)
    rows[:, PLACE["tenure"]] = rows[:, PLACE["recency"]] + rng.integers(0, 300, count)
    rows[rng.random((count, len(FEATURES))) < 0.05] = np.nan
    for name in ("recency", "visits", "tenure"):
        rows[np.isnan(rows[:, PLACE[name]]), PLACE[name]] = 1
    rows[:, PLACE["tenure"]] = np.maximum(rows[:, PLACE["tenure"]], rows[:, PLACE["recency"]])
    return rows


@pytest.fixture(scope="module")
def grown() -> tuple[HistGradientBoostingClassifier, Forest]:
    rng = np.random.default_rng(5)
    rows = rows_of(rng, 3000)
    gone = np.nan_to_num(rows[:, 0] + rows[:, 20]) + rng.normal(0, 20, 3000) > 45
    model = HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=forest.LEAVES, random_state=1).fit(
        rows, gone
    )
    trees = [tree.nodes for (tree,) in model._predictors]
    return model, planted(trees, float(model._baseline_prediction[0, 0]), REASON_OF, len(REASONS))


def test_the_tables_say_what_the_trees_say(grown: tuple[HistGradientBoostingClassifier, Forest]) -> None:
    model, tables = grown
    rows = rows_of(np.random.default_rng(6), 5000)
    kept = Forest.unpacked(tables.packed())
    for one in (tables, kept):
        told = one.base + one.contributions(rows).sum(axis=1)
        assert np.abs(told - model.decision_function(rows)).max() < 1e-9


def trained(kind: str, grown: Forest, sigmoid: Sigmoid) -> Trained:
    if kind == candidates.FOREST:
        return Trained(kind, grown, sigmoid)
    return Trained(kind, Baseline.fitted(kind, rows_of(np.random.default_rng(7), 400), 28), sigmoid)


@pytest.mark.parametrize("kind", candidates.all_kinds())
@given(seed=st.integers(0, 10**6), slope=st.floats(0, 4), intercept=st.floats(-6, 6))
@settings(max_examples=25, deadline=None)
def test_reasons_add_up_to_the_score(
    kind: str, seed: int, slope: float, intercept: float, grown: tuple[HistGradientBoostingClassifier, Forest]
) -> None:
    model = trained(kind, grown[1], Sigmoid(slope, intercept))
    told, points = model.told(rows_of(np.random.default_rng(seed), 500))
    assert points.shape == (500, len(REASONS))
    assert np.abs(model.average + points.sum(axis=1) - told).max() < 1e-9
    as_kept = model.average + points.astype(np.float32).astype(np.float64).sum(axis=1)
    assert np.abs(as_kept - told).max() < 1e-6
    assert ((told >= 0) & (told <= 1)).all()


@pytest.mark.parametrize("kind", candidates.all_kinds())
def test_a_model_reads_itself_again(kind: str, grown: tuple[HistGradientBoostingClassifier, Forest]) -> None:
    model = trained(kind, grown[1], Sigmoid(0.9, -0.1))
    numbers, tables = model.packed()
    again = Trained.unpacked(kind, numbers, tables)
    rows = rows_of(np.random.default_rng(8), 50)
    assert np.array_equal(again.told(rows)[0], model.told(rows)[0])
    assert np.array_equal(again.told(rows)[1], model.told(rows)[1])


def test_recency_has_one_reason() -> None:
    model = Baseline("recency", {"middle": [9.0], "horizon": 28})
    rows = np.zeros((2, len(FEATURES)), dtype=np.float32)
    rows[:, PLACE["recency"]] = [9, 99]
    found = model.contributions(rows)
    assert found[:, REASON_PLACE["recency"]] == pytest.approx([0, np.log(10)])
    assert found.sum() == pytest.approx(np.log(10))


def test_sides_are_against_the_median_or_what_the_reason_takes_as_usual() -> None:
    """The median of tenure is 20; being late begins at a whole usual gap; what is missing is on no side."""
    taught = np.zeros((3, len(FEATURES)), dtype=np.float32)
    taught[:, PLACE["tenure"]] = [10, 20, 400]
    rows = np.full((3, len(FEATURES)), np.nan, dtype=np.float32)
    rows[:, PLACE["tenure"]] = [20, 21, np.nan]
    rows[:, PLACE["overdue_mean"]] = [0.9, 1.1, np.nan]
    found = sides.packed(rows, drift.shape(taught)).tolist()
    told = [
        in_words(list(REASONS), [1.0 if code in ("tenure", "overdue") else 0.0 for code in REASONS], one)
        for one in found
    ]
    assert [[str(reason.words) for reason in some] for some in told] == [
        ["They are not late yet", "They have been with us for a short time"],
        ["By their own rhythm they are late", "They have been with us for a long time"],
        ["By their own rhythm they are late", "Time with us"],
    ]  # fmt: skip
    assert found[2] == 0
    assert sides.packed(rows, {})[1] == MORE << 2 * list(REASONS).index("overdue")  # a model without medians


def test_silence_by_hand() -> None:
    """r, α, a, b = 0.5, 10, 1, 2; x = 2, tx = 20, T = 30, H = 10."""
    alive = 1 / (1 + 1 / (2 + 2 - 1) * ((10 + 30) / (10 + 20)) ** 2.5)
    silent = (40 / 50) ** 2.5
    told = bgnbd.probability_of_no_purchase(
        (0.5, 10, 1, 2), np.array([2.0, 0.0]), np.array([20.0, 0]), 30.0, 10
    )
    assert told == pytest.approx([1 - alive * (1 - silent), (40 / 50) ** 0.5])
