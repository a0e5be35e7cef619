"""What sets a seed apart: a logistic regression over comparable columns, both sides weighted alike.

So 50 of 100 says "as likely of the set as not", whatever the sizes. A column that tells the two apart all by itself
(AUC of 0.95) is what the set was made by: it is left out, for it would find those who are in the set already.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segmentation.lookalikes import quality

TRIVIAL = 0.95
SHARED, TELLING = 3, 0.05  # codes named at most, and the least that a code adds to be named
_STRENGTH = 0.1  # of the regularisation: coefficients of rare columns stay small


@dataclass(frozen=True)
class Model:
    """`codes` name the columns that count; `at` are their places. `figures` is what the hold-out showed."""

    codes: list[str]
    at: Any
    middle: Any
    weights: Any
    intercept: float
    figures: dict[str, Any]

    @property
    def is_useful(self) -> bool:
        """Did it find hidden members better than chance? Where that could not be tried it is not believed."""
        return bool(self.figures["is_useful"])

    def scores(self, table: Any) -> Any:
        """From 0 to 1."""
        return 1 / (1 + np.exp(-(table[:, self.at] @ self.weights + self.intercept)))

    def shared(self, table: Any, *, is_profile: bool) -> list[list[str]]:
        """Of each row the codes that add most to its score, the strongest first."""
        away = table[:, self.at] - self.middle
        adds = away * self.weights
        if is_profile:
            adds = np.where(table[:, self.at] > 0, adds, 0)  # only what somebody is, not what they are not
        best = np.argsort(-adds, axis=1, kind="stable")[:, :SHARED]
        return [
            [self._code(at, away[row, at], is_profile) for at in places if adds[row, at] >= TELLING]
            for row, places in enumerate(best)
        ]

    def _code(self, at: int, away: float, is_profile: bool) -> str:
        return self.codes[at] if is_profile else f"{self.codes[at]}{'+' if away > 0 else '-'}"


def learn(
    table: Any, is_seed: Any, is_hidden: Any, codes: Sequence[str], left_out: Iterable[str] = ()
) -> Model | None:
    """Learnt from all, after a trial in which the hidden third was not seen. None where nothing is left to go by."""
    out = set(left_out) | _trivial(table, is_seed, codes)
    at = np.array([place for place, code in enumerate(codes) if code not in out], dtype=np.int64)
    if not len(at) or is_seed.all() or not is_seed.any():
        return None
    figures = _tried(table[:, at], is_seed, is_hidden) | {"left_out": sorted(out & set(codes))}
    fitted = _fitted(table[:, at], is_seed)
    weights = fitted.coef_[0]
    chosen = [codes[place] for place in at]
    order = np.argsort(-np.abs(weights), kind="stable")[:SHARED]
    figures["strongest"] = [f"{chosen[one]}{'+' if weights[one] > 0 else '-'}" for one in order.tolist()]
    return Model(chosen, at, table[:, at].mean(axis=0), weights, float(fitted.intercept_[0]), figures)


def _tried(table: Any, is_seed: Any, is_hidden: Any) -> dict[str, Any]:
    seen, hidden = ~is_hidden, is_hidden
    figures = {
        "members": int(is_seed.sum()),
        "hidden": int((hidden & is_seed).sum()),
        "auc": None,
        "interval": None,
        "recall": None,
        "is_useful": False,
    }
    if len(np.unique(is_seed[seen])) < 2 or len(np.unique(is_seed[hidden])) < 2:
        return figures
    scores = _fitted(table[seen], is_seed[seen]).decision_function(table[hidden])
    members, others = scores[is_seed[hidden]], scores[~is_seed[hidden]]
    auc = quality.auc(members, others)
    low, high = quality.interval(auc, len(members), len(others))
    return figures | {
        "auc": round(auc, 4),
        "interval": [round(low, 4), round(high, 4)],
        "recall": round(quality.recall(members, others), 4),
        "is_useful": quality.is_useful(auc, low),
    }


def _fitted(table: Any, is_seed: Any) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=300).fit(table, is_seed)


def _trivial(table: Any, is_seed: Any, codes: Sequence[str]) -> set[str]:
    found = set()
    for at, code in enumerate(codes):
        told = quality.auc(table[is_seed, at], table[~is_seed, at])
        if max(told, 1 - told) >= TRIVIAL:
            found.add(code)
    return found
