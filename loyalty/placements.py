"""Where these tables stand when the database is spread over machines (docs/scaleout.md).

What extends `Owned` stands with its customer and is not named here.
"""

PLACEMENTS = {
    "CouponDefinition": "reference",
    "CouponTerms": "reference",
    "CouponTally": "local",
    "CouponCode": "keyed:code",
    "CouponBatch": "local",
    "CouponDue": "local",
    "Family": "keyed:id",
    "FamilyInvite": "keyed:code",
    "Programme": "reference",
    "EarningRule": "reference",
    "AccrualDue": "local",
    "LedgerDay": "local",
    "LedgerRead": "local",
    "Simulation": "local",
    "AdjustmentReason": "reference",
    "AdjustmentLimit": "reference",
    "MissedReceipt": "keyed:key",
    "TierScheme": "reference",
    "Tier": "reference",
    "Benefit": "reference",
    "Partner": "reference",
    "Reward": "reference",
    "RewardTerms": "reference",
    "RewardStock": "local",
    "ReferralTerms": "reference",
    "ReferralCode": "keyed:code",
    "StoredTerms": "reference",
    "TopUpOffer": "reference",
}
