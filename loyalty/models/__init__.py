"""The nouns of this app, one module a topic."""

from loyalty.models.adjustments import (
    Adjustment,
    AdjustmentKind,
    AdjustmentLimit,
    AdjustmentReason,
    AdjustmentState,
    MissedReceipt,
)
from loyalty.models.agents import DedicatedAgent
from loyalty.models.benefits import Benefit, BenefitKind, BirthdayGift
from loyalty.models.coupons import CouponDefinition, CouponKind, CouponTerms
from loyalty.models.couponuses import Coupon, CouponBatch, CouponCode, CouponDue, CouponTally, CouponUse
from loyalty.models.families import (
    Family,
    FamilyInvite,
    FamilyPart,
    FamilyRedemption,
    FamilySeat,
    JoinedBy,
    Left,
)
from loyalty.models.holds import Hold
from loyalty.models.ledger import Balance, Kind, Lot, Movement, Trace, Unit
from loyalty.models.liability import LedgerDay, LedgerRead
from loyalty.models.memberships import MembershipSale
from loyalty.models.programme import (
    Accrual,
    AccrualDue,
    Action,
    ActionDone,
    ActionTold,
    EarningRule,
    Ending,
    Programme,
    Rounding,
    RuleKind,
)
from loyalty.models.referrals import Referral, ReferralCode, ReferralState, ReferralTerms
from loyalty.models.rewards import (
    Partner,
    Redemption,
    RedemptionState,
    Reward,
    RewardKind,
    RewardStock,
    RewardTerms,
)
from loyalty.models.simulation import Simulation
from loyalty.models.storedvalue import (
    PaidBy,
    PayOrder,
    StoredKind,
    StoredOperation,
    StoredState,
    StoredTerms,
    TopUpOffer,
)
from loyalty.models.tiers import (
    ByHand,
    Downgrade,
    Measure,
    Membership,
    Period,
    Tier,
    TierChange,
    TierReason,
    TierScheme,
)

__all__ = [
    "Accrual", "AccrualDue", "Action", "ActionDone", "ActionTold", "Adjustment", "AdjustmentKind", "AdjustmentLimit",
    "AdjustmentReason", "AdjustmentState", "Balance", "Benefit", "BenefitKind", "BirthdayGift", "ByHand", "Coupon",
    "CouponBatch", "CouponCode", "CouponDefinition", "CouponDue", "CouponKind", "CouponTally", "CouponTerms",
    "CouponUse", "DedicatedAgent", "Downgrade", "EarningRule", "Ending", "Family", "FamilyInvite", "FamilyPart",
    "FamilyRedemption", "FamilySeat", "Hold", "JoinedBy", "Kind", "LedgerDay", "LedgerRead", "Left", "Lot",
    "Measure", "Membership", "MembershipSale", "MissedReceipt", "Movement", "PaidBy", "Partner", "PayOrder", "Period",
    "Programme", "Redemption", "RedemptionState", "Referral", "ReferralCode", "ReferralState", "ReferralTerms",
    "Reward", "RewardKind", "RewardStock", "RewardTerms", "Rounding", "RuleKind", "Simulation", "StoredKind",
    "StoredOperation", "StoredState", "StoredTerms", "Tier", "TierChange", "TierReason", "TierScheme",
    "TopUpOffer", "Trace", "Unit",
]  # fmt: skip
