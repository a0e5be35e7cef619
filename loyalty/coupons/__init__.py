"""Coupons: issued, reserved while somebody pays, redeemed, given back (docs/algorithms/coupons.md).

    defining.define(code="spring", name=…, is_shared=False, terms={…}, by, at)     and revise, end, reopen
    coupons.issue(customer_id, definition, Cause("receipt:12", at, by))            one; `issuing.start` for many
    coupons.reserve(code, basket, Cause("till:88", at, by, store_id), until=…)
    coupons.redeem(code, basket, Cause(…)); coupons.release(code, Cause(…)); coupons.reverse(customer_id, use_id, …)
    coupons.void(customer_id, coupon_id, …)
    holding.usable(customer_id, at, store_id)                                      what somebody can use now

The source of a use names the checkout: the reservation and the redemption of one checkout bear the same. Each
operation is a transaction (or a part of the caller's) and answers the same to the same source. Refusals say what is
missing, and change nothing.
"""

from loyalty.coupons.giving import issue, void
from loyalty.coupons.using import Used, redeem, release, reserve, reverse, undo

__all__ = ["Used", "issue", "redeem", "release", "reserve", "reverse", "undo", "void"]
