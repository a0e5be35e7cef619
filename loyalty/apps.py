from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LoyaltyConfig(AppConfig):
    name = "loyalty"
    verbose_name = _("Loyalty")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crm.jobs import words
        from crm.org.permissions import Permission
        from crm.ui import slots
        from customers.merging import followers
        from loyalty import help, panels, parting
        from loyalty.accrual import following
        from loyalty.coupons import following as coupons_following
        from loyalty.coupons import receipts
        from loyalty.tiers import following as tiers_following

        followers.register(
            followers.Follower("coupons", coupons_following.merged, coupons_following.unmerged)
        )
        followers.register(
            followers.Follower("points", parting.merged, parting.unmerged, parting=parting.parting)
        )
        following.fill()
        tiers_following.fill()
        receipts.fill()
        help.fill()
        earned = slots.Panel(
            "points", "loyalty/panel_purchase.html", panels.of_purchase, Permission.VIEW_LOYALTY
        )
        slots.offer("customer.purchase", earned)
        words.name(
            {
                "accrual": _("Points earned"),
                "purchases": _("receipts"),
                "corrected": _("corrected for returns"),
                "points": _("points"),
                "tier_review": _("Tiers"),
            }
        )
