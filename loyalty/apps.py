from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LoyaltyConfig(AppConfig):
    name = "loyalty"
    verbose_name = _("Loyalty")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crm.jobs import words
        from customers import invitations
        from customers.merging import followers
        from loyalty import attributes, parting
        from loyalty.accrual import following
        from loyalty.adjustments import missed
        from loyalty.coupons import following as coupons_following
        from loyalty.coupons import (
            issuing,  # noqa: F401  registers the kind of job
            receipts,
            thanks,
        )
        from loyalty.families import merging as families_merging
        from loyalty.referrals import codes as referral_codes
        from loyalty.referrals import coming
        from loyalty.simulation import jobs  # noqa: F401  registers the kind of job
        from loyalty.tiers import following as tiers_following
        from loyalty.tiers import minding
        from loyalty.views import noticing, storednoticing, wiring

        attributes.fill()
        followers.register(
            followers.Follower("coupons", coupons_following.merged, coupons_following.unmerged)
        )
        followers.register(
            followers.Follower("points", parting.merged, parting.unmerged, parting=parting.parting)
        )
        followers.register(families_merging.FOLLOWER)
        followers.register(minding.FOLLOWER)
        following.fill()
        invitations.use(invitations.Invitations(referral_codes.read, coming.take, coming.is_open))
        tiers_following.fill()
        receipts.fill()
        missed.fill()
        thanks.fill()
        noticing.fill()
        storednoticing.fill()
        wiring.fill()
        words.name(
            {
                "simulation": _("Simulation"),
                "accrual": _("Points earned"),
                "coupons.issue": _("Coupons issued in bulk"),
                "issued": _("issued"),
                "left_out": _("left out"),
                "purchases": _("receipts"),
                "corrected": _("corrected for returns"),
                "points": _("points"),
                "tier_review": _("Tiers"),
            }
        )
        self._fill_the_proof()
        self._fill_the_pages()
        self._narrow_the_rights()

    def _narrow_the_rights(self) -> None:
        """Sums and histories are written by triggers; a merge takes rows out and puts them in again."""
        from crm.lib import approle

        approle.narrow("loyalty_balance", "extended_to", "parted", deletes=False)
        for table in ("loyalty_movement", "loyalty_trace", "loyalty_lot", "loyalty_tierchange"):
            approle.narrow(table)

    def _fill_the_proof(self) -> None:
        from loyalty.accrual import proof as accrual
        from loyalty.coupons import proof as coupons
        from loyalty.families import proofs as families
        from loyalty.ledger import proof
        from loyalty.liability import proofs as liability
        from loyalty.storedvalue import proof as stored
        from loyalty.tiers import proof as tiers

        for one in (accrual, coupons, liability, stored, families, tiers):
            proof.register(one.check)

    def _fill_the_pages(self) -> None:
        from crm.org.permissions import Permission
        from crm.ui import slots
        from crm.ui.navigation import Section, register
        from loyalty import help as topics
        from loyalty import panels

        topics.fill()
        register(
            Section(
                "loyalty",
                _("Loyalty"),
                "loyalty:overview",
                icon="gift",
                key="l",
                permission=Permission.VIEW_LIABILITY,
                order=40,
                below=("/loyalty/",),
            )
        )
        may, by_hand = Permission.VIEW_LOYALTY, Permission.ADJUST_POINTS
        earned = slots.Panel("points", "loyalty/panel_purchase.html", panels.of_purchase, may)
        slots.offer("customer.purchase", earned)
        head, side = "loyalty/panel_tier.html", "loyalty/panel_progress.html"
        slots.offer("customer.head", slots.Panel("tier", head, panels.tier_badge, may, order=20))
        slots.offer("customer.side", slots.Panel("tier", side, panels.tier_progress, may, order=5))
        mine = slots.Panel("own_members", "loyalty/panel_own_members.html", panels.own_members, may)
        slots.offer("customers.head", mine)
        actions = slots.Panel("by_hand", "loyalty/panel_actions.html", panels.by_hand, by_hand, order=60)
        slots.offer("customer.actions", actions)
        slots.add_column("customer.list", slots.Column("tier", _("Tier"), panels.tier_column, may, order=20))
