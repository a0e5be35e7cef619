"""From figures to scores: places between the others, weights, the nine cells. Worked out by hand."""

from typing import Any

import pytest

from segmentation.models import Targeting
from segmentation.targets import scoring
from segmentation.targets.scoring import Scores, Zone, ranks, score
from segmentation.targets.weighing import weights_of

WEIGHTS = weights_of(Targeting())
FIGURES: dict[str, dict[str, Any]] = {
    "tea": {"size": 300, "growth": 0.10, "value": 50.0, "churn": 0.20, "reach": 0.5, "revenue": 0.30,
            "breadth": 0.8, "rhythm": 0.9, "peers": 1.2, "competition": 2, "fit": 5},
    "milk": {"size": 100, "growth": None, "value": 20.0, "churn": 0.40, "reach": 0.5, "revenue": 0.10,
             "breadth": 0.4, "rhythm": None, "peers": None, "competition": None, "fit": 3},
    "wine": {"size": 100, "growth": 0.30, "value": 90.0, "churn": 0.10, "reach": 0.1, "revenue": 0.60,
             "breadth": 0.6, "rhythm": 0.5, "peers": 2.0, "competition": 5, "fit": None},
}  # fmt: skip


def test_weights_of_the_product_sum_to_a_hundred() -> None:
    assert sum(WEIGHTS[name] for name in scoring.ATTRACTIVENESS) == 100
    assert sum(WEIGHTS[name] for name in scoring.STRENGTH) == 100


def test_the_worked_example_of_the_docs() -> None:
    found = score(FIGURES, WEIGHTS)
    assert found["tea"].factors == {
        "size": 100.0, "growth": 0.0, "value": 50.0, "churn": 50.0, "reach": 75.0, "competition": 75.0,
        "fit": 100.0, "revenue": 50.0, "wallet": (100 + 100 + 0) / 3,
    }  # fmt: skip
    # 20 × 100 + 20 × 0 + 25 × 50 + 10 × 50 + 15 × 75 + 10 × 75, of 100
    assert found["tea"].attractiveness == pytest.approx(56.25)
    # 40 × 100 + 30 × 66.67 + 30 × 50, of 100
    assert found["tea"].strength == pytest.approx(75.0)
    assert found["tea"].zone is Zone.GO  # the middle third across, the highest up
    # milk: growth and competition are not known, so the others count for 70
    assert found["milk"].factors["growth"] is None
    assert found["milk"].factors["wallet"] == 0.0  # of one sign
    assert found["milk"].attractiveness == pytest.approx((20 * 25 + 15 * 75) / 70)
    assert found["milk"].strength == pytest.approx((40 * 50 + 30 * 0 + 30 * 0) / 100)
    assert found["milk"].zone is Zone.HOLD
    assert found["wine"].attractiveness == pytest.approx((20 * 25 + 20 * 100 + 25 * 100 + 10 * 100) / 100)
    assert found["wine"].strength == pytest.approx((30 * (50 + 0 + 100) / 3 + 30 * 100) / 60)


def test_places_between_the_others() -> None:
    assert ranks({"a": 1, "b": 2, "c": 3}) == {"a": 0.0, "b": 50.0, "c": 100.0}
    assert ranks({"a": 1, "b": 2, "c": 1_000_000}) == {"a": 0.0, "b": 50.0, "c": 100.0}  # no outlier squeezes
    assert ranks({"a": 1, "b": 2}, less_is_better=True) == {"a": 100.0, "b": 0.0}
    assert ranks({"a": 7, "b": 7, "c": 7}) == {"a": 50.0, "b": 50.0, "c": 50.0}
    assert ranks({"a": 7, "b": None}) == {"a": 50.0}
    assert ranks({}) == {}


def test_one_alone_stands_in_the_middle_and_nothing_known_is_no_score() -> None:
    alone = score({"tea": {"size": 3, "revenue": 1.0, "fit": 4}}, WEIGHTS)["tea"]
    assert (alone.attractiveness, alone.strength) == (50.0, pytest.approx((40 * 75 + 30 * 50) / 70))
    nothing = score({"tea": {}}, WEIGHTS)["tea"]
    assert (nothing.attractiveness, nothing.strength, nothing.zone) == (None, None, None)


def test_a_factor_without_weight_does_not_count() -> None:
    weights = dict.fromkeys(scoring.FACTORS, 0) | {"value": 100, "fit": 100}
    found = score(FIGURES, weights)
    assert [found[key].attractiveness for key in FIGURES] == [50.0, 0.0, 100.0]
    assert [found[key].strength for key in FIGURES] == [100.0, 50.0, None]


@pytest.mark.parametrize(
    ("attractiveness", "strength", "zone"),
    [
        (100, 100, Zone.GO), (66.7, 33.4, Zone.GO), (33.4, 66.7, Zone.GO), (100, 0, Zone.CHOOSE), (0, 100, Zone.CHOOSE),
        (50, 50, Zone.CHOOSE), (33.3, 66.6, Zone.HOLD), (66.6, 33.3, Zone.HOLD), (0, 0, Zone.HOLD),
    ],
)  # fmt: skip
def test_the_nine_cells(attractiveness: float, strength: float, zone: Zone) -> None:
    assert Scores({}, attractiveness, strength).zone is zone
