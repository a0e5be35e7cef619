"""How good probabilities are: ranking (AUC, lift), closeness (Brier score, log loss) and honesty (calibration error).

`gone` says who stayed away (bool), `told` the probabilities that were told beforehand. Without somebody who left and
somebody who stayed there is nothing to measure, and the figures are None.
"""

from typing import Any

import numpy as np

BINS = 10


def figures(gone: Any, told: Any) -> dict[str, Any]:
    """All figures of one back-test, as plain numbers for JSON."""
    if not 0 < gone.sum() < len(gone):
        return {"customers": len(gone), "gone": int(gone.sum()), "auc": None}
    return {
        "customers": len(gone),
        "gone": int(gone.sum()),
        "auc": round(auc(gone, told), 6),
        "brier": round(float(np.mean((told - gone) ** 2)), 6),
        "log_loss": round(log_loss(gone, told), 6),
        "lift": round(lift(gone, told), 4),
        "ece": round(calibration_error(gone, told), 6),
    }


def auc(gone: Any, told: Any) -> float:
    """The share of pairs (one who left, one who stayed) that are ranked right; ties count half (Mann-Whitney U)."""
    _values, place, counts = np.unique(told, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # the mean rank of equals
    left = int(gone.sum())
    return float((ranks[place][gone].sum() - left * (left + 1) / 2) / (left * (len(gone) - left)))


def log_loss(gone: Any, told: Any) -> float:
    sure = np.clip(told, 1e-12, 1 - 1e-12)
    return float(-np.mean(np.where(gone, np.log(sure), np.log1p(-sure))))


def lift(gone: Any, told: Any, share: float = 0.1) -> float:
    """How many times as often those of the highest probabilities left as all did."""
    top = np.argsort(-told, kind="stable")[: max(1, round(len(told) * share))]
    return float(gone[top].mean() / gone.mean())


def calibration_error(gone: Any, told: Any) -> float:
    """Expected calibration error: in ten bins of equal width the distance between told and true, by size of bin
    (Naeini, Cooper & Hauskrecht 2015)."""
    bins = np.minimum((told * BINS).astype(np.int64), BINS - 1)
    off = np.bincount(bins, weights=told - gone, minlength=BINS)
    return float(np.abs(off).sum() / len(told))


def curve(gone: Any, told: Any) -> list[dict[str, float]]:
    """The calibration curve: of ten equally large parts by rising probability what was told and what came true."""
    order = np.argsort(told, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    return [
        {
            "told": round(float(told[part].mean()), 6),
            "true": round(float(gone[part].mean()), 6),
            "customers": len(part),
        }
        for part in parts
    ]


def deciles(gone: Any, told: Any) -> list[float | None]:
    """Lift of each tenth of the customers, the highest probabilities first."""
    order = np.argsort(-told, kind="stable")
    overall = gone.mean() if len(gone) else 0
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    return [round(float(gone[part].mean() / overall), 4) if overall else None for part in parts]


def stability(expected: Any, found: Any) -> float:
    """Population stability index of two distributions over the same bins (counts): Σ (f − e) ln(f ÷ e).

    Below 0.1 nothing happened, above 0.25 the population is another one (Siddiqi 2006, "Credit Risk Scorecards").
    Empty bins count as half a customer.
    """
    if not expected.sum() or not found.sum():
        return 0.0
    e, f = (np.maximum(counts, 0.5) / np.maximum(counts, 0.5).sum() for counts in (expected, found))
    return float(np.sum((f - e) * np.log(f / e)))
