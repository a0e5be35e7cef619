"""A basket evaluated: the parts put together, in the order in which a till would do it.

First what the tier takes off, then the coupons of the best combination in their stated order, then rewards for points
on what is left to pay. What is earned rests on what lines cost after tier and coupons: rewards are paid with like a
voucher.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from loyalty import goods
from loyalty.baskets import Basket, BasketLine
from loyalty.coupons.discounts import Discount, discount_of
from loyalty.coupons.fitting import Names
from loyalty.coupons.rules import Rules
from loyalty.evaluation import earning, offers, person, prizes, suggesting, telling
from loyalty.evaluation.asking import Asked
from loyalty.evaluation.choosing import Search, State, ordered
from loyalty.evaluation.earning import Earning
from loyalty.evaluation.offers import Offer
from loyalty.evaluation.person import Person
from loyalty.evaluation.prizes import Bought, Prize
from loyalty.evaluation.telling import Hint, Judged
from loyalty.models import CouponKind


@dataclass(frozen=True)
class Evaluation:
    """All amounts in cents, by line in the order asked. `coupons`: those of the best combination first, in the order in
    which they are taken. `is_exact`: nothing better is possible; `why` says what was weighed."""

    asked: Asked
    who: Person
    benefit: tuple[int, ...]
    coupons: list[Judged]
    state: State
    is_exact: bool
    why: list[str]
    prizes: list[Prize]
    bought: Bought
    earning: Earning
    hints: list[Hint]

    @property
    def off(self) -> list[int]:
        """What each line loses, to the tier and to coupons."""
        return [line.cents - left for line, left in zip(self.asked.lines, self.state.amounts, strict=True)]

    @property
    def due(self) -> int:
        """What is left to pay with the delivery, before rewards for points."""
        return sum(self.state.amounts) + self.state.delivery


def evaluate(asked: Asked) -> Evaluation:
    """Nothing is written and nothing locked: a till reserves what it wants to rely on."""
    names = Names()
    known = goods.by_sku(line.sku for line in asked.lines)
    found = offers.of(asked.customer_id, asked.codes, asked.at, asked.store.zone)
    who = person.of(asked, {one.owner for one in found if one.owner and one.owner != asked.customer_id})
    whole = _basket(asked, who, known)
    benefit = _benefit(who, whole)
    basket = whole.less(benefit)
    judged = offers.judged(found, basket, who.tiers, names)
    search, sorted_offers = _search(basket, judged)
    choice = search.best_choice()
    coupons = telling.coupons(search, choice, sorted_offers, judged, names)
    best, due = choice.best, sum(choice.best.amounts) + choice.best.delivery
    earned = earning.of(asked, who, known, paid=best.amounts, currency=names.currency)
    given = prizes.of(asked, who, names)
    bought, is_sure = prizes.best(given, min(asked.points, who.spendable), due)
    is_exact = choice.is_exact and is_sure
    why = telling.why(coupons, is_exact, bought, names)
    hints = telling.hints(coupons, earned, given, who.spendable)
    hints += suggesting.hints(who.customer_id, {one.product_id for one in known.values()})
    return Evaluation(asked, who, benefit, coupons, best, is_exact, why, given, bought, earned, hints)


def _basket(asked: Asked, who: Person, known: dict[str, goods.Known]) -> Basket:
    lines = tuple(
        BasketLine(
            one.product_id if one else None, one.category_ids if one else goods.NONE, one.brand_id if one else None,
            line.quantity, line.cents, line.is_discounted or line.discount > 0,
        )
        for line, one in ((line, known.get(line.sku)) for line in asked.lines)
    )  # fmt: skip
    return Basket(
        asked.store.pk, asked.at, lines, asked.store.zone, asked.channel, who.tier, asked.delivery, who.early
    )


def _benefit(who: Person, basket: Basket) -> tuple[int, ...]:
    """What the tier takes off: its share of the whole, spread as that of a coupon is."""
    share = int(who.discount * 100)
    if not share:
        return (0,) * len(basket.lines)
    found: Discount = discount_of(Rules(CouponKind.PERCENT, share_bp=share), basket)
    return found.lines


def _search(basket: Basket, judged: Sequence[Offer]) -> tuple[Search, list[Offer]]:
    """The candidates, and the offers that they are, in the stated order."""
    open_ = [one for one in judged if one.refused is None]
    by_candidate = {one.candidate(place): one for place, one in enumerate(open_)}
    candidates = ordered(by_candidate)
    return Search(basket, candidates), [by_candidate[one] for one in candidates]
