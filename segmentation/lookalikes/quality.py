"""How well a model finds the members of a set that it has not seen.

`auc`: how often a hidden member has the higher score of a pair with somebody else, ties counted half: the Mann-Whitney
statistic (Hanley & McNeil 1982). `recall`: of the hidden members, the share whose score is above that of nine in ten of
the others. Chance comes to 0.5 and 0.1.
"""

from typing import Any

import numpy as np

SHARE = 0.1


def auc(members: Any, others: Any) -> float:
    from scipy.stats import rankdata

    n, m = len(members), len(others)
    if not n or not m:
        return 0.5
    ranks = rankdata(np.concatenate([members, others]))[:n]
    return float((ranks.sum() - n * (n + 1) / 2) / (n * m))


def recall(members: Any, others: Any, share: float = SHARE) -> float:
    """A score that equals the limit's counts by the part of the tie that has room above it."""
    if not len(members) or not len(others):
        return 0.0
    limit = np.quantile(others, 1 - share, method="inverted_cdf")
    tied = float((others == limit).mean())
    room = max(share - float((others > limit).mean()), 0.0)
    part = min(room / tied, 1.0) if tied else 0.0
    return float((members > limit).mean() + part * (members == limit).mean())
