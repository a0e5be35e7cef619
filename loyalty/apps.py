from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LoyaltyConfig(AppConfig):
    name = "loyalty"
    verbose_name = _("Loyalty")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crm.jobs import words
        from customers.merging import followers
        from loyalty.accrual import following
        from loyalty.coupons import following as coupons_following
        from loyalty.coupons import receipts
        from loyalty.tiers import following as tiers_following

        followers.register(
            followers.Follower("coupons", coupons_following.merged, coupons_following.unmerged)
        )
        following.fill()
        tiers_following.fill()
        receipts.fill()
        words.name(
            {
                "accrual": _("Points earned"),
                "purchases": _("receipts"),
                "corrected": _("corrected for returns"),
                "points": _("points"),
                "tier_review": _("Tiers"),
            }
        )
