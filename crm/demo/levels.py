"""Tiers of the demo chain from the first day of its programme, and what bringing a friend is worth. Made once."""

from decimal import Decimal

from django.utils import timezone

from loyalty.models import BenefitKind, Downgrade, Measure, Period, Programme, ReferralTerms, TierScheme
from loyalty.referrals import terms
from loyalty.tiers import schemes
from loyalty.tiers.schemes import TierDraft

BY = "system:load_demo"
TIERS = (
    TierDraft("member", {"en": "Member", "zh-hans": "普通会员", "zh-hant": "一般會員"}, "#64748b"),
    TierDraft(
        "silver", {"en": "Silver", "zh-hans": "银卡", "zh-hant": "銀卡"}, "#94a3b8", 1500, 1200,
        benefits={BenefitKind.DISCOUNT: Decimal(2)},
    ),
    TierDraft(
        "gold", {"en": "Gold", "zh-hans": "金卡", "zh-hant": "金卡"}, "#d9a406", 4000, 3200,
        benefits={
            BenefitKind.DISCOUNT: Decimal(4), BenefitKind.EARLY_ACCESS: Decimal(2), BenefitKind.AGENT: Decimal(1),
        },
    ),
    TierDraft(
        "platinum", {"en": "Platinum", "zh-hans": "白金卡", "zh-hant": "白金卡"}, "#5b4bb5", 8000, 6400,
        benefits={
            BenefitKind.DISCOUNT: Decimal(6), BenefitKind.EARLY_ACCESS: Decimal(5), BenefitKind.AGENT: Decimal(1),
        },
    ),
)  # fmt: skip


def make() -> bool:
    """Nothing where there is no programme, or tiers are there already."""
    programme = Programme.objects.order_by("valid_from", "pk").first()
    if programme is None or TierScheme.objects.exists():
        return False
    at = timezone.now()
    rules = {
        "valid_from": programme.valid_from, "measure": Measure.GROWTH, "period": Period.ROLLING, "months": 12,
        "downgrade": Downgrade.ONE_STEP, "grace_days": 30, "notice_days": 30, "take_back_days": 30,
    }  # fmt: skip
    schemes.publish(rules, TIERS, by=BY, at=at)
    if not ReferralTerms.objects.exists():
        terms.change(by=BY, at=at, valid_from=programme.valid_from, points_referrer=200, points_friend=100)
    return True
