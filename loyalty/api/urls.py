"""Addresses below /api/v1/."""

from django.urls import path

from loyalty.api import (
    accounts,
    actions,
    adjustments,
    baskets,
    coupons,
    families,
    memberships,
    offers,
    redemptions,
    referrals,
    rewards,
    stored,
)

urlpatterns = [
    path("baskets/evaluate/", baskets.Evaluations.as_view(), name="api-basket-evaluation"),
    path("adjustments/", adjustments.Adjustments.as_view(), name="api-adjustments"),
    path("accounts/<str:customer>/", accounts.Accounts.as_view(), name="api-accounts"),
    path("accounts/<str:customer>/entries/", accounts.Entries.as_view(), name="api-entries"),
    path("actions/", actions.Actions.as_view(), name="api-actions"),
    path("customers/<str:customer>/family/", families.Family.as_view(), name="api-family"),
    path(
        "customers/<str:customer>/family/sharing/",
        families.FamilySharing.as_view(),
        name="api-family-sharing",
    ),
    path("family-redemptions/", families.FamilyRedemptions.as_view(), name="api-family-redemptions"),
    path(
        "family-redemptions/<str:redemption>/reversal/",
        families.FamilyReversals.as_view(),
        name="api-family-reversals",
    ),
    path("redemptions/", redemptions.Redemptions.as_view(), name="api-redemptions"),
    path("redemptions/<str:movement>/reversal/", redemptions.Reversals.as_view(), name="api-reversals"),
    path("holds/", redemptions.Holds.as_view(), name="api-holds"),
    path("holds/<str:hold>/", redemptions.OneHold.as_view(), name="api-hold"),
    path("holds/<str:hold>/capture/", redemptions.Captures.as_view(), name="api-captures"),
    path("coupons/<str:code>/reservation/", coupons.Reservation.as_view(), name="api-coupon-reservation"),
    path("coupons/<str:code>/redemption/", coupons.CouponRedemption.as_view(), name="api-coupon-redemption"),
    path("coupon-definitions/", offers.Definitions.as_view(), name="api-coupon-definitions"),
    path(
        "coupon-definitions/<str:definition>/", offers.OneDefinition.as_view(), name="api-coupon-definition"
    ),
    path(
        "coupon-definitions/<str:definition>/ending/",
        offers.Ending.as_view(),
        name="api-coupon-definition-ending",
    ),
    path("customers/<str:customer>/coupons/", coupons.CustomerCoupons.as_view(), name="api-customer-coupons"),
    path("customers/<str:customer>/referrals/", referrals.Referrals.as_view(), name="api-customer-referrals"),
    path("accounts/<str:customer>/stored-value/", stored.Balances.as_view(), name="api-stored-value"),
    path("accounts/<str:customer>/membership/", memberships.Memberships.as_view(), name="api-membership"),
    path("memberships/", memberships.Sales.as_view(), name="api-memberships"),
    path("memberships/<str:sale>/refund/", memberships.Refunds.as_view(), name="api-membership-refund"),
    path("top-ups/", stored.TopUps.as_view(), name="api-top-ups"),
    path("top-ups/<str:act>/undoing/", stored.Undoings.as_view(), name="api-top-up-undoing"),
    path("stored-payments/", stored.Payments.as_view(), name="api-stored-payments"),
    path("stored-payments/<str:act>/refunds/", stored.Refunds.as_view(), name="api-stored-refunds"),
    path("rewards/", rewards.Rewards.as_view(), name="api-rewards"),
    path(
        "rewards/<str:reward>/redemptions/",
        rewards.RewardRedemptions.as_view(),
        name="api-reward-redemptions",
    ),
    path(
        "rewards/redeemed/<str:redemption>/", rewards.RewardRedemption.as_view(), name="api-reward-redemption"
    ),
]
