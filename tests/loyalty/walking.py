"""What of coupons and rewards the access walk may name (tests/test_access.py)."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.timezone import now

from loyalty import coupons, ledger, rewards
from loyalty.coupons import defining
from loyalty.ledger import Cause, NewLot
from loyalty.models import CouponCode, CouponKind, Movement, RewardKind, Simulation
from loyalty.rewards import catalogue, stock
from tests.walk import EVERYWHERE

TILL = {"source": "walk", "external_id": "1", "store": "HARB"}
BODIES: dict[tuple[str, str], Any] = {
    ("api-coupon-reservation", "post"): TILL
    | {"lines": [{"line": 1, "product": "SKU1", "quantity": "1", "amount": "9.00"}]},
    ("api-coupon-redemption", "post"): TILL,
    ("api-coupon-definitions", "post"): {
        "code": "made", "name": "Made", "terms": {"kind": "amount", "amount": "5.00"}
    },
    ("api-reward-redemptions", "post"): TILL | {"customer": {"kind": "member", "value": "NOBODY1"}},
}  # fmt: skip
QUERIES = {
    "api-coupon-reservation": {"source": "walk", "external_id": "1"},
    "api-coupon-redemption": {"source": "walk", "external_id": "1"},
}


def simulated(by: str) -> Simulation:
    """A simulation with everything that a result can tell."""
    side = {"issued": 30, "kept": 20, "growth": 20, "outstanding": 10}
    result = {
        "receipts": 3, "customers": 2, "live": side, "draft": side, "months": {"2026-01": [20, 20]}, "stores": {},
        "groups": {"": [20, 20, 1, 0, 1]}, "tiers": {"1a>1a": 2},
        "worth": {"live": "0.01", "draft": "0.02"},
    }  # fmt: skip
    days = {"from_on": date(2026, 1, 1), "to_on": date(2026, 1, 31)}
    tried = {"from": "2026-01-01", "to": "2026-01-31", "programme": {"cap_day": 900}}
    return Simulation.objects.create(draft=tried, result=result, created_by=by, **days)


def drafted(by: str) -> Simulation:
    """A draft that nobody has replayed yet."""
    tried = {"from": "2026-01-01", "to": "2026-01-31", "programme": {"cap_day": 900}}
    return Simulation.objects.create(
        draft=tried, created_by=by, from_on=date(2026, 1, 1), to_on=date(2026, 1, 31)
    )


def nouns(
    canaries: dict[str, list[Any]], shops: dict[str, Any], tokens: dict[str, set[str]]
) -> dict[str, Any]:
    """A shared code; a reward that somebody of each store took, and a coupon that they hold."""
    at = now()
    terms = {"kind": CouponKind.AMOUNT, "amount": Decimal(5)}
    shared = defining.define(code="walked", name="Walked", is_shared=True, terms=terms, by="test", at=at)
    own = defining.define(code="held", name="Held", terms=terms, by="test", at=at)
    prize = {"kind": RewardKind.DISCOUNT, "amount": Decimal(1), "points": 5}
    reward = catalogue.define(code="walked", name="Walked", terms=prize, by="test", at=at)
    redeemed, held = {}, {}
    for code, (person, *_others) in canaries.items():
        ledger.earn(person.pk, [NewLot(5)], Cause(f"walk:{code}", at, "test"))
        cause = Cause(f"walk:{code}", at, "test", shops[code].pk)
        redeemed[code] = rewards.redeem(person.pk, reward, cause).redemption.public_id
        held[code] = coupons.issue(person.pk, own, cause).public_id
        tokens[code] |= {redeemed[code], held[code]}
    return {
        "coupons": {EVERYWHERE: CouponCode.objects.get(definition=shared).code},
        "coupon-definitions": {EVERYWHERE: own.public_id},
        "rewards": {EVERYWHERE: reward.public_id},
        "definition": {EVERYWHERE: own.pk},
        "coupon": held,
        "reward": {EVERYWHERE: reward.pk},
        "redeemed": redeemed,
        "simulations": {EVERYWHERE: simulated("max").pk},
        "drafts": {EVERYWHERE: drafted("max").pk},
    }


def in_chinese(person: Any, shop: Any) -> dict[str, Any]:
    """An offer with every part of its terms and a coupon of it; a reward in stock that was taken."""
    at = now()
    terms = {
        "kind": CouponKind.PERCENT, "share_bp": 1250, "most": Decimal(20), "minimum": Decimal(60), "days": 30,
        "weekdays": [6, 7], "only_stores": [shop.pk], "per_customer": 2, "per_day": 1, "total": 90,
        "budget": Decimal(900), "stacking": "组", "skips_discounted": True,
    }  # fmt: skip
    own = defining.define(code="7", name="八折", terms=terms, by="test", at=at)
    coupon = coupons.issue(person.pk, own, Cause("7", at, "test", shop.pk))
    prize = {"kind": RewardKind.DISCOUNT, "amount": Decimal(1), "points": 5}
    reward = catalogue.define(code="7", name="杯子", is_counted=True, terms=prize, by="test", at=at)
    stock.put(reward, shop, 3, by="test")
    earned = Movement(pk=ledger.earn(person.pk, [NewLot(5000)], Cause("7", at, "test")).movement_id).public_id
    taken = rewards.redeem(person.pk, reward, Cause("7", at, "test", shop.pk)).redemption
    return {
        "movements": earned,
        "redemptions": earned,
        "definition": own.pk,
        "coupon": coupon.public_id,
        "reward": reward.pk,
        "redeemed": taken.public_id,
        "simulations": simulated("max").pk,
        "drafts": drafted("max").pk,
    }
