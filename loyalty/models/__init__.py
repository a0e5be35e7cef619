"""The nouns of this app, one module a topic."""

from loyalty.models.coupons import CouponDefinition, CouponKind, CouponTerms
from loyalty.models.couponuses import Coupon, CouponBatch, CouponCode, CouponDue, CouponTally, CouponUse
from loyalty.models.ledger import Balance, Kind, Lot, Movement, Trace, Unit

__all__ = [
    "Balance",
    "Coupon",
    "CouponBatch",
    "CouponCode",
    "CouponDefinition",
    "CouponDue",
    "CouponKind",
    "CouponTally",
    "CouponTerms",
    "CouponUse",
    "Kind",
    "Lot",
    "Movement",
    "Trace",
    "Unit",
]
