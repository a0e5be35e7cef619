"""Rewards: a catalogue that points buy from (docs/algorithms/coupons.md).

    catalogue.define(code="mug", name=…, terms={…}, by, at), revise, end, reopen; stock.put(reward, store, 12, …)
    rewards.redeem(customer_id, reward, Cause("till:88", at, by, store_id))     points, stock and coupon in one
    rewards.cancel(customer_id, redemption_id, Cause(…))                        all of them exactly back
    fulfilment.hand_over(…), fulfilment.send(…)

Answers the same to the same source. Refusals say what is missing, and change nothing.
"""

from loyalty.rewards.redeeming import Taken, cancel, redeem
from loyalty.rewards.wholes import taken_with

__all__ = ["Taken", "cancel", "redeem", "taken_with"]
