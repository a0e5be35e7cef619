"""An evaluation as programs read it."""

from crm.lib.refusals import Refusal
from crm.org.models import public_id
from customers.models import Customer, Product
from loyalty.api.basketshapes import (
    EvaluatedLineOut,
    EvaluationOut,
    HintOut,
    OfferOut,
    PointsOut,
    PrizeOut,
    RefusedOut,
    TierOut,
    ToldOut,
)
from loyalty.api.couponshapes import GiftOut, LineOff
from loyalty.coupons import codes
from loyalty.coupons.discounts import Discount
from loyalty.coupons.rules import money
from loyalty.evaluation import Evaluation
from loyalty.evaluation.prizes import Prize
from loyalty.evaluation.telling import Hint, Judged
from loyalty.models import RewardKind


def shape(found: Evaluation) -> EvaluationOut:
    who, asked = found.who, found.asked
    numbers, skus = [line.number for line in asked.lines], _skus(found)
    return EvaluationOut(
        Customer(pk=who.customer_id).public_id if who.customer_id else None, _tier(found), _lines(found),
        _text(sum(line.cents for line in asked.lines)), _text(sum(found.off)), _text(found.state.delivery),
        _text(min(found.bought.off, found.due)), _text(max(0, found.due - found.bought.off)), found.is_exact, found.why,
        [_offer(one, numbers, skus) for one in found.coupons],
        [_prize(one, found) for one in found.prizes], _points(found), [_hint(one) for one in found.hints],
    )  # fmt: skip


def _lines(found: Evaluation) -> list[EvaluatedLineOut]:
    each = zip(found.asked.lines, found.state.amounts, found.off, found.benefit, strict=True)
    return [
        EvaluatedLineOut(
            line.number, _text(left), _text(line.discount + off), _text(tier), _text(off - tier),
            found.earning.lines.get(line.number, 0),
        )
        for line, left, off, tier in each
    ]  # fmt: skip


def _tier(found: Evaluation) -> TierOut | None:
    if not found.who.tier:
        return None
    return TierOut(found.who.tier, f"{found.who.discount:.2f}", _text(sum(found.benefit)))


def _offer(one: Judged, numbers: list[int], skus: dict[int, str]) -> OfferOut:
    taken = one.taken or Discount(())
    lines = [LineOff(number, _text(cents)) for number, cents in zip(numbers, taken.lines, strict=False)]
    gifts = [GiftOut(skus[gift.product_id], str(gift.quantity // 1000)) for gift in taken.gifts]
    code = codes.normalised(one.offer.code)
    return OfferOut(
        codes.shown(code) if code else one.offer.code, one.offer.name, one.offer.valid_to,
        None if one.alone is None else _text(one.alone), one.taken is not None, _text(taken.cost), lines,
        _text(taken.delivery), gifts, _reason(one.reason),
    )  # fmt: skip


def _prize(one: Prize, found: Evaluation) -> PrizeOut:
    terms = one.terms
    discount = _text(one.off) if terms.kind == RewardKind.DISCOUNT else None
    return PrizeOut(
        public_id("rwd").encode(terms.reward_id), terms.reward.name, RewardKind(terms.kind).code, one.points,
        discount, one.refused is None, one in found.bought.prizes, _reason(one.refused),
    )  # fmt: skip


def _points(found: Evaluation) -> PointsOut:
    earned, spendable, asked = found.earning, found.who.spendable, found.asked.points
    told = [ToldOut(one.sentence, one.points, one.note) for one in earned.told]
    return PointsOut(
        earned.points, earned.growth, told, earned.available_at, spendable, asked, max(0, asked - spendable),
        found.bought.points,
    )  # fmt: skip


def _hint(one: Hint) -> HintOut:
    code = "" if one.is_product else codes.normalised(one.of)
    of = codes.shown(code) if code else one.of
    return HintOut(one.code, one.sentence, of, one.points, None if one.cents is None else _text(one.cents))


def _reason(refused: Refusal | None) -> RefusedOut | None:
    return None if refused is None else RefusedOut(refused.code, str(refused))


def _skus(found: Evaluation) -> dict[int, str]:
    """Of gifts that are not in the basket. One statement, where there are such."""
    ids = {gift.product_id for one in found.coupons if one.taken for gift in one.taken.gifts}
    return dict(Product.objects.filter(pk__in=ids).values_list("pk", "sku")) if ids else {}


def _text(cents: int) -> str:
    return str(money(cents))
