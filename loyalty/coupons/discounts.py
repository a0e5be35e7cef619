"""What a coupon takes off a basket, line by line and to the cent (docs/algorithms/coupons.md). Nothing is looked up.

An amount or a share of the whole is spread over the lines that it applies to in proportion to what they cost, by
largest remainder: the parts sum exactly to the whole, and no line falls below zero.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from loyalty.baskets import MILLI, Basket, BasketLine, part_of, shared_out
from loyalty.coupons.rules import Rules
from loyalty.models import CouponKind
from loyalty.models.coupons import WHOLE_BP


@dataclass(frozen=True)
class Gift:
    """Goods that are handed over and cost nothing. `quantity` in thousandths; `worth` of all of them in cents."""

    product_id: int
    quantity: int
    worth: int = 0


@dataclass(frozen=True)
class Discount:
    """Cents off each line of the basket, in its order, and off its delivery; and gifts that are not in it yet."""

    lines: tuple[int, ...]
    delivery: int = 0
    gifts: tuple[Gift, ...] = ()

    @property
    def taken_off(self) -> int:
        return sum(self.lines) + self.delivery

    @property
    def cost(self) -> int:
        """What the use costs the chain's budget: what is taken off, and what its gifts are worth."""
        return self.taken_off + sum(gift.worth for gift in self.gifts)


class Priced(NamedTuple):
    """Lines with what each costs at a moment, what the delivery costs, and which of the lines a coupon counts."""

    lines: Sequence[BasketLine]
    amounts: Sequence[int]
    delivery: int
    mine: Sequence[bool]


def discount_of(rules: Rules, basket: Basket) -> Discount:
    """What these rules take off, whether or not they may be used here (`fitting.misfit` says that)."""
    amounts = [line.amount for line in basket.lines]
    return off(rules, Priced(basket.lines, amounts, basket.delivery, applies_to(rules, basket)))


def off(rules: Rules, goods: Priced) -> Discount:
    """The same, for whoever knows already which lines count, and asks often."""
    return _KINDS[CouponKind(rules.kind)](rules, goods)


def applies_to(rules: Rules, basket: Basket) -> list[bool]:
    """For each line, whether the coupon counts it."""
    if not rules.chooses_goods:
        return [True] * len(basket.lines)
    return [_counts(rules, line) for line in basket.lines]


def in_order(several: Sequence[Rules], basket: Basket) -> list[Discount]:
    """What several coupons take off together: by their `place`, each from what the ones before have left.

    The answers stand in the order of `several`.
    """
    found: list[Discount] = [Discount(())] * len(several)
    for number in sorted(range(len(several)), key=lambda i: (several[i].place, i)):
        found[number] = discount_of(several[number], basket)
        basket = basket.less(found[number].lines, found[number].delivery)
    return found


def _counts(rules: Rules, line: BasketLine) -> bool:
    if rules.skips_discounted and line.is_discounted:
        return False
    out = (
        line.product_id in rules.not_products
        or line.brand_id in rules.not_brands
        or not rules.not_categories.isdisjoint(line.category_ids)
    )
    if out:
        return False
    if not (rules.only_products or rules.only_brands or rules.only_categories):
        return True
    return (
        line.product_id in rules.only_products
        or line.brand_id in rules.only_brands
        or not rules.only_categories.isdisjoint(line.category_ids)
    )


def _off_the_goods(rules: Rules, goods: Priced) -> Discount:
    """An amount, or a share, of what the coupon counts."""
    weights = [amount if counts else 0 for amount, counts in zip(goods.amounts, goods.mine, strict=True)]
    cents = _off(rules, sum(weights))
    return Discount(tuple(shared_out(cents, weights)))


def _off(rules: Rules, whole: int) -> int:
    wanted = rules.amount if rules.share_bp is None else part_of(whole, rules.share_bp, WHOLE_BP)
    return min(whole if wanted is None else wanted, whole, _most(rules))


def _most(rules: Rules) -> int:
    return 10**15 if rules.most is None else rules.most


def _off_the_delivery(rules: Rules, goods: Priced) -> Discount:
    """An amount, a share, or without either all of the delivery."""
    return Discount((0,) * len(goods.lines), delivery=_off(rules, goods.delivery))


def _gift(rules: Rules, goods: Priced) -> Discount:
    """`get` pieces (one). Those that stand in the basket already cost nothing; the rest is handed over."""
    left = (rules.get or 1) * MILLI
    taken = [0] * len(goods.lines)
    for number, line in enumerate(goods.lines):
        if line.product_id == rules.gift_id and left and line.quantity > 0:
            free = min(left, line.quantity)
            taken[number] = part_of(goods.amounts[number], free, line.quantity)
            left -= free
    assert rules.gift_id is not None
    worth = (rules.amount or 0) * left // MILLI
    return Discount(tuple(taken), gifts=(Gift(rules.gift_id, left, worth),) if left else ())


def _buy_some_get_some(rules: Rules, goods: Priced) -> Discount:
    """Of every `buy` + `get` pieces the `get` cheapest are reduced by the share (all of their price).

    Whole pieces count: of goods that are weighed, as many as there are whole units.
    """
    assert rules.buy and rules.get
    lines, amounts = goods.lines, goods.amounts
    counted = [i for i, counts in enumerate(goods.mine) if counts and lines[i].quantity >= MILLI]
    left = sum(_pieces(lines[i]) for i in counted) // (rules.buy + rules.get) * rules.get
    taken = [0] * len(lines)
    for i in sorted(counted, key=lambda i: (Fraction(amounts[i], lines[i].quantity), i)):
        free = min(left, _pieces(lines[i]))
        share = free * MILLI * (rules.share_bp or WHOLE_BP)
        taken[i] = part_of(amounts[i], share, lines[i].quantity * WHOLE_BP)
        left -= free
    most = _most(rules)
    return Discount(tuple(taken if sum(taken) <= most else shared_out(most, taken)))


def _pieces(line: BasketLine) -> int:
    return line.quantity // MILLI


_KINDS: dict[CouponKind, Callable[[Rules, Priced], Discount]] = {
    CouponKind.AMOUNT: _off_the_goods,
    CouponKind.PERCENT: _off_the_goods,
    CouponKind.NEXT_ORDER: _off_the_goods,
    CouponKind.GIFT: _gift,
    CouponKind.BUY_GET: _buy_some_get_some,
    CouponKind.DELIVERY: _off_the_delivery,
}
