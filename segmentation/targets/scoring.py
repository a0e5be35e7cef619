"""From figures to two scores of 0 to 100: how attractive a segment is, and how strong we are in it.

The two axes and the nine cells are those of the GE–McKinsey matrix (McKinsey & Company, "Enduring Ideas: The
GE–McKinsey nine-box matrix", McKinsey Quarterly, 2008); weighted factors on each axis as in Wind and Mahajan,
"Designing product and business portfolios", Harvard Business Review 59(1), 1981. Nothing here reads a database. See
docs/algorithms/targets.md.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

ATTRACTIVENESS = ("size", "growth", "value", "churn", "reach", "competition")
STRENGTH = ("fit", "wallet", "revenue")
FACTORS = ATTRACTIVENESS + STRENGTH
JUDGED = ("competition", "fit")  # entered by a person, 1 to 5
LESS_IS_BETTER = ("churn", "competition")
WALLET = ("breadth", "rhythm", "peers")  # the proxies whose mean is the share of wallet
ALONE = 50.0  # the score of the only one who is compared
THIRDS = (100 / 3, 200 / 3)

Key = TypeVar("Key", bound=Hashable)


class Zone(StrEnum):
    """What the matrix advises."""

    GO = "go"
    CHOOSE = "choose"
    HOLD = "hold"


@dataclass(frozen=True)
class Scores:
    """Of one segment. `factors`: each from 0 to 100, None: not known. An axis is None where none of its factors is."""

    factors: Mapping[str, float | None]
    attractiveness: float | None
    strength: float | None

    @property
    def zone(self) -> Zone | None:
        if self.attractiveness is None or self.strength is None:
            return None
        place = _third(self.attractiveness) + _third(self.strength)
        return Zone.GO if place >= 3 else Zone.CHOOSE if place == 2 else Zone.HOLD


def score(figures: Mapping[Key, Mapping[str, Any]], weights: Mapping[str, int]) -> dict[Key, Scores]:
    """The scores of all candidates, compared with one another.

    `figures`: of each candidate its factors, of the share of wallet the three proxies; None is not known. A factor that
    is not known of a candidate is left out of its score, and the other weights of the axis grow in proportion.
    """
    ranked = {
        name: ranks({key: of.get(name) for key, of in figures.items()}, name in LESS_IS_BETTER)
        for name in (*FACTORS, *WALLET)
        if name not in (*JUDGED, "wallet")
    }
    found = {}
    for key, of in figures.items():
        factors: dict[str, float | None] = {name: ranks_of.get(key) for name, ranks_of in ranked.items()}
        factors["wallet"] = mean([factors.pop(name) for name in WALLET])
        factors["fit"], factors["competition"] = rating(of.get("fit")), against(of.get("competition"))
        axes = [weighted(factors, weights, names) for names in (ATTRACTIVENESS, STRENGTH)]
        found[key] = Scores(factors, *axes)
    return found


def ranks(values: Mapping[Key, Any], less_is_better: bool = False) -> dict[Key, float]:
    """Places between the others, the worst 0 and the best 100: 100 × (worse + ½ × equal others) ÷ (all − 1).

    Equal values have equal scores; the only one has 50. A place does not jump when an outlier grows, as it would on a
    scale between the least and the largest value.
    """
    known = {key: value for key, value in values.items() if value is not None}
    if len(known) == 1:
        return dict.fromkeys(known, ALONE)
    found = {}
    for key, value in known.items():
        worse = sum((other > value) if less_is_better else (other < value) for other in known.values())
        equal = sum(other == value for other in known.values()) - 1
        found[key] = 100 * (worse + equal / 2) / (len(known) - 1)
    return found


def rating(judged: int | None) -> float | None:
    """1 to 5 → 0 to 100: a judgement stands for itself and is not compared."""
    return None if judged is None else 25.0 * (judged - 1)


def against(judged: int | None) -> float | None:
    """The same where 5 is the worst."""
    return None if judged is None else 25.0 * (5 - judged)


def mean(values: Sequence[float | None]) -> float | None:
    """Of those that are known."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def weighted(
    factors: Mapping[str, float | None], weights: Mapping[str, int], names: Sequence[str]
) -> float | None:
    """The weighted mean of an axis, over its factors that are known; None where their weights come to nothing."""
    known = {name: value for name in names if (value := factors[name]) is not None}
    total = sum(weights[name] for name in known)
    return sum(weights[name] * value for name, value in known.items()) / total if total else None


def _third(value: float) -> int:
    """0, 1 or 2: in which third of the axis; the border belongs to the higher."""
    return sum(value >= border for border in THIRDS)
