"""How sure shares and lifts are: intervals of 95 %.

A share: Wilson, Probable Inference, JASA 22 (1927). Lift: the delta method on its logarithm (`of_lift`).
"""

from math import exp, sqrt

Z = 1.959964


def of_share(part: float, whole: float, z: float = Z) -> tuple[float, float]:
    """Wilson's interval of part ÷ whole."""
    if whole <= 0:
        return 0.0, 1.0
    share, square = part / whole, z * z
    middle = (share + square / (2 * whole)) / (1 + square / whole)
    half = z / (1 + square / whole) * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    return max(0.0, middle - half), min(1.0, middle + half)


def of_lift(baskets: int, of_a: int, of_b: int, both: int, z: float = Z) -> tuple[float, float]:
    """Lift is p(ab) ÷ (p(a) p(b)). With the four cells of the table multinomial, the delta method gives its logarithm
    the variance 1/n(ab) − 1/n(a) − 1/n(b) + 2 n(ab)/(n(a) n(b)) − 1/n.
    """
    lift = both * baskets / (of_a * of_b)
    variance = 1 / both - 1 / of_a - 1 / of_b + 2 * both / (of_a * of_b) - 1 / baskets
    spread = exp(z * sqrt(max(variance, 0.0)))
    return lift / spread, lift * spread
