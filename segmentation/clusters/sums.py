"""What the customers of each cluster come to: how many, their revenue, the means of their traits."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

_CENT = Decimal("0.01")


class Sums:
    """By place of the cluster in `clusters`. Cents are whole, and means are rounded to six digits."""

    def __init__(self, clusters: Sequence[int], codes: Sequence[str]) -> None:
        self.clusters, self.codes = list(clusters), list(codes)
        k, t = len(self.clusters), len(self.codes)
        self.customers, self.cents = np.zeros(k, dtype=np.int64), np.zeros(k, dtype=np.int64)
        self.misfit = np.zeros(k)
        self.traits, self.known, self.standard = np.zeros((k, t)), np.zeros((k, t)), np.zeros((k, t))

    @property
    def everybody(self) -> int:
        return int(self.customers.sum())

    def add(self, place: Any, cents: Any, traits: Any, standard: Any, misfit: Any) -> None:
        k = len(self.clusters)
        inside = np.eye(k)[place]
        self.customers += np.bincount(place, minlength=k)
        self.cents += np.bincount(place, weights=cents, minlength=k).astype(np.int64)
        self.misfit += np.bincount(place, weights=misfit, minlength=k)
        self.traits += inside.T @ np.nan_to_num(traits.astype(np.float64))
        self.known += inside.T @ ~np.isnan(traits)
        self.standard += inside.T @ standard

    def join(self, other: "Sums") -> None:
        for name in ("customers", "cents", "misfit", "traits", "known", "standard"):
            getattr(self, name)[...] += getattr(other, name)

    def rows(self, everybody: int) -> list[dict[str, Any]]:
        """The columns of `ClusterCount`: everybody first, then the clusters."""
        away = self.standard.sum(axis=0) / max(self.everybody, 1)
        found = [self._row(None, slice(None), away) | {"customers": everybody}]
        return found + [self._row(pk, slice(at, at + 1), away) for at, pk in enumerate(self.clusters)]

    def _row(self, cluster: int | None, at: slice, everybody: Any) -> dict[str, Any]:
        n = int(self.customers[at].sum())
        means = self.traits[at].sum(axis=0) / np.maximum(self.known[at].sum(axis=0), 1)
        away = self.standard[at].sum(axis=0) / max(n, 1) - (everybody if n else 0)
        pairs = np.round(np.column_stack([means, away]), 6).tolist()
        return {
            "cluster_id": cluster, "customers": n, "revenue": int(self.cents[at].sum()) * _CENT,
            "misfit": round(float(self.misfit[at].sum()) / max(n, 1), 6),
            "traits": dict(zip(self.codes, pairs, strict=True)),
        }  # fmt: skip
