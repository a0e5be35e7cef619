"""What a basket would save and earn, before there is a receipt (docs/algorithms/baskets.md). Nothing is written.

    evaluate(Asked(…))     the benefit of the tier, the best coupons and why, what does not fit and why, points, rewards

`choosing` finds the best combination and `prizes` what points buy, both without a database; `offers`, `person` and
`prizes` read, a constant number of statements however long the basket is.
"""

from loyalty.evaluation.asking import Asked, AskedLine
from loyalty.evaluation.evaluating import Evaluation, evaluate

__all__ = ["Asked", "AskedLine", "Evaluation", "evaluate"]
