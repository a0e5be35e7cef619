"""How many clusters there are, and their centres: k-means (Lloyd 1982, seeded as by Arthur & Vassilvitskii 2007).

For each number of clusters two figures are found on a sample. The *silhouette* (Rousseeuw 1987) of a customer with mean
distance a to their own cluster and b to the nearest other one is (b - a) / max(a, b); its mean is near 1 where groups
are apart and near 0 where one is cut in pieces. The *stability* asks whether the same groups come out again: centres
are learnt from each half of the sample, both put everybody to their nearest, and the adjusted Rand index (Hubert &
Arabie 1985) compares the two: 1 is the same groups, 0 what chance does.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from segmentation.clusters import limits

NUMBERS = range(3, 11)
SEED = 1987
TRIED, SEEN = 20_000, 3_000  # customers for trying numbers, and for silhouettes
STARTS, AGAIN = 4, 2  # beginnings of a k-means; halvings for the stability
LEAST_SHARE = 0.01  # of the customers in the smallest cluster
EACH = 10  # customers in a cluster at least, on average


@dataclass(frozen=True)
class Chosen:
    """The centres, and by number of clusters the silhouette and the stability."""

    centres: Any  # float64[k, t]
    silhouettes: dict[int, float]
    stabilities: dict[int, float]


def choose(points: Any, wanted: int | None = None) -> Chosen:
    """The best number of clusters (`wanted`: that number), learnt from all points, which are in a random order.

    One thread alone: sums of several come in any order, and the same customers must give the same centres.
    """
    with threadpool_limits(limits=1):
        tried = points[:TRIED]
        most = max(NUMBERS.start, len(tried) // EACH)
        numbers = [k for k in sorted({*NUMBERS, wanted or NUMBERS.start}) if k <= most]
        found = {k: centres_of(tried, k) for k in numbers}
        labels = {k: nearest(tried, centres) for k, centres in found.items()}
        silhouettes = silhouettes_of(tried[:SEEN], {k: one[:SEEN] for k, one in labels.items()})
        stabilities = {k: stability(tried, k) for k in numbers}
        best = wanted if wanted and wanted in found else _best(numbers, labels, silhouettes, stabilities)
        return Chosen(centres_of(points, best, found[best]), silhouettes, stabilities)


def centres_of(points: Any, k: int, start: Any = None) -> Any:
    """The centres that k-means finds (float64[k, t]), from `start` or the best of several beginnings."""
    from sklearn.cluster import KMeans

    if start is None:
        found = KMeans(k, init="k-means++", n_init=STARTS, random_state=SEED)
    else:
        found = KMeans(k, init=start, n_init=1)
    return np.round(found.fit(points).cluster_centers_, 6)


def nearest(points: Any, centres: Any) -> Any:
    """Of each point the place of its nearest centre."""
    return (-2 * points @ centres.T + (centres**2).sum(axis=1)).argmin(axis=1)


def misfit(points: Any, centres: Any, labels: Any) -> float:
    """The mean squared distance to the own centre."""
    return float(((points - centres[labels]) ** 2).sum(axis=1).mean()) if len(points) else 0.0


def silhouettes_of(points: Any, labels: dict[int, Any]) -> dict[int, float]:
    """The mean silhouette of each labelling, all from one table of distances."""
    square = (points**2).sum(axis=1)
    distances = np.sqrt(np.maximum(square[:, None] + square - 2 * points @ points.T, 0)).astype(np.float32)
    np.fill_diagonal(distances, 0)
    return {k: round(_silhouette(distances, one), 4) for k, one in labels.items()}


def _silhouette(distances: Any, labels: Any) -> float:
    """A customer alone in a cluster counts 0, as Rousseeuw has it."""
    names, place, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if len(names) < 2:
        return 0.0
    sums = distances @ np.eye(len(names), dtype=np.float32)[place]
    rows = np.arange(len(labels))
    own = sums[rows, place] / np.maximum(sizes[place] - 1, 1)
    others = sums / sizes
    others[rows, place] = np.inf
    other = others.min(axis=1)
    apart = np.where(sizes[place] > 1, (other - own) / np.maximum(np.maximum(own, other), 1e-12), 0)
    return float(apart.mean())


def stability(points: Any, k: int) -> float:
    """The mean adjusted Rand index of centres learnt from two halves; the points are in a random order."""
    from sklearn.metrics import adjusted_rand_score

    found = []
    for turn in range(AGAIN):
        half = np.arange(len(points)) // 2**turn % 2 == 0
        both = [nearest(points, centres_of(points[side], k)) for side in (half, ~half)]
        found.append(adjusted_rand_score(*both))
    return round(float(np.mean(found)), 4)


def _best(numbers: list[int], labels: Any, silhouettes: Any, stabilities: Any) -> int:
    """The highest silhouette among the numbers whose groups come out again and are none too small; else among all."""
    sound = [k for k in numbers if stabilities[k] >= limits.STABLE and _least(labels[k], k) >= LEAST_SHARE]
    return max(sound or numbers, key=lambda k: (silhouettes[k], -k))


def _least(labels: Any, k: int) -> float:
    return float(np.bincount(labels, minlength=k).min()) / len(labels)
