"""On which side of what is usual a customer is, by reason: what their words say, whatever it does to the score.

What is usual: `catalogue.Reason.usual`, or the median of those whom the model was taught with. A customer's sides are
one number, two bits a reason, the first reason's the lowest.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from segmentation.churn.catalogue import PLACE, REASONS
from segmentation.churn.words import BITS, LESS, MORE, UNKNOWN


def packed(rows: Any, shape: Mapping[str, Mapping[str, Any]]) -> Any:
    """Of each row of features its sides. A model that was trained before medians were kept knows few."""
    found = np.zeros(len(rows), dtype=np.int64)
    for place, reason in enumerate(REASONS.values()):
        usual = shape.get(reason.measured, {}).get("usual") if reason.usual is None else reason.usual
        if usual is None:
            continue
        values = rows[:, PLACE[reason.measured]]
        side = np.where(np.isnan(values), UNKNOWN, np.where(values > np.float32(usual), MORE, LESS))
        found |= side.astype(np.int64) << (BITS * place)
    return found
