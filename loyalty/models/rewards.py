"""Rewards: what points buy, how many of it each store has, and what was redeemed.

As coupons do, a reward has *terms*, a row a version; what was redeemed keeps those of its moment.
See docs/algorithms/coupons.md.
"""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.lib.money import MoneyField
from crm.lib.owned import Owned, OwnedForeignKey
from crm.org.models import Store, code_validator, public_id
from crm.org.scope import ScopedQuerySet
from customers.models import Product
from loyalty.models.coupons import CouponDefinition


class RewardKind(models.IntegerChoices):
    """What a member gets for the points."""

    GIFT = 1, _("Gift")
    DISCOUNT = 2, _("Discount")
    VOUCHER = 3, _("Voucher")
    PARTNER = 4, _("Partner's offer")

    @property
    def code(self) -> str:
        return self.name.lower()


class Partner(models.Model):
    """A company whose offers members get for their points."""

    code = models.CharField(_("code"), max_length=32, unique=True, validators=[code_validator])
    name = models.CharField(_("name"), max_length=120)

    class Meta:
        verbose_name = _("partner company")

    def __str__(self) -> str:
        return self.name


class Reward(models.Model):
    """`is_counted`: stores have so many of it, and no more is given; otherwise there is always one more."""

    code = models.CharField(_("code"), max_length=32, unique=True, validators=[code_validator])
    name = models.CharField(_("name"), max_length=120)
    is_counted = models.BooleanField(_("counted in stock"), default=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("reward")

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return public_id("rwd").encode(self.pk)

    @staticmethod
    def row_id(text: str) -> int | None:
        return public_id("rwd").decode(text)


class RewardTerms(models.Model):
    """One version: what it costs in points and money, what it gives, and to whom, when and where.

    `amount`: what a discount takes off. `coupon`: what a voucher issues. Lists that are empty leave everybody in.
    """

    reward = models.ForeignKey(Reward, models.PROTECT, related_name="terms")
    number = models.PositiveSmallIntegerField()
    valid_from = models.DateTimeField()
    kind = models.SmallIntegerField(_("kind"), choices=RewardKind.choices)
    points = models.BigIntegerField(_("points"))
    money = MoneyField(_("and money"), null=True, blank=True)
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("product")
    )
    amount = MoneyField(_("amount"), null=True, blank=True)
    coupon = models.ForeignKey(
        CouponDefinition, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("coupon")
    )
    partner = models.ForeignKey(
        Partner, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("partner company")
    )
    note = models.CharField(_("what the member is told"), max_length=300, blank=True, default="")
    from_on = models.DateField(_("from"), null=True, blank=True)
    to_on = models.DateField(_("to"), null=True, blank=True)
    only_stores = ArrayField(
        models.BigIntegerField(), verbose_name=_("only these stores"), default=list, blank=True
    )
    tiers = ArrayField(
        models.CharField(max_length=32), verbose_name=_("only these tiers"), default=list, blank=True
    )
    per_customer = models.PositiveIntegerField(_("times a customer"), null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("terms of a reward")
        constraints = [
            models.UniqueConstraint("reward", "number", name="reward_terms_once_a_number"),
            models.CheckConstraint(condition=Q(points__gt=0), name="reward_costs_points"),
            models.CheckConstraint(
                condition=Q(to_on__isnull=True) | Q(from_on__isnull=True) | Q(to_on__gte=F("from_on")),
                name="reward_ends_after_begin",
            ),
        ]


class RewardStock(models.Model):
    """How many of a reward a store has. The database refuses to give what is not there."""

    reward = models.ForeignKey(Reward, models.PROTECT, related_name="stock")
    store = models.ForeignKey(Store, models.PROTECT, related_name="+")
    quantity = models.IntegerField()

    class Meta:
        verbose_name = _("stock of a reward")
        constraints = [
            models.UniqueConstraint("reward", "store", name="reward_stock_once_a_store"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="reward_stock_not_negative"),
        ]


class RedemptionState(models.TextChoices):
    READY = "ready", _("To be handed over")
    HANDED = "handed", _("Handed over")
    SENT = "sent", _("Sent")
    CANCELLED = "cancelled", _("Cancelled")


class Redemption(Owned):
    """A reward that a member took. Its points are the movement `movement`; `source` names what caused it, once a
    customer. What needs no handing over (a discount, a voucher) is handed over at once.

    A free trial costs no points and counts in its `trial_year`. Else without a movement the family paid: then
    `FamilyRedemption` of the same source is the whole (`rewards.wholes`).
    """

    reward = models.ForeignKey(Reward, models.PROTECT, related_name="+", db_index=False)
    terms = models.ForeignKey(RewardTerms, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    purchase = OwnedForeignKey("customers.Purchase", models.PROTECT, null=True, related_name="+")
    movement = OwnedForeignKey("loyalty.Movement", models.PROTECT, null=True, related_name="+")
    coupon = OwnedForeignKey("loyalty.Coupon", models.PROTECT, null=True, related_name="+")
    source = models.CharField(max_length=120, db_collation="C")
    points = models.BigIntegerField()
    trial_year = models.SmallIntegerField(null=True)
    money = MoneyField(null=True)
    redeemed_at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    state = models.CharField(max_length=9, choices=RedemptionState.choices)
    state_at = models.DateTimeField()
    state_by = models.CharField(max_length=80)
    tracking = models.CharField(_("number of the parcel"), max_length=80, blank=True, default="")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("redeemed reward")
        constraints = [
            models.UniqueConstraint("customer", "reward", "source", name="redemption_once_per_source"),
            models.CheckConstraint(
                condition=Q(points__gt=0, trial_year__isnull=True)
                | Q(points=0, movement__isnull=True, trial_year__isnull=False),
                name="redemption_costs_points",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "reward"], name="redemption_of_customer"),
            models.Index(fields=["store", "state", "-redeemed_at", "-id"], name="redemption_to_fulfil"),
        ]

    @property
    def public_id(self) -> str:
        return public_id("rdm").encode(self.pk)

    @staticmethod
    def row_id(text: str) -> int | None:
        return public_id("rdm").decode(text)

    @property
    def is_open(self) -> Any:
        return self.state == RedemptionState.READY
