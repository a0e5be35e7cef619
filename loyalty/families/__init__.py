"""Families: customers who share what they may spend, each with an own account (docs/algorithms/family-pooling.md).

    joining.join(ben, anna, …); joining.share(ben, False, …); joining.leave(ben, …)
    spending.redeem(anna, 120, Cause("till:88", at, by))      own points first, then the others', first to end first
    returning.give_back(anna, redemption_id, …)               to everybody's same lots

Earning, tiers and growth stay with each person.
"""
