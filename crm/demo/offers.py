"""Coupons and rewards of the demo chain: enough that the pages live. Made once."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from crm.jobs import runner
from crm.org.models import Store
from customers.models import Product
from loyalty.coupons import defining, issuing
from loyalty.models import CouponDefinition, CouponKind, Partner, RewardKind
from loyalty.rewards import catalogue, stock

BY = "system:load_demo"
DEFINED, ISSUED = timedelta(days=45), timedelta(days=20)  # so long ago: members have used some since
# code, name, has it one code for everybody, terms
OFFERS: tuple[tuple[str, str, bool, dict[str, Any]], ...] = (
    ("welcome", "Welcome back", False, {"kind": CouponKind.AMOUNT, "amount": Decimal(10),
                                           "minimum": Decimal(60), "days": 60}),
    ("weekend", "Weekend tenth", True, {"kind": CouponKind.PERCENT, "share_bp": 1000, "most": Decimal(20),
                                       "weekdays": [6, 7], "per_customer": 4, "budget": Decimal(5000)}),
    ("two-one", "Two and one free", True, {"kind": CouponKind.BUY_GET, "buy": 2, "get": 1, "per_day": 1,
                                          "stacking": "week"}),
    ("delivery", "Free delivery", True, {"kind": CouponKind.DELIVERY, "minimum": Decimal(100), "total": 2000}),
    ("next", "Five for next time", False, {"kind": CouponKind.NEXT_ORDER, "amount": Decimal(5), "days": 30}),
)  # fmt: skip


def make() -> int:
    """Returns how many offers; 0 when there are some already."""
    if CouponDefinition.objects.exists():
        return 0
    at = timezone.now() - DEFINED
    for code, name, is_shared, terms in OFFERS:
        defining.define(code=code, name=name, is_shared=is_shared, terms=terms, by=BY, at=at)
    welcome = CouponDefinition.objects.get(code="welcome")
    batch = issuing.start(welcome, audience="members:all", by=BY, at=timezone.now() - ISSUED)
    assert batch.job is not None
    runner.run_until_ended(batch.job)
    _rewards(at)
    return len(OFFERS)


def _rewards(at: Any) -> None:
    goods = Product.objects.order_by("pk").first()
    partner = Partner.objects.get_or_create(code="harbour-cinema", defaults={"name": "Harbour Cinema"})[0]
    voucher = CouponDefinition.objects.get(code="next")
    until = (at + timedelta(days=365)).date()
    offers: list[tuple[str, str, bool, dict[str, Any]]] = [
        ("five-off", "5 off at the till", False, {"kind": RewardKind.DISCOUNT, "points": 500, "amount": Decimal(5)}),
        ("voucher", "Voucher of 5", False, {"kind": RewardKind.VOUCHER, "points": 450, "coupon_id": voucher.pk}),
        ("cinema", "Cinema ticket at half price", False, {
            "kind": RewardKind.PARTNER, "points": 1200, "partner_id": partner.pk,
            "note": "Show the code at the box office.",
        }),
    ]  # fmt: skip
    if goods:
        gift = {
            "kind": RewardKind.GIFT,
            "points": 800,
            "product_id": goods.pk,
            "money": Decimal(2),
            "to_on": until,
        }
        offers.append(("bag", "Shopping bag", True, gift))
    for code, name, is_counted, terms in offers:
        made = catalogue.define(code=code, name=name, is_counted=is_counted, terms=terms, by=BY, at=at)
        if is_counted:
            for number, store in enumerate(Store.objects.filter(is_active=True).order_by("pk")[:40]):
                stock.put(made, store, 5 + 3 * (number % 7), by=BY)
