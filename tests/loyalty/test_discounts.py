"""What each kind of coupon takes off a basket, to the cent; and that the parts always sum to the whole."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.baskets import Basket, BasketLine, part_of, shared_out
from loyalty.coupons.discounts import Discount, Gift, discount_of, in_order
from loyalty.coupons.rules import Rules
from loyalty.models import CouponKind

FRUIT, FOOD, DRINKS = 11, 1, 2
ACME = 5


def line(
    amount: int, *, product: int = 1, pieces: float = 1, of: set[int] | None = None, **more: Any
) -> BasketLine:
    return BasketLine(
        product, frozenset(of or ()), more.pop("brand", None), int(pieces * 1000), amount, **more
    )


def basket(*lines: BasketLine, **more: Any) -> Basket:
    return Basket(1, datetime(2026, 3, 10, 4, tzinfo=UTC), lines, **more)


@pytest.mark.parametrize(
    ("rules", "taken"),
    [
        (Rules(CouponKind.AMOUNT, amount=500), (167, 167, 166)),
        (Rules(CouponKind.AMOUNT, amount=99_999), (1000, 1000, 999)),
        (Rules(CouponKind.PERCENT, share_bp=1000), (100, 100, 100)),
        (Rules(CouponKind.PERCENT, share_bp=1050, most=300), (100, 100, 100)),
        (Rules(CouponKind.PERCENT, share_bp=10_000), (1000, 1000, 999)),
        (Rules(CouponKind.NEXT_ORDER, amount=1), (1, 0, 0)),
        (Rules(CouponKind.NEXT_ORDER, share_bp=5), (1, 0, 0)),
    ],
)
def test_off_the_goods(rules: Rules, taken: tuple[int, ...]) -> None:
    assert discount_of(rules, basket(line(1000), line(1000), line(999))) == Discount(taken)


def test_half_a_cent_goes_up_as_at_the_till() -> None:
    assert discount_of(Rules(CouponKind.PERCENT, share_bp=1000), basket(line(25))).taken_off == 3
    assert discount_of(Rules(CouponKind.PERCENT, share_bp=1000), basket(line(24))).taken_off == 2
    assert part_of(25, 1, 10) == 3


GOODS = basket(
    line(1000, product=1, of={FOOD, FRUIT}, brand=ACME),
    line(2000, product=2, of={FOOD}),
    line(3000, product=3, of={DRINKS}, brand=ACME),
    line(4000, product=4, is_discounted=True),
)


@pytest.mark.parametrize(
    ("limits", "taken"),
    [
        ({}, (100, 200, 300, 400)),
        ({"only_categories": {FOOD}}, (100, 200, 0, 0)),
        ({"only_categories": {FRUIT}}, (100, 0, 0, 0)),
        ({"only_categories": {FOOD}, "not_categories": {FRUIT}}, (0, 200, 0, 0)),
        ({"only_brands": {ACME}}, (100, 0, 300, 0)),
        ({"only_brands": {ACME}, "not_products": {3}}, (100, 0, 0, 0)),
        ({"only_products": {4}, "only_categories": {DRINKS}}, (0, 0, 300, 400)),
        ({"not_brands": {ACME}}, (0, 200, 0, 400)),
        ({"skips_discounted": True}, (100, 200, 300, 0)),
        ({"only_products": {4}, "skips_discounted": True}, (0, 0, 0, 0)),
    ],
)
def test_only_what_it_counts(limits: dict[str, Any], taken: tuple[int, ...]) -> None:
    named: dict[str, Any] = {
        name: value if value is True else frozenset(value) for name, value in limits.items()
    }
    assert discount_of(Rules(CouponKind.PERCENT, share_bp=1000, **named), GOODS).lines == taken


@pytest.mark.parametrize(
    ("pieces", "taken"),
    [
        ([(300, 1), (200, 1), (100, 1)], (0, 0, 100)),
        ([(300, 1), (200, 1)], (0, 0)),
        ([(900, 3)], (300,)),
        ([(1000, 3)], (333,)),
        ([(2000, 6)], (667,)),
        ([(600, 6), (500, 1), (500, 1)], (200, 0, 0)),
        ([(999, 2.5), (100, 1)], (0, 100)),
        ([(50, 0.5), (50, 0.5), (50, 0.5)], (0, 0, 0)),
    ],
)
def test_buy_two_get_the_cheapest(pieces: list[tuple[int, float]], taken: tuple[int, ...]) -> None:
    goods = basket(*[line(amount, pieces=n) for amount, n in pieces])
    assert discount_of(Rules(CouponKind.BUY_GET, buy=2, get=1), goods).lines == taken


def test_the_second_at_half_its_price_and_a_cap() -> None:
    goods = basket(line(501), line(301))
    assert discount_of(Rules(CouponKind.BUY_GET, buy=1, get=1, share_bp=5000), goods).lines == (0, 151)
    assert discount_of(Rules(CouponKind.BUY_GET, buy=1, get=1, most=100), goods).lines == (0, 100)


def test_a_gift_in_the_basket_is_free_and_the_rest_is_handed_over() -> None:
    rules = Rules(CouponKind.GIFT, gift_id=9, get=3, amount=250)
    assert discount_of(rules, basket(line(500))) == Discount((0,), gifts=(Gift(9, 3000, 750),))
    assert discount_of(rules, basket(line(500), line(800, product=9, pieces=2))) == Discount(
        (0, 800), gifts=(Gift(9, 1000, 250),)
    )
    found = discount_of(rules, basket(line(1000, product=9, pieces=4)))
    assert (found.lines, found.gifts, found.cost) == ((750,), (), 750)
    assert discount_of(Rules(CouponKind.GIFT, gift_id=9), basket(line(1))).gifts == (Gift(9, 1000),)


@pytest.mark.parametrize(
    ("rules", "off"),
    [
        (Rules(CouponKind.DELIVERY), 800),
        (Rules(CouponKind.DELIVERY, amount=500), 500),
        (Rules(CouponKind.DELIVERY, amount=900), 800),
        (Rules(CouponKind.DELIVERY, share_bp=5000, most=300), 300),
    ],
)
def test_off_the_delivery(rules: Rules, off: int) -> None:
    assert discount_of(rules, basket(line(1000), delivery=800)) == Discount((0,), delivery=off)


def test_several_in_their_stated_order_each_from_what_is_left() -> None:
    tenth = Rules(CouponKind.PERCENT, share_bp=1000, place=20)
    five = Rules(CouponKind.AMOUNT, amount=500, place=10)
    assert [one.lines for one in in_order([tenth, five], basket(line(2000)))] == [(150,), (500,)]
    assert [one.lines for one in in_order([tenth, replace(five, place=30)], basket(line(2000)))] == [
        (200,),
        (500,),
    ]


lines = st.lists(
    st.builds(
        BasketLine,
        st.integers(1, 4),
        st.frozensets(st.integers(1, 4), max_size=3),
        st.none() | st.integers(1, 3),
        st.integers(1, 20_000),
        st.integers(0, 500_000),
        st.booleans(),
    ),
    max_size=12,
).map(tuple)
some = st.frozensets(st.integers(1, 4), max_size=2)
anything = st.builds(
    Rules,
    st.sampled_from(CouponKind),
    amount=st.none() | st.integers(1, 300_000),
    share_bp=st.none() | st.integers(1, 10_000),
    most=st.none() | st.integers(1, 100_000),
    gift_id=st.integers(1, 4),
    buy=st.integers(1, 4),
    get=st.integers(1, 4),
    only_categories=some,
    not_products=some,
    skips_discounted=st.booleans(),
)


@given(lines, anything, st.integers(0, 5000))
def test_parts_sum_to_the_whole_and_no_line_falls_below_zero(
    goods: tuple[BasketLine, ...], rules: Rules, delivery: int
) -> None:
    whole = basket(*goods, delivery=delivery)
    found = discount_of(rules, whole)
    assert len(found.lines) == len(goods)
    assert all(0 <= cents <= one.amount for cents, one in zip(found.lines, goods, strict=True))
    assert 0 <= found.delivery <= delivery
    assert found.taken_off == sum(found.lines) + found.delivery
    if (
        rules.kind in (CouponKind.AMOUNT, CouponKind.PERCENT, CouponKind.NEXT_ORDER)
        and rules.share_bp is None
    ):
        counted = sum(discount_of(Rules(CouponKind.PERCENT, share_bp=10_000, only_categories=rules.only_categories,
                                        not_products=rules.not_products, skips_discounted=rules.skips_discounted),
                                  whole).lines)  # fmt: skip
        bounds = [counted, *(one for one in (rules.amount, rules.most) if one is not None)]
        assert sum(found.lines) == min(bounds)


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), max_size=20))
def test_shares_are_exact(cents: int, weights: list[int]) -> None:
    cents = min(cents, sum(weights))
    parts = shared_out(cents, weights)
    assert sum(parts) == cents
    assert all(part <= weight for part, weight in zip(parts, weights, strict=True))
    whole = sum(weights)
    assert all(
        abs(part * whole - cents * weight) < whole
        for part, weight in zip(parts, weights, strict=True)
        if whole
    )
