"""The nouns of this app, one module a topic."""

from loyalty.models.coupons import CouponDefinition, CouponKind, CouponTerms
from loyalty.models.couponuses import Coupon, CouponBatch, CouponCode, CouponDue, CouponTally, CouponUse
from loyalty.models.ledger import Balance, Kind, Lot, Movement, Trace, Unit
from loyalty.models.programme import (
    Accrual,
    AccrualDue,
    Action,
    ActionDone,
    EarningRule,
    Ending,
    Programme,
    Rounding,
    RuleKind,
)

__all__ = [
    "Accrual",
    "AccrualDue",
    "Action",
    "ActionDone",
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
    "EarningRule",
    "Ending",
    "Kind",
    "Lot",
    "Movement",
    "Programme",
    "Rounding",
    "RuleKind",
    "Trace",
    "Unit",
]
