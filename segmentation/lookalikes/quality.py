"""How well a model finds the members of a set that it has not seen.

`auc`: how often a hidden member has the higher score of a pair with somebody else, ties counted half: the Mann-Whitney
statistic (Hanley & McNeil 1982). `recall`: of the hidden members, the share whose score is above that of nine in ten of
the others. Chance comes to 0.5 and 0.1.
"""

from math import sqrt
from typing import Any

import numpy as np

SHARE = 0.1
USEFUL = 0.55  # an AUC below which a ranking is no better than chance for any purpose


def auc(members: Any, others: Any) -> float:
    from scipy.stats import rankdata

    n, m = len(members), len(others)
    if not n or not m:
        return 0.5
    ranks = rankdata(np.concatenate([members, others]))[:n]
    return float((ranks.sum() - n * (n + 1) / 2) / (n * m))


def interval(found: float, members: int, others: int) -> tuple[float, float]:
    """Where the AUC of many such hold-outs would lie, 95 in 100 times (Hanley & McNeil 1982, formula 1)."""
    above, square = found / (2 - found), found**2
    twice = 2 * square / (1 + found)
    spread = found * (1 - found) + (members - 1) * (above - square) + (others - 1) * (twice - square)
    away = 1.96 * sqrt(max(spread, 0.0) / (members * others))
    return max(found - away, 0.0), min(found + away, 1.0)


def is_useful(found: float, low: float) -> bool:
    """Better than chance, surely (the whole interval) and by an amount that matters."""
    return found >= USEFUL and low > 0.5


def recall(members: Any, others: Any, share: float = SHARE) -> float:
    """A score that equals the limit's counts by the part of the tie that has room above it."""
    if not len(members) or not len(others):
        return 0.0
    limit = np.quantile(others, 1 - share, method="inverted_cdf")
    tied = float((others == limit).mean())
    room = max(share - float((others > limit).mean()), 0.0)
    part = min(room / tied, 1.0) if tied else 0.0
    return float((members > limit).mean() + part * (members == limit).mean())
