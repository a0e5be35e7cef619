"""Tiers: which one a member has, had, and will have (docs/algorithms/tiers.md).

tiers.tier_at(customer_ids, at)                     {customer: tier code}, of one moment, one statement
tiers.TIER_THEN.format(customer="p.customer_id", at="p.occurred_at")     the same inside a statement
tiers.review([customer_id], at=…, on=…, by=…)       upgrade at once, take back what came back
tiers.benefits_on(business_date)                    {tier code: {kind: value}}
changing.change(…), lock(…), unlock(…), buy(…)      by hand
movement.statement(viewer, from_on, to_on)          who moved, every number with its people
"""

from loyalty.tiers.benefits import Benefits, benefits_on
from loyalty.tiers.reading import DEFAULT, TIER_THEN, default_tier, tier_at, tiers_of_days
from loyalty.tiers.reviewing import review

__all__ = [
    "DEFAULT",
    "TIER_THEN",
    "Benefits",
    "benefits_on",
    "default_tier",
    "review",
    "tier_at",
    "tiers_of_days",
]
