"""A boosted forest as tables: scored by bit masks, told apart by reason, kept without running anybody's code.

Each tree has at most `LEAVES` leaves, numbered from the left; a bit stands for each. A split that sends a row to the
right rules the leaves on its left out; the lowest bit that is left is the row's leaf (Lucchese et al. 2015,
"QuickScorer"). Which splits send a row to the right depends, feature by feature, on the bin of its value alone, so the
masks of all trees are read from a table and joined: no row walks down a tree.

What a leaf adds is told apart by the path to it: a split adds to the reason of its feature the expected value below
minus the expected value above (Saabas 2014; exact sums, see docs/algorithms/churn.md for what it does not promise).
"""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np

LEAVES = 16
_ALL = np.uint16(0xFFFF)
_ROWS = 2048  # scored at once: what they need fits into the cache


@dataclass(frozen=True)
class Forest:
    """Log-odds of leaving: `base` plus what each tree's leaf adds, by reason."""

    base: float
    edges: tuple[Any, ...]  # of each feature its thresholds, float32, rising
    masks: tuple[Any, ...]  # of each feature uint16[bins, trees]; the last bin is that of missing values
    adds: Any  # float64[trees * LEAVES, reasons]

    @property
    def trees(self) -> int:
        return len(self.adds) // LEAVES

    def contributions(self, rows: Any) -> Any:
        """float64[rows, reasons]: with `base` they sum to the log-odds."""
        from scipy.sparse import csr_matrix

        out = np.empty((len(rows), self.adds.shape[1]))
        for at in range(0, len(rows), _ROWS):
            leaves = self._leaves(rows[at : at + _ROWS])
            ends = np.arange(len(leaves) + 1) * self.trees
            ones = np.ones(leaves.size)
            out[at : at + _ROWS] = (
                csr_matrix((ones, leaves.ravel(), ends), (len(leaves), len(self.adds))) @ self.adds
            )
        return out

    def _leaves(self, rows: Any) -> Any:
        """Of each row and tree the row of `adds` that holds."""
        left = np.full((len(rows), self.trees), _ALL)
        for number, (edges, masks) in enumerate(zip(self.edges, self.masks, strict=True)):
            if len(edges):
                values = np.ascontiguousarray(rows[:, number])
                bins = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))
                left &= masks[bins]
        return _LOWEST[left] + np.arange(self.trees, dtype=np.int32) * LEAVES

    def packed(self) -> bytes:
        """As a file of plain arrays (no pickle: what lies in a database must not be able to run)."""
        file = io.BytesIO()
        arrays = {f"edges{i}": one for i, one in enumerate(self.edges)} | {
            f"masks{i}": one for i, one in enumerate(self.masks)
        }
        np.savez_compressed(file, base=self.base, adds=self.adds, **arrays)
        return file.getvalue()

    @classmethod
    def unpacked(cls, data: bytes) -> "Forest":
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            count = sum(name.startswith("edges") for name in held.files)
            edges, masks = (tuple(held[f"{name}{i}"] for i in range(count)) for name in ("edges", "masks"))
            return cls(float(held["base"]), edges, masks, held["adds"])


def _lowest() -> Any:
    """Of each mask its lowest bit's number."""
    masks = np.arange(1 << LEAVES, dtype=np.int64)
    lowest = masks & -masks
    lowest[0] = 1  # never asked: some leaf is always left
    return np.log2(lowest).astype(np.int32)


_LOWEST = _lowest()


def planted(trees: list[Any], base: float, reasons: Any, reason_count: int) -> Forest:
    """The tables of trees as scikit-learn's histogram boosting holds them (`_predictors`, arrays of nodes).

    `reasons`: of each feature the number of its reason.
    """
    splits: list[list[tuple[float, int, int, bool]]] = [[] for _ in reasons]
    adds = np.zeros((len(trees) * LEAVES, reason_count))
    expected = 0.0
    for number, nodes in enumerate(trees):
        means = _means(nodes)
        expected += means[0]
        for feature, threshold, mask, missing_left in _grown(
            nodes, means, reasons, adds[number * LEAVES :][:LEAVES]
        ):
            splits[feature].append((threshold, number, mask, missing_left))
    tables = [_table(found, len(trees)) for found in splits]
    return Forest(
        base + expected, tuple(edges for edges, _ in tables), tuple(masks for _, masks in tables), adds
    )


def _means(nodes: Any) -> Any:
    """The expected value below each node, by how many rows it was grown from. Children stand behind their parent."""
    means = nodes["value"].astype(np.float64).copy()
    for place in range(len(nodes) - 1, -1, -1):
        node = nodes[place]
        if not node["is_leaf"]:
            sides = [int(node["left"]), int(node["right"])]
            means[place] = np.average(means[sides], weights=nodes["count"][sides])
    return means


def _grown(nodes: Any, means: Any, reasons: Any, adds: Any) -> list[tuple[int, float, int, bool]]:
    """The splits of a tree (feature, threshold, mask, where missing values go); writes what its leaves add."""
    splits, leaf = [], 0

    def go(place: int, told: Any) -> int:
        """Number the leaves below a node from the left; returns their bits."""
        nonlocal leaf
        node = nodes[place]
        if node["is_leaf"]:
            adds[leaf] = told
            leaf += 1
            return 1 << (leaf - 1)
        bits, feature = [], int(node["feature_idx"])
        for side in (int(node["left"]), int(node["right"])):
            more = told.copy()
            more[reasons[feature]] += means[side] - means[place]
            bits.append(go(side, more))
        splits.append(
            (feature, float(node["num_threshold"]), 0xFFFF & ~bits[0], bool(node["missing_go_to_left"]))
        )
        return bits[0] | bits[1]

    go(0, np.zeros(adds.shape[1]))
    return splits


def _table(splits: list[tuple[float, int, int, bool]], trees: int) -> tuple[Any, Any]:
    """Edges and masks of a feature. A row in bin k lies above the first k edges, so their masks hold."""
    below = [_at_most(threshold) for threshold, *_rest in splits]
    edges = np.unique(np.array(below, dtype=np.float32))
    masks = np.full((len(edges) + 2, trees), _ALL)
    for edge, (_threshold, tree, mask, missing_left) in zip(below, splits, strict=True):
        first = int(np.searchsorted(edges, edge)) + 1
        masks[first:-1, tree] &= np.uint16(mask)
        if not missing_left:
            masks[-1, tree] &= np.uint16(mask)
    return edges, masks


def _at_most(threshold: float) -> Any:
    """The largest float32 that is not above: a float32 value is at most the one if it is at most the other."""
    near = np.float32(threshold)
    return near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf))
