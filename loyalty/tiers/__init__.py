"""Tiers: which one a member has, had, and will have (docs/algorithms/tiers.md).

tiers.tier_at(customer_ids, at)                     {customer: tier code}, of one moment, one statement
tiers.TIER_THEN.format(customer="p.customer_id", at="p.occurred_at")     the same inside a statement
tiers.review([customer_id], at=…, on=…, by=…)       upgrade at once, take back what came back
tiers.early_days(customer_id, at)                   days before others that windows open
tiers.benefits_on(business_date)                    {tier code: {kind: value}}
changing.change(…), unlock(…)                       by hand
memberships.sell(…), give_back(…)                   what is bought, for money and for a time
movement.statement(viewer, from_on, to_on)          who moved, every number with its people
"""

from loyalty.tiers.benefits import EARLY, Benefits, benefits_on, early_days
from loyalty.tiers.reading import DEFAULT, TIER_THEN, default_tier, tier_at, tiers_of_days
from loyalty.tiers.reviewing import review

__all__ = [
    "DEFAULT",
    "EARLY",
    "TIER_THEN",
    "Benefits",
    "benefits_on",
    "default_tier",
    "early_days",
    "review",
    "tier_at",
    "tiers_of_days",
]
