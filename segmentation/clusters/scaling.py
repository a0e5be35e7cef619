"""From traits to points: comparable coordinates, robust against the odd customer.

Shares of a few visits are drawn towards everybody's by `PRIOR` imagined visits (the posterior mean of a beta prior),
counts and money are compared by their logarithm, the outermost hundredth on each side is set to its edge
(winsorised), and each coordinate has mean 0 and standard deviation 1. The shares of categories are one block that
weighs as much as `BLOCK` traits together, however many there are. What is not known is the mean.
"""

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from segmentation.clusters import kinds

PRIOR = 4.0
BLOCK = 2.0
EDGE = 1.0  # percent
_FLAT = 1e-6  # a trait that is the same for all tells nothing
_DECIMALS = 9


@dataclass(frozen=True)
class Scaling:
    """By trait: everybody's mean before (`prior`), the edges, mean and deviation after, and the weight."""

    codes: list[str]
    prior: list[float]
    low: list[float]
    high: list[float]
    mean: list[float]
    deviation: list[float]
    weight: list[float]

    @classmethod
    def learnt(cls, codes: Sequence[str], traits: Any, visits: Any) -> Self:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # nobody's loyalty is known: the mean of nothing
            prior = np.nan_to_num(np.nanmean(traits.astype(np.float64), axis=0))
        bare = _bare(codes, prior, traits, visits)
        low, high = np.percentile(bare, [EDGE, 100 - EDGE], axis=0)
        kept = np.clip(bare, low, high)
        deviation = kept.std(axis=0)
        spread = np.where(deviation < _FLAT, 0, deviation)
        columns = [np.round(one, _DECIMALS).tolist() for one in (prior, low, high, kept.mean(axis=0), spread)]
        told = dict(zip(("prior", "low", "high", "mean", "deviation"), columns, strict=True))
        return cls(list(codes), weight=_weights(codes), **told)

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Self:
        return cls(**kept)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def standard(self, traits: Any, visits: Any) -> Any:
        """In standard deviations from everybody's mean, without weights."""
        kept = np.clip(_bare(self.codes, self.prior, traits, visits), self.low, self.high)
        deviation = np.asarray(self.deviation)
        return np.where(deviation > 0, (kept - self.mean) / np.where(deviation > 0, deviation, 1), 0)

    def points(self, traits: Any, visits: Any) -> Any:
        return self.standard(traits, visits) * np.asarray(self.weight)


def _bare(codes: Sequence[str], prior: Any, traits: Any, visits: Any) -> Any:
    values = traits.astype(np.float64)
    values = np.where(np.isnan(values), prior, values)
    for at, code in enumerate(codes):
        kind = kinds.BY_CODE.get(code)
        if kind is None or kind.is_share:
            values[:, at] = (visits * values[:, at] + PRIOR * prior[at]) / (visits + PRIOR)
        elif kind.is_log:
            values[:, at] = np.log1p(np.maximum(values[:, at], 0))
    return values


def _weights(codes: Sequence[str]) -> list[float]:
    several = sum(code.startswith(kinds.CATEGORY) for code in codes)
    one = round(float(np.sqrt(BLOCK / several)), _DECIMALS) if several else 0.0
    return [one if code.startswith(kinds.CATEGORY) else 1.0 for code in codes]
