"""Who may serve: the forest and the baselines, trained alike, calibrated alike, kept alike.

A scorer gives `base` and `contributions(rows)`; together they are log-odds. `Trained` puts the calibration on top and
can be written down and read again.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from segmentation.churn import calibration
from segmentation.churn.baselines import KINDS, Baseline
from segmentation.churn.calibration import Sigmoid
from segmentation.churn.catalogue import FOREST, REASON_OF, REASONS
from segmentation.churn.forest import Forest, planted

# Found by rolling back-tests on days before the ones that docs/algorithms/churn.md reports about.
SHAPE: dict[str, Any] = {
    "max_iter": 100, "learning_rate": 0.05, "max_leaf_nodes": 8, "min_samples_leaf": 200, "l2_regularization": 20.0,
    "max_features": 0.15, "early_stopping": False,
}  # fmt: skip
FORESTS = 2  # the mean of several, each seeing other features at its splits, is steadier than one
FEWEST_ROWS, FEWEST_GONE = 1_000, 50  # below which a forest would learn accidents by heart


class Scorer(Protocol):
    @property
    def base(self) -> float: ...

    def contributions(self, rows: Any) -> Any: ...


@dataclass(frozen=True)
class Trained:
    """A scorer and its calibration: probabilities, and what each reason adds to them."""

    kind: str
    scorer: Scorer
    sigmoid: Sigmoid

    @property
    def average(self) -> float:
        """The probability from which reasons start."""
        return float(self.sigmoid(self.scorer.base))

    def probabilities(self, rows: Any) -> Any:
        return self.told(rows)[0]

    def told(self, rows: Any) -> tuple[Any, Any]:
        """Probabilities, and by reason the points that lead there: `average` + points = probability.

        In log-odds the reasons add up by themselves. What they come to as a probability is shared out in the same
        proportions, so that a reason's points keep its sign and the sum is the score.
        """
        bent = self.scorer.contributions(rows) * self.sigmoid.slope
        moved = bent.sum(axis=1)
        start = self.scorer.base * self.sigmoid.slope + self.sigmoid.intercept
        told, average = calibration.probability(start + moved), self.average
        is_moved = np.abs(moved) > 1e-7
        rate = np.where(is_moved, (told - average) / np.where(is_moved, moved, 1), average * (1 - average))
        return told, bent * rate[:, None]

    def packed(self) -> tuple[dict[str, Any], bytes]:
        """Numbers as JSON, and the forest's tables if it is one."""
        numbers: dict[str, Any] = {"slope": self.sigmoid.slope, "intercept": self.sigmoid.intercept}
        if isinstance(self.scorer, Baseline):
            return numbers | self.scorer.numbers, b""
        assert isinstance(self.scorer, Forest)
        return numbers, self.scorer.packed()

    @classmethod
    def unpacked(cls, kind: str, numbers: dict[str, Any], data: bytes) -> "Trained":
        scorer: Scorer = Forest.unpacked(data) if kind == FOREST else Baseline(kind, numbers)
        return cls(kind, scorer, Sigmoid(numbers["slope"], numbers["intercept"]))


@dataclass(frozen=True)
class Sample:
    """Customers of one or several cut-offs, and who of them left."""

    rows: Any  # float32[n, features]
    gone: Any  # bool[n]

    @classmethod
    def joined(cls, samples: list["Sample"]) -> "Sample":
        return cls(np.vstack([one.rows for one in samples]), np.concatenate([one.gone for one in samples]))

    @property
    def is_enough_for_a_forest(self) -> bool:
        gone = int(self.gone.sum())
        return len(self.gone) >= FEWEST_ROWS and min(gone, len(self.gone) - gone) >= FEWEST_GONE


def trained(kind: str, learn: Sample, proof: Sample, horizon: int) -> Trained | None:
    """One candidate, learnt from one sample and calibrated on another. None: there is too little to learn it from."""
    if kind == FOREST and not (learn.is_enough_for_a_forest and 0 < proof.gone.sum() < len(proof.gone)):
        return None
    scorer: Scorer = _forest(learn) if kind == FOREST else Baseline.fitted(kind, learn.rows, horizon)
    log_odds = scorer.base + scorer.contributions(proof.rows).sum(axis=1)
    return Trained(kind, scorer, calibration.fitted(log_odds, proof.gone))


def _forest(learn: Sample) -> Forest:
    """Gradient boosting over histograms (Friedman 2001; Ke et al. 2017), by scikit-learn, taken over as tables."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    trees, base = [], 0.0
    for seed in range(FORESTS):
        with threadpool_limits(1):  # several threads over small trees mostly wait for each other
            model = HistGradientBoostingClassifier(**SHAPE, random_state=seed).fit(learn.rows, learn.gone)
        for (tree,) in model._predictors:
            nodes = tree.nodes.copy()
            nodes["value"] /= FORESTS
            trees.append(nodes)
        base += float(np.ravel(model._baseline_prediction)[0]) / FORESTS
    return planted(trees, base, REASON_OF, len(REASONS))


def all_kinds() -> list[str]:
    return [FOREST, *KINDS]
