"""Members bring members (docs/algorithms/referral.md): the codes, who came by whom, and what it is worth."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.lib.money import MoneyField
from crm.lib.owned import Owned, OwnedForeignKey
from crm.org.models import public_id
from crm.org.scope import ScopedQuerySet
from loyalty.models.ledger import Movement


class ReferralTerms(models.Model):
    """A version of what bringing a friend is worth. The one of the day on which the friend came holds for ever."""

    valid_from = models.DateField(_("holds from"))
    is_on = models.BooleanField(_("members can bring friends"), default=True)
    points_referrer = models.PositiveIntegerField(_("points for who brought the friend"), default=200)
    points_friend = models.PositiveIntegerField(_("points for the friend"), default=100)
    least = MoneyField(_("least amount of the first purchase"), default=0)
    within_days = models.PositiveSmallIntegerField(_("days for the first purchase"), default=90)
    most_a_month = models.PositiveSmallIntegerField(
        _("friends a month who are rewarded without a look"), default=5
    )
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("terms of bringing friends")
        constraints = [
            models.CheckConstraint(
                condition=Q(within_days__gte=1, within_days__lte=366, least__gte=0),
                name="referralterms_bounds",
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    SETTINGS = (
        "valid_from", "is_on", "points_referrer", "points_friend", "least", "within_days", "most_a_month",
    )  # fmt: skip


class ReferralCode(models.Model):
    """A member's own code. Unique in the chain, so placed by code; after a merge its member is found by signpost."""

    code = models.CharField(max_length=10, primary_key=True, db_collation="C")
    customer_id = models.BigIntegerField()
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("code for friends")
        indexes = [models.Index(fields=["customer_id"], name="referralcode_of_customer")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class ReferralState(models.IntegerChoices):
    WAITING = 1, _("Waits for the first purchase")
    FLAGGED = 2, _("Needs a look")
    PAID = 3, _("Rewarded")
    REFUSED = 4, _("Refused")
    CANCELLED = 5, _("Came to nothing")


class ReferralQuerySet(ScopedQuerySet):
    scope_path = "customer__home_store"


class Referral(Owned):
    """A friend who came by a code: theirs is the row. `referrer_id` stays as it was; a merge is found by signpost.

    `why` holds codes: what a look is needed for, or why it came to nothing (`loyalty/referrals/words.py`).
    """

    referrer_id = models.BigIntegerField()
    terms = models.ForeignKey(
        ReferralTerms, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    came_at = models.DateTimeField()
    came_on = models.DateField()  # in the chain's zone
    state = models.PositiveSmallIntegerField(choices=ReferralState.choices, default=ReferralState.WAITING)
    why = models.JSONField(default=list)
    purchase = OwnedForeignKey("customers.Purchase", models.PROTECT, null=True, related_name="+")
    movement = OwnedForeignKey(Movement, models.PROTECT, null=True, related_name="+")  # the friend's points
    referrer_movement_id = models.BigIntegerField(null=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=80, blank=True, default="")
    note = models.CharField(max_length=500, blank=True, default="")

    objects = ReferralQuerySet.as_manager()

    class Meta:
        verbose_name = _("friend who was brought along")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[1, 2]) | Q(settled_at__isnull=False), name="referral_settled_when"
            )
        ]
        indexes = [
            models.Index(fields=["customer", "id"], name="referral_of_friend"),
            models.Index(fields=["referrer_id", "id"], name="referral_by_referrer"),
            models.Index(fields=["state", "id"], name="referral_open", condition=Q(state__in=[1, 2])),
        ]

    @property
    def public_id(self) -> str:
        return public_id("ref").encode(self.pk)

    @staticmethod
    def row_id(text: str) -> int | None:
        return public_id("ref").decode(text)
