"""Receipts in columns earn what they earn one by one: rows, lines, caps and all."""

from collections import Counter
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.accrual import arithmetic, columns, limits
from loyalty.accrual.arithmetic import Goods, Line, Receipt
from loyalty.accrual.conditions import Condition
from loyalty.accrual.rules import Caps, Rule
from loyalty.accrual.rulesets import RuleSet

GOODS = [
    Goods("food/fruit", 1, "A"), Goods("food/meat", 2, "B"), Goods("foodless", 0, "C"), Goods("", 3, "D"),
]  # fmt: skip
FIRST = date(2026, 1, 20)
cap = st.none() | st.integers(0, 400)
caps = st.builds(Caps, cap, cap, cap)
conditions = st.builds(
    Condition,
    categories=st.sampled_from([(), (), ("food",), ("food/meat", "foodless")]),
    brands=st.sampled_from([(), (), (1, 3)]),
    products=st.sampled_from([(), (), (), ("A", "D")]),
    stores=st.sampled_from([(), (), (7,)]),
    channels=st.sampled_from([(), (), (2,)]),
    tiers=st.sampled_from([(), (), ("gold",)]),
    weekdays=st.sampled_from([(), (), (0, 5)]),
    hours=st.sampled_from([None, None, (8, 12), (22, 6)]),
    dates=st.sampled_from([None, None, (FIRST, FIRST + timedelta(days=5))]),
    birthday_days=st.sampled_from([None, None, 3]),
    is_first=st.sampled_from([False, False, True]),
    minimum_cents=st.sampled_from([0, 0, 500, 2000]),
)
lines = st.lists(
    st.tuples(st.integers(0, 5000), st.sampled_from([0, 0, 50]), st.sampled_from(GOODS)),
    min_size=1,
    max_size=5,
)
receipts = st.tuples(
    st.integers(1, 2), st.sampled_from([0, 0, 0, 1, 9, 20]), st.integers(0, 1439), st.sampled_from([7, 8]),
    st.sampled_from([1, 2]), st.sampled_from(["", "gold"]), st.booleans(), st.none() | st.integers(0, 9), lines,
    st.none() | st.integers(0, 6),
)  # fmt: skip


@st.composite
def rule_sets(draw: Any) -> RuleSet:
    rules = []
    for n in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["base", "multiplier", "multiplier", "bonus"]))
        percent = draw(
            st.sampled_from([0, 50, 33]) if kind == "base" else st.sampled_from([110, 150, 200, 300])
        )
        rules.append(
            Rule(n + 1, f"r{n}", kind, percent, 25, draw(conditions), draw(st.booleans()), draw(caps))
        )
    rules.sort(key=lambda rule: (["base", "multiplier", "bonus"].index(rule.kind), rule.code))
    programme: Any = SimpleNamespace(
        rounding=draw(st.sampled_from(["down", "half_up", "up"])), excludes_discounted=draw(st.booleans())
    )
    rate = draw(st.sampled_from([10_000, 25_000, 33_333, 5_000]))
    return RuleSet(
        programme, rate, draw(caps), tuple(rules), draw(st.sampled_from([(), ("food/meat",)])), frozenset()
    )


def one_by_one(rules: RuleSet, bought: list[Any]) -> list[Any]:
    """Receipt n is bought at n; the last of a receipt says after how many others all of it came back."""
    before: list[tuple[int, date, float, list[tuple[str, int]]]] = []
    codes = {rule.id: rule.code for rule in rules.rules}
    found = []
    for n, (who, after, minute, store, channel, tier, is_first, near, sold, back) in enumerate(bought):
        on = FIRST + timedelta(days=after)
        what = Receipt(
            on, minute, store, 0, channel, tier, is_first, near,
            [Line(i, cents, discount, goods) for i, (cents, discount, goods) in enumerate(sold)],
        )  # fmt: skip
        of_day: Counter[str] = Counter()
        of_month: Counter[str] = Counter()
        for whose, day, until, used in before:
            for code, points in used:
                if whose == who and until > n and day.month == on.month:
                    of_month[code] += points
                    of_day[code] += points if day == on else 0
        earned = arithmetic.earn(rules, what, arithmetic.Used(of_day, of_month))
        used = [("", earned.points), *((codes[r.rule], r.points) for r in earned.rows if r.rule)]
        before.append((who, on, float("inf") if back is None else n + back, used))
        found.append(earned)
    return found


def in_columns(rules: RuleSet, bought: list[Any]) -> list[Any]:
    def column(at: int) -> Any:
        return np.array([one[at] for one in bought], dtype=np.int64)

    flat = [(cents, discount, GOODS.index(goods)) for one in bought for cents, discount, goods in one[8]]
    cents, discount, goods = np.array(flat, dtype=np.int64).T
    days = [FIRST + timedelta(days=one[1]) for one in bought]
    given = columns.Receipts(
        customer=column(0), day=np.array(days, dtype="datetime64[D]").astype(np.int64),
        month=np.array([on.month for on in days]), weekday=np.array([on.weekday() for on in days]), minute=column(2),
        store=column(3), region=np.zeros(len(bought), np.int64), channel=column(4),
        tier=np.array([int(one[5] == "gold") for one in bought]), is_first=np.array([one[6] for one in bought]),
        birthday_days=np.array([columns.NO_BIRTHDAY if one[7] is None else one[7] for one in bought]),
        occurred=np.arange(len(bought)),
        back=np.array([limits.NEVER if one[9] is None else n + one[9] for n, one in enumerate(bought)]),
        starts=np.concatenate(([0], np.cumsum([len(one[8]) for one in bought]))), cents=cents, discount=discount,
        goods=goods, products=GOODS, tiers=["", "gold"],
    )  # fmt: skip
    assert columns.fits_columns(rules, given).all()
    used = limits.Used(["", *(rule.code for rule in rules.rules)])
    earned = columns.earn(rules, given, used)
    return [_of(earned, given, at) for at in range(len(bought))]


def _of(earned: columns.Earned, given: columns.Receipts, at: int) -> arithmetic.Earned:
    rows = [
        arithmetic.Row(*map(int, (r.rule, r.cents[at], r.points[at], r.before[at])))
        for r in earned.rows
        if r.cents[at]
    ]
    first, last = given.starts[at], given.starts[at + 1]
    told = zip(earned.line_points[first:last].tolist(), earned.line_growth[first:last].tolist(), strict=True)
    why: dict[int, int] = {}
    for reason, cents in zip(earned.why[first:last].tolist(), given.cents[first:last].tolist(), strict=True):
        if reason:
            why[reason] = why.get(reason, 0) + cents
    each = [(number, points, growth) for number, (points, growth) in enumerate(told) if points]
    return arithmetic.Earned(int(earned.points[at]), int(earned.growth[at]), rows, each, sorted(why.items()))


@settings(max_examples=150, deadline=None)
@given(rule_sets(), st.lists(receipts, min_size=1, max_size=8))
def test_columns_and_single_receipts_agree(rules: RuleSet, bought: list[Any]) -> None:
    bought.sort(key=lambda one: one[1])
    singly = one_by_one(rules, bought)
    assert in_columns(rules, bought) == singly
    for earned in singly:
        assert (
            earned.points == sum(row.points for row in earned.rows) == sum(line[1] for line in earned.lines)
        )
        assert earned.growth == sum(line[2] for line in earned.lines)


def test_a_limit_of_all_points_leaves_more_of_a_rules_own() -> None:
    """What the programme's limit of a receipt cuts off a bonus does not count against the bonus's limit of the day."""
    programme: Any = SimpleNamespace(rounding="down", excludes_discounted=False)
    bonus = Rule(1, "r0", "bonus", 100, 25, Condition(), False, Caps(None, 30, None))
    rules = RuleSet(programme, 10_000, Caps(20, None, None), (bonus,), (), frozenset())
    bought = [(1, 0, 600, 7, 1, "", False, None, [(cents, 0, GOODS[0])], None) for cents in (1500, 100)]
    found = in_columns(rules, bought)
    assert found == one_by_one(rules, bought)
    assert [[row.points for row in one.rows] for one in found] == [[15, 5], [1, 19]]


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_parts_sum_exactly(points: int, weights: list[int]) -> None:
    parts = arithmetic.parted(points, weights)
    assert sum(parts) == (points if any(weights) else 0)
    whole = max(1, sum(weights))
    assert all(abs(part - points * weight / whole) < 1 for part, weight in zip(parts, weights, strict=True))
