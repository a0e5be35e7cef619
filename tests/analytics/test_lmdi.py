"""Contributions sum to the change, whatever the numbers; and are those of the printed formula."""

from decimal import Decimal
from fractions import Fraction
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.lmdi import contributions, shared_out
from analytics.revenue import Sums

levels = st.tuples(
    st.integers(0, 10**6), st.integers(0, 10**7), st.integers(0, 10**8), st.integers(0, 10**12)
).map(lambda found: Sums(tuple(found[: _first_nothing(found)]) + (0,) * (4 - _first_nothing(found))))


def _first_nothing(found: tuple[int, ...]) -> int:
    """Without customers there are no visits, without visits no items, and so on."""
    return found.index(0) if 0 in found else 4


def change(before: Sums, after: Sums) -> list[int]:
    return contributions(before.factors(), after.factors(), after.cents - before.cents)


@given(levels, levels)
def test_the_contributions_sum_to_the_change_to_the_cent(before: Sums, after: Sums) -> None:
    assert sum(change(before, after)) == after.cents - before.cents


@given(levels, levels)
def test_exchanging_the_periods_turns_the_signs(before: Sums, after: Sums) -> None:
    """Up to the cents that the largest remainders deal out."""
    there, back = change(before, after), change(after, before)
    assert all(abs(a + b) <= 1 for a, b in zip(there, back, strict=True))


@given(levels, st.integers(1, 9))
def test_a_factor_that_stands_still_contributes_nothing(before: Sums, times: int) -> None:
    """More customers who each do the same: the whole change is theirs."""
    after = Sums(tuple(level * times for level in before.levels))
    assert change(before, after) == [after.cents - before.cents, 0, 0, 0]


def test_the_figures_of_a_worked_example() -> None:
    """100 customers × 2 visits × 5 items × 1.00 before; 110 × 2.2 × 4.5 × 1.10 after."""
    before, after = Sums((100, 200, 1000, 1000_00)), Sums((110, 242, 1089, 1197_90))
    weight = 19790 / log(119790 / 100000)
    expected = [weight * log(ratio) for ratio in (1.1, 1.1, 0.9, 1.1)]
    found = change(before, after)
    assert sum(found) == 19790
    assert all(abs(a - b) < 1 for a, b in zip(found, expected, strict=True))
    assert found[0] == found[1] == 10446


def test_where_nothing_was_before_customers_bring_it_all() -> None:
    assert change(Sums((0, 0, 0, 0)), Sums((3, 4, 9, 500))) == [500, 0, 0, 0]
    assert change(Sums((3, 4, 9, 500)), Sums((0, 0, 0, 0))) == [-500, 0, 0, 0]


def test_goods_for_nothing_are_a_matter_of_the_price() -> None:
    assert change(Sums((3, 4, 9, 0)), Sums((3, 4, 9, 500))) == [0, 0, 0, 500]


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=8), st.integers(2, 50))
def test_shares_are_whole_and_near(numerators: list[int], parts: int) -> None:
    exact = [Decimal(n) / parts for n in numerators]
    total = round(sum(Fraction(n, parts) for n in numerators))
    if total > sum(exact) and all(value == int(value) for value in exact):
        return
    low = sum(int(value.to_integral_value("ROUND_FLOOR")) for value in exact)
    if not 0 <= total - low <= len(exact):
        return
    found = shared_out(exact, total)
    assert sum(found) == total
    assert all(abs(a - b) < 1 + Decimal("1e-9") for a, b in zip(found, exact, strict=True))


def test_parts_of_another_total_are_refused() -> None:
    with pytest.raises(ValueError, match="not those of this total"):
        shared_out([Decimal("0.5"), Decimal("0.5")], 7)
