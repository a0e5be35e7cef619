"""Making a score honest: log-odds that were told are bent so that probabilities are what came true.

Two numbers, slope and intercept, fitted by the likelihood on customers whom the model has not seen (Platt 1999, with
his smoothed targets; why boosting needs it: Niculescu-Mizil & Caruana 2005). A sigmoid keeps what contributions add up
to: slope and intercept act on each of them. An isotonic curve would fit a little closer and would not.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

STEPS = 50
FARTHEST = 30.0  # log-odds beyond which nobody can tell a difference


@dataclass(frozen=True)
class Sigmoid:
    slope: float = 1.0
    intercept: float = 0.0

    def __call__(self, log_odds: Any) -> Any:
        """Probabilities."""
        return probability(self.slope * log_odds + self.intercept)


def probability(log_odds: Any) -> Any:
    return 1 / (1 + np.exp(-np.clip(log_odds, -FARTHEST, FARTHEST)))


def fitted(log_odds: Any, gone: Any) -> Sigmoid:
    """The likeliest slope and intercept by Newton's method; the slope never turns the order round.

    With nobody who left, or nobody who stayed, there is nothing to learn a slope from: all get the smoothed share.
    """
    left, stayed = int(gone.sum()), int(len(gone) - gone.sum())
    targets = np.where(gone, (left + 1) / (left + 2), 1 / (stayed + 2))
    if not left or not stayed or np.ptp(log_odds) == 0:
        share = (left + 1) / (left + stayed + 2)
        return Sigmoid(0.0, float(np.log(share / (1 - share))))
    design = np.column_stack((log_odds, np.ones(len(log_odds))))
    found = np.zeros(2)
    for _ in range(STEPS):
        told = probability(design @ found)
        slope = design.T @ (targets - told)
        curvature = (design * (told * (1 - told))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, slope)
        found += step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    return Sigmoid(max(float(found[0]), 0.0), float(found[1]))
