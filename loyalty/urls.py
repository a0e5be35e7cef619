"""Addresses of loyalty."""

from django.urls import path

from loyalty.views import (
    account,
    approvals,
    couponform,
    coupons,
    earning,
    families,
    liability,
    members,
    referrals,
    rewards,
    schemes,
    simulations,
    spending,
    storedcustomer,
    storedtill,
    storedvalue,
    takingback,
    tiers,
    till,
    vouchers,
)

app_name = "loyalty"
urlpatterns = [
    path("loyalty/", liability.Overview.as_view(), name="overview"),
    path("loyalty/liability/", liability.Liability.as_view(), name="liability"),
    path("loyalty/liability/export/", liability.LiabilityExport.as_view(), name="liability-export"),
    path("loyalty/simulations/", simulations.Simulations.as_view(), name="simulations"),
    path("loyalty/simulations/new/", simulations.SimulationForm.as_view(), name="simulation-new"),
    path("loyalty/simulations/<int:pk>/", simulations.SimulationPage.as_view(), name="simulation"),
    path(
        "loyalty/simulations/<int:pk>/export/",
        simulations.SimulationExport.as_view(),
        name="simulation-export",
    ),
    path("loyalty/earning/", earning.Earning.as_view(), name="earning"),
    path("loyalty/earning/programme/", earning.ProgrammePage.as_view(), name="programme"),
    path("loyalty/earning/example/", earning.RuleExample.as_view(), name="rule-example"),
    path("loyalty/earning/new/", earning.Rule.as_view(), name="rule-new"),
    path("loyalty/earning/rules/<str:code>/", earning.Rule.as_view(), name="rule"),
    path("loyalty/earning/rules/<str:code>/end/", earning.RuleEnd.as_view(), name="rule-end"),
    path("loyalty/tiers/", tiers.Ladder.as_view(), name="tiers"),
    path("loyalty/tiers/edit/", schemes.SchemePage.as_view(), name="tier-scheme"),
    path("loyalty/tiers/movement/", tiers.MovementPage.as_view(), name="tier-movement"),
    path("loyalty/tiers/movement/export/", tiers.MovementExport.as_view(), name="tier-movement-export"),
    path("loyalty/tiers/members/", tiers.Members.as_view(), name="tier-members"),
    path("loyalty/tiers/members/export/", tiers.MembersExport.as_view(), name="tier-members-export"),
    path("loyalty/approvals/", approvals.Approvals.as_view(), name="approvals"),
    path("loyalty/referrals/", referrals.Referrals.as_view(), name="referrals"),
    path("loyalty/referrals/terms/", referrals.Terms.as_view(), name="referral-terms"),
    path(
        "loyalty/referrals/<str:referral>/decision/",
        referrals.ReferralDecision.as_view(),
        name="referral-decision",
    ),
    path("loyalty/limits/", approvals.Limits.as_view(), name="limits"),
    path("loyalty/approvals/<str:adjustment>/", approvals.Decision.as_view(), name="decision"),
    path("customers/<str:customer>/tier/", members.TierRecord.as_view(), name="customer-tier"),
    path("customers/<str:customer>/adjustments/", members.Adjustments.as_view(), name="adjustments"),
    path(
        "customers/<str:customer>/adjustments/<str:adjustment>/undoing/",
        members.Undoing.as_view(),
        name="adjustment-undoing",
    ),
    path("customers/<str:customer>/family/", families.FamilyRecord.as_view(), name="family"),
    path("customers/<str:customer>/family/sharing/", families.FamilySharing.as_view(), name="family-sharing"),
    path("customers/<str:customer>/points/", account.Account.as_view(), name="account"),
    path("customers/<str:customer>/points/export/", account.Export.as_view(), name="account-export"),
    path(
        "customers/<str:customer>/points/movements/<str:movement>/", account.Trace.as_view(), name="movement"
    ),
    path("customers/<str:customer>/points/redemptions/", till.Redemptions.as_view(), name="redemptions"),
    path(
        "customers/<str:customer>/points/redemptions/<str:movement>/reversal/",
        till.Reversal.as_view(),
        name="reversal",
    ),
    path(
        "counter/served/<str:customer>/points/redemptions/",
        till.ServedRedemptions.as_view(),
        name="served-redemptions",
    ),
    path(
        "counter/served/<str:customer>/points/redemptions/<str:movement>/reversal/",
        till.ServedReversal.as_view(),
        name="served-reversal",
    ),
    path("customers/<str:customer>/points/rewards/", spending.Prizes.as_view(), name="prizes"),
    path("customers/<str:customer>/points/returns/", takingback.Returns.as_view(), name="returns"),
    path("customers/<str:customer>/points/missed/", spending.Missed.as_view(), name="missed"),
    path(
        "counter/served/<str:customer>/points/missed/", spending.ServedMissed.as_view(), name="served-missed"
    ),
    path("customers/<str:customer>/points/coupons/", vouchers.Vouchers.as_view(), name="vouchers"),
    path(
        "customers/<str:customer>/points/coupons/code/", vouchers.VoucherCode.as_view(), name="voucher-code"
    ),
    path(
        "counter/served/<str:customer>/points/coupons/code/",
        vouchers.ServedVoucherCode.as_view(),
        name="served-voucher-code",
    ),
    path(
        "customers/<str:customer>/points/coupons/reversal/",
        vouchers.VoucherReversal.as_view(),
        name="voucher-reversal",
    ),
    path(
        "counter/served/<str:customer>/points/rewards/", spending.ServedPrizes.as_view(), name="served-prizes"
    ),
    path(
        "counter/served/<str:customer>/points/coupons/",
        vouchers.ServedVouchers.as_view(),
        name="served-vouchers",
    ),
    path(
        "counter/served/<str:customer>/points/coupons/reversal/",
        vouchers.ServedVoucherReversal.as_view(),
        name="served-voucher-reversal",
    ),
    path("customers/<str:customer>/stored-value/", storedcustomer.History.as_view(), name="stored"),
    path(
        "customers/<str:customer>/stored-value/export/", storedcustomer.Export.as_view(), name="stored-export"
    ),
    path(
        "customers/<str:customer>/stored-value/pay-out/",
        storedcustomer.PayOut.as_view(),
        name="stored-pay-out",
    ),
    path("customers/<str:customer>/stored-value/top-ups/", storedtill.TopUps.as_view(), name="topups"),
    path("customers/<str:customer>/stored-value/payments/", storedtill.Payments.as_view(), name="payments"),
    path(
        "customers/<str:customer>/stored-value/acts/<str:act>/undoing/",
        storedtill.TakingBack.as_view(),
        name="stored-undoing",
    ),
    path(
        "counter/served/<str:customer>/stored-value/top-ups/",
        storedtill.ServedTopUps.as_view(),
        name="served-topups",
    ),
    path(
        "counter/served/<str:customer>/stored-value/payments/",
        storedtill.ServedPayments.as_view(),
        name="served-payments",
    ),
    path(
        "counter/served/<str:customer>/stored-value/acts/<str:act>/undoing/",
        storedtill.ServedTakingBack.as_view(),
        name="served-stored-undoing",
    ),
    path("loyalty/stored-value/", storedvalue.StoredValue.as_view(), name="stored-value"),
    path("loyalty/stored-value/export/", storedvalue.OwedExport.as_view(), name="stored-value-export"),
    path("loyalty/stored-value/settings/", storedvalue.Settings.as_view(), name="stored-settings"),
    path("loyalty/stored-value/offers/", storedvalue.OfferRecord.as_view(), name="offer-new"),
    path("loyalty/stored-value/offers/<str:code>/", storedvalue.OfferRecord.as_view(), name="offer"),
    path("loyalty/stored-value/offers/<str:code>/end/", storedvalue.OfferEnd.as_view(), name="offer-end"),
    path("loyalty/stored-value/pay-outs/<str:act>/", storedvalue.Decision.as_view(), name="stored-decision"),
    path("loyalty/coupons/", coupons.Coupons.as_view(), name="coupons"),
    path("loyalty/coupons/export/", coupons.CouponsExport.as_view(), name="coupons-export"),
    path("loyalty/coupons/new/", couponform.CouponRecord.as_view(), name="coupon-new"),
    path("loyalty/coupons/preview/", couponform.CouponPreview.as_view(), name="coupon-preview"),
    path("loyalty/coupons/definition/<int:pk>/", coupons.CouponPage.as_view(), name="coupon"),
    path("loyalty/coupons/definition/<int:pk>/terms/", couponform.CouponRecord.as_view(), name="coupon-edit"),
    path("loyalty/coupons/definition/<int:pk>/ending/", coupons.CouponEnding.as_view(), name="coupon-ending"),
    path("loyalty/coupons/definition/<int:pk>/export/", coupons.IssuedExport.as_view(), name="issued-export"),
    path(
        "loyalty/coupons/coupon/<str:public_id>/voiding/",
        coupons.CouponVoiding.as_view(),
        name="coupon-voiding",
    ),
    path("loyalty/rewards/", rewards.Rewards.as_view(), name="rewards"),
    path("loyalty/rewards/new/", rewards.RewardRecord.as_view(), name="reward-new"),
    path("loyalty/rewards/export/", rewards.RedeemedExport.as_view(), name="redeemed-export"),
    path("loyalty/rewards/handing/", rewards.ToHandOver.as_view(), name="handing"),
    path("loyalty/rewards/reward/<int:pk>/", rewards.RewardRecord.as_view(), name="reward"),
    path("loyalty/rewards/reward/<int:pk>/stock/", rewards.StockCount.as_view(), name="reward-stock"),
    path("loyalty/rewards/redeemed/<str:public_id>/", rewards.Handing.as_view(), name="handed"),
]
