"""What the trail may keep of these tables, and which the database watches (`crm/audit/registry.py`).

The ledger is a trail of its own: its rows name their actor and are only added.
"""

from django.utils.translation import gettext_lazy as _

from crm.audit.registry import Act

TRACKED = {
    "CouponDefinition": "",
    "CouponTerms": "",
    "EarningRule": "",
    "Programme": "",
    "TierScheme": "",
    "Tier": "",
    "Benefit": "",
    "Reward": "",
    "RewardTerms": "",
    "RewardStock": "",
    "Partner": "",
    "AdjustmentReason": "",
    "ReferralTerms": "",
}
WORDS = {
    "simulation.start": Act(_("Simulation started"), icon="flask"),
    "simulation.cancel": Act(_("Simulation cancelled"), icon="flask"),
    "simulation.export": Act(_("Simulation exported"), icon="download"),
    "liability.export": Act(_("Liability exported"), icon="download"),
    "points.export": Act(_("Movements of points exported"), icon="download"),
    "coupon.define": Act(_("Coupon defined"), icon="ticket"),
    "coupon.revise": Act(_("Terms of a coupon changed"), icon="ticket"),
    "coupon.end": Act(_("Coupon offer ended"), icon="ticket"),
    "coupon.reopen": Act(_("Coupon offer opened again"), icon="ticket"),
    "coupon.void": Act(_("Coupon declared void"), icon="ticket"),
    "reward.define": Act(_("Reward made"), icon="gift"),
    "reward.revise": Act(_("Reward changed"), icon="gift"),
    "reward.end": Act(_("Reward ended"), icon="gift"),
    "reward.reopen": Act(_("Reward opened again"), icon="gift"),
    "reward.stock": Act(_("Stock of a reward changed"), icon="gift"),
    "reward.cancel": Act(_("Redeemed reward cancelled"), icon="gift"),
    "reward.fulfil": Act(_("Reward handed over or sent"), icon="gift"),
    "rewards.export": Act(_("Rewards exported"), icon="download"),
    "coupons.issue": Act(_("Coupons issued in bulk"), icon="ticket"),
    "coupons.export": Act(_("Coupons exported"), icon="download"),
    "programme.change": Act(_("Programme changed"), icon="adjustments"),
    "rule.publish": Act(_("Earning rule published"), icon="coins"),
    "rule.end": Act(_("Earning rule ended"), icon="coins"),
    "adjustment.ask": Act(_("Points adjusted by hand"), icon="plus-minus"),
    "adjustment.decide": Act(_("Adjustment approved or rejected"), icon="checks"),
    "adjustment.undo": Act(_("Adjustment undone"), icon="arrow-back-up"),
    "adjustment.limit": Act(_("Limit of adjustments changed"), icon="adjustments"),
    "referral.terms": Act(_("Terms of bringing friends changed"), icon="user-plus"),
    "referral.decide": Act(_("Decided about a friend who was brought along"), icon="user-plus"),
    "receipt.return": Act(_("Receipt brought back at the Counter"), icon="arrow-back-up"),
    "tiers.publish": Act(_("Version of the tiers published"), icon="stairs-up"),
    "tier.change": Act(_("Tier changed by hand"), icon="award"),
    "tier.lock": Act(_("Tier locked"), icon="lock"),
    "tier.unlock": Act(_("Lock of a tier ended"), icon="lock-open"),
    "tier.buy": Act(_("Membership bought"), icon="award"),
    "tiers.export": Act(_("Members of a tier exported"), icon="download"),
}
