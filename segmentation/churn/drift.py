"""Whether customers still look as they did when the model was trained: by feature, the population stability index."""

from typing import Any

import numpy as np

from segmentation.churn.catalogue import FEATURES
from segmentation.churn.evaluation import stability

PARTS = 10
NOTABLE, OTHER = 0.1, 0.25  # from there on something happened; from there on it is another population
AGES = "tenure"  # grows by itself with every day, so it tells nothing
FEWEST = 1_000  # customers; of fewer the index is mostly chance

Shape = dict[str, dict[str, list[float]]]


def shape(rows: Any) -> Shape:
    """By feature the edges of its deciles, and how many rows lie in each part; missing values are a part, too."""
    found: Shape = {}
    for place, feature in enumerate(FEATURES):
        values = rows[:, place]
        there = values[~np.isnan(values)]
        edges = (
            np.unique(np.quantile(there, np.linspace(0, 1, PARTS + 1)[1:-1])) if len(there) else np.empty(0)
        )
        edges = edges.astype(np.float32)
        found[feature.code] = {"edges": edges.tolist(), "counts": _counts(values, edges).tolist()}
    return found


class Watch:
    """Counts rows into the parts of a shape, slice by slice."""

    def __init__(self, expected: Shape) -> None:
        self._expected = expected
        self._edges = [np.array(expected[feature.code]["edges"], dtype=np.float32) for feature in FEATURES]
        self._counts: list[Any] = [0] * len(FEATURES)

    def add(self, counts: list[Any]) -> None:
        self._counts = [have + more for have, more in zip(self._counts, counts, strict=True)]

    def counts(self, rows: Any) -> list[Any]:
        """Those of a slice; safe to ask side by side."""
        return [_counts(rows[:, place], edges) for place, edges in enumerate(self._edges)]

    def drift(self) -> dict[str, float]:
        """By feature its index, in no order: the column that keeps it has none."""
        return {
            feature.code: round(
                stability(np.array(self._expected[feature.code]["counts"]), np.asarray(counts)), 4
            )
            for feature, counts in zip(FEATURES, self._counts, strict=True)
            if feature.code != AGES
        }


def _counts(values: Any, edges: Any) -> Any:
    """How many lie up to each edge, how many above the last, how many are missing."""
    parts = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))
    return np.bincount(parts, minlength=len(edges) + 2)
