"""Tiers: the ladder, what each step gives, who stands where and how they came there (docs/algorithms/tiers.md).

A scheme is a version: it is never changed in place, and the one that is valid on a business date decides about that
date. Its tiers keep their codes from version to version. A member without a `Membership` stands on the lowest tier.
"""

from datetime import date
from typing import Any

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from crm.lib.money import MoneyField
from crm.lib.owned import OnMerge, Owned
from crm.org.models import Staff

tier_code = RegexValidator(r"^[a-z][a-z0-9_]{0,23}$", _("Small letters, digits and underscores."))


class Measure(models.IntegerChoices):
    """What carries a member up the ladder."""

    GROWTH = 1, _("Growth points")
    SPEND = 2, _("Spend")
    VISITS = 3, _("Days with a purchase")


class Period(models.IntegerChoices):
    """Over which time it is counted."""

    CALENDAR_YEAR = 1, _("Calendar year")
    ROLLING = 2, _("The last months")
    MEMBERSHIP_YEAR = 3, _("Year of membership")


class Downgrade(models.IntegerChoices):
    """How far down it goes when a tier is not kept."""

    ONE_STEP = 1, _("One step")
    BY_BALANCE = 2, _("To the tier that the measure reaches")


class TierScheme(models.Model):
    """A version of the rules. Of several valid from the same date, the newest holds."""

    valid_from = models.DateField(_("valid from"))
    measure = models.SmallIntegerField(_("measure"), choices=Measure.choices, default=Measure.GROWTH)
    period = models.SmallIntegerField(_("period"), choices=Period.choices, default=Period.CALENDAR_YEAR)
    months = models.PositiveSmallIntegerField(_("months"), default=12, validators=[MinValueValidator(1)])
    downgrade = models.SmallIntegerField(
        _("downgrade"), choices=Downgrade.choices, default=Downgrade.ONE_STEP
    )
    grace_days = models.PositiveSmallIntegerField(_("days of grace"), default=30)
    notice_days = models.PositiveSmallIntegerField(_("days of notice"), default=30)
    take_back_days = models.PositiveSmallIntegerField(_("days in which goods can come back"), default=30)
    refund_days = models.PositiveSmallIntegerField(
        _("days in which a bought tier can be given back"), default=14, db_default=14
    )
    birthday_days = models.PositiveSmallIntegerField(
        _("days before the birthday on which the gift comes"), default=0, db_default=0
    )
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("version of the tiers")
        constraints = [
            models.CheckConstraint(condition=Q(months__gte=1, months__lte=60), name="tierscheme_months"),
            models.CheckConstraint(condition=Q(birthday_days__lte=60), name="tierscheme_birthday"),
            models.CheckConstraint(
                condition=Q(
                    grace_days__lte=366, notice_days__lte=366, take_back_days__lte=366, refund_days__lte=366
                ),
                name="tierscheme_days",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @classmethod
    def valid_on(cls, on: date) -> "TierScheme | None":
        return cls.objects.filter(valid_from__lte=on).order_by("-valid_from", "-pk").first()


class Tier(models.Model):
    """A step of the ladder. Rank 0 is where everybody begins; a paid one is bought and not reached.

    `threshold` is reached, `keep_threshold` keeps, both in the measure of the scheme (money in whole currency).
    """

    scheme = models.ForeignKey(TierScheme, models.PROTECT, related_name="tiers")
    code = models.CharField(_("code"), max_length=24, validators=[tier_code])
    rank = models.PositiveSmallIntegerField(_("rank"))
    names = models.JSONField(_("names"), default=dict)
    colour = models.CharField(_("colour"), max_length=7, default="#64748b")
    threshold = models.BigIntegerField(_("reached with"), default=0)
    keep_threshold = models.BigIntegerField(_("kept with"), default=0)
    is_paid = models.BooleanField(_("is bought"), default=False)
    price = MoneyField(_("price"), null=True)
    paid_months = models.PositiveSmallIntegerField(_("months"), null=True)

    class Meta:
        verbose_name = _("tier")
        constraints = [
            models.UniqueConstraint("scheme", "code", name="tier_once_a_scheme"),
            models.UniqueConstraint("scheme", "rank", name="tier_rank_once_a_scheme"),
            models.CheckConstraint(
                condition=Q(rank=0, threshold=0, is_paid=False) | Q(rank__gt=0, threshold__gt=0)
                | Q(rank__gt=0, is_paid=True),
                name="tier_lowest_is_free",
            ),
            models.CheckConstraint(
                condition=Q(keep_threshold__gte=0) & (Q(keep_threshold__lte=F("threshold")) | Q(is_paid=True)),
                name="tier_kept_with_no_more",
            ),
            models.CheckConstraint(
                condition=Q(is_paid=False, price__isnull=True, paid_months__isnull=True)
                | Q(is_paid=True, price__gte=0, paid_months__gte=1),
                name="tier_price_when_paid",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """In the reader's language, else in English, else the code."""
        return str(self.names.get(get_language() or "en") or self.names.get("en") or self.code)


class TierReason(models.IntegerChoices):
    """Why a tier changed, or stayed."""

    REACHED = 1, _("Reached")
    KEPT = 2, _("Kept")
    NOT_KEPT = 3, _("Not kept")
    GOODS_BACK = 4, _("Goods came back")
    BY_HAND = 5, _("Changed by hand")
    LOCKED = 6, _("Locked")
    UNLOCKED = 7, _("Lock ended")
    PAID = 8, _("Bought")
    PAID_ENDED = 9, _("Not bought again")
    MERGED = 10, _("Joined with another customer")
    GIVEN_BACK = 11, _("Membership given back")
    PARTED = 12, _("Separated from another customer")


class ByHand(models.TextChoices):
    """Why somebody changed a tier by hand."""

    GOODWILL = "goodwill", _("Goodwill")
    COMPLAINT = "complaint", _("After a complaint")
    CORRECTION = "correction", _("Correction")
    PARTNER = "partner", _("Brought from a partner")
    STAFF = "staff", _("Works here")


class Membership(Owned):
    """Where a member stands now. A row once they left the lowest tier for the first time.

    Written in one place, `loyalty/tiers/`; the trigger writes every change of `changed_at`, `tier` and `reason` to the
    history. `before` is what stood here before a tier that was reached (on `reached_on`, with at least `threshold`), so
    that goods that come back take it back exactly. `version` counts the writes: who writes says which one was seen.
    """

    on_merge = OnMerge.STAY  # the survivor's is raised by the follower, the other's waits for an un-merge

    customer = models.OneToOneField(
        "customers.Customer", models.PROTECT, primary_key=True, related_name="+", db_constraint=False
    )
    tier = models.CharField(max_length=24)
    came_from = models.CharField(max_length=24)
    since = models.DateTimeField()
    changed_at = models.DateTimeField()
    changed_on = models.DateField()
    reached_on = models.DateField(null=True)
    reason = models.SmallIntegerField(choices=TierReason.choices)
    actor = models.CharField(max_length=80)
    cause = models.CharField(max_length=24, choices=ByHand.choices, db_default="", default="")
    scheme_id = models.IntegerField(null=True)
    measure = models.BigIntegerField(null=True)
    threshold = models.BigIntegerField(null=True)
    keep_until = models.DateField(null=True)
    notice_on = models.DateField(null=True)
    grace_until = models.DateField(null=True)
    locked_until = models.DateField(null=True)
    paid_tier = models.CharField(max_length=24, db_default="", default="")
    paid_until = models.DateField(null=True)
    before = models.JSONField(null=True)
    version = models.IntegerField(db_default=1, default=1)

    class Meta:
        verbose_name = _("tier of a member")
        indexes = [
            models.Index(fields=["tier", "customer"], name="membership_by_tier"),
            models.Index(
                fields=["keep_until"], name="membership_ending", condition=Q(keep_until__isnull=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(paid_tier="", paid_until__isnull=True)
                | (~Q(paid_tier="") & Q(paid_until__isnull=False)),
                name="membership_paid_until",
            )
        ]

    @property
    def is_at_risk(self) -> bool:
        """Notice was given: the tier is not kept yet."""
        return self.notice_on is not None or self.grace_until is not None

    def is_locked(self, on: date) -> bool:
        return self.locked_until is not None and self.locked_until >= on


class TierChange(Owned):
    """One change of a tier. Only added, by the trigger on `Membership`. `on` is the business date that it was for."""

    on_merge = OnMerge.STAY

    from_tier = models.CharField(max_length=24)
    to_tier = models.CharField(max_length=24)
    reason = models.SmallIntegerField(choices=TierReason.choices)
    at = models.DateTimeField()
    on = models.DateField()
    recorded_at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=80)
    cause = models.CharField(max_length=24, choices=ByHand.choices, db_default="")
    measure = models.BigIntegerField(null=True)
    threshold = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("change of a tier")
        indexes = [
            models.Index(fields=["customer", "-at", "-id"], name="tierchange_by_time"),
            models.Index(fields=["on"], name="tierchange_by_day"),
        ]

    @property
    def person(self) -> int | None:
        """The staff member behind it, if it was one."""
        kind, _colon, number = self.actor.partition(":")
        return int(number) if kind == Staff._meta.model_name and number.isdigit() else None


def names_in(row: dict[str, Any]) -> str:
    """A tier's name from its `names`, in the reader's language."""
    return str(row.get(get_language() or "en") or row.get("en") or "")
