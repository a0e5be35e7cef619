"""A change of a product taken apart into the contributions of its factors, without a rest.

The logarithmic mean Divisia index, LMDI-I, in its additive form: B. W. Ang, "The LMDI approach to decomposition
analysis: a practical guide", Energy Policy 33 (2005) 867–871. For V = x₁·x₂·…·xₙ the change from V⁰ to V¹ is the sum
over i of

    L(V¹, V⁰) · ln(xᵢ¹ / xᵢ⁰)        with L(a, b) = (a − b) / (ln a − ln b), and L(a, a) = a

so the order of the factors does not matter, and exchanging the two periods only turns the signs. Where a factor is zero
in one of them its contribution tends to the whole change and that of the others to nothing (Ang and Liu, Energy Policy
35 (2007) 238–246); when several are, the first of them stands for those after it, which are then undefined.
"""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

PLACES = 50  # digits of the logarithms: far beyond what a rounding to the cent can notice


def contributions(before: Sequence[Fraction], after: Sequence[Fraction], change: int) -> list[int]:
    """The whole cents that each factor contributes to `change`, the difference of the two products in cents."""
    nothing = next((i for i, pair in enumerate(zip(before, after, strict=True)) if 0 in pair), None)
    if nothing is not None:
        return [change if i == nothing else 0 for i in range(len(before))]
    with localcontext(prec=PLACES):
        weight = _log_mean(_product(after), _product(before))
        exact = [weight * (_decimal(a) / _decimal(b)).ln() for b, a in zip(before, after, strict=True)]
        return shared_out(exact, change)


def shared_out(exact: Sequence[Decimal], total: int) -> list[int]:
    """Whole numbers that sum to `total`, each as near to its exact value as that allows (largest remainders)."""
    floors = [int(value.to_integral_value("ROUND_FLOOR")) for value in exact]
    left = total - sum(floors)
    by_remainder = sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))
    if not 0 <= left <= len(exact):
        raise ValueError("the parts are not those of this total")
    for i in by_remainder[:left]:
        floors[i] += 1
    return floors


def _log_mean(a: Decimal, b: Decimal) -> Decimal:
    return a if a == b else (a - b) / (a.ln() - b.ln())


def _product(factors: Sequence[Fraction]) -> Decimal:
    found = Fraction(1)
    for factor in factors:
        found *= factor
    return _decimal(found)


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)
