"""Which of the new clusters are which of the old: by the members that they share and by how near their centres are.

The assignment with the least total cost, one to one (Kuhn 1955), where a pair costs 1 minus its Jaccard overlap plus a
quarter of the distance of the centres, measured by the largest there is. A pair that shares less than a fifth of its
members is none: the old cluster has ended, and the new one is new.
"""

from typing import Any

import numpy as np

LEAST_OVERLAP = 0.2
_DISTANCE_COUNTS = 0.25


def match(old: Any, new: Any, points: Any, olds: int, news: int) -> dict[int, int]:
    """Place of the new cluster to place of the old one. `old`, `new`: where the same customers were put by each."""
    from scipy.optimize import linear_sum_assignment

    overlap = _overlap(old, new, olds, news)
    apart = _distances(_means(points, old, olds), _means(points, new, news))
    cost = 1 - overlap + _DISTANCE_COUNTS * apart
    pairs = zip(*linear_sum_assignment(cost), strict=True)
    return {int(b): int(a) for a, b in pairs if overlap[a, b] >= LEAST_OVERLAP}


def _overlap(old: Any, new: Any, olds: int, news: int) -> Any:
    """Jaccard: those in both by those in either."""
    both = np.bincount(old * news + new, minlength=olds * news).reshape(olds, news)
    either = both.sum(axis=1)[:, None] + both.sum(axis=0) - both
    return both / np.maximum(either, 1)


def _means(points: Any, labels: Any, k: int) -> Any:
    inside = np.eye(k)[labels]
    return inside.T @ points / np.maximum(inside.sum(axis=0), 1)[:, None]


def _distances(one: Any, other: Any) -> Any:
    found = np.sqrt(((one[:, None, :] - other) ** 2).sum(axis=2))
    return found / max(float(found.max(initial=0)), 1e-12)
