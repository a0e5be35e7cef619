"""Coupons: what they are worth and where they may be used, who has which, and what became of it.

A *definition* is the thing that a marketer names. What it promises are its *terms*, a row a version: a coupon keeps the
terms that it was issued with for ever; a shared code goes by those that hold on the day it is used. Every use is a row,
of a coupon or of a shared code; the state of a coupon follows from its use. See docs/algorithms/coupons.md.
"""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.lib.money import MoneyField, TotalField
from crm.org.models import code_validator, public_id
from customers.models import Product

WHOLE_BP = 10_000  # a hundred per cent in hundredths of a per cent


class CouponKind(models.IntegerChoices):
    """What a coupon gives."""

    AMOUNT = 1, _("Amount off")
    PERCENT = 2, _("Percent off")
    GIFT = 3, _("Gift")
    BUY_GET = 4, _("Buy some, get some")
    NEXT_ORDER = 5, _("Off the next order")
    DELIVERY = 6, _("Off the delivery")

    @property
    def code(self) -> str:
        return self.name.lower()


class CouponDefinition(models.Model):
    """`is_shared`: one code that everybody uses; otherwise each coupon has a code of its own.

    `ended_at`: nothing more is issued, and a shared code is not taken any more. Coupons that people hold stay good.
    """

    code = models.CharField(_("code"), max_length=32, unique=True, validators=[code_validator])
    name = models.CharField(_("name"), max_length=120)
    is_shared = models.BooleanField(_("one code for everybody"), default=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("coupon definition")

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return public_id("cpd").encode(self.pk)


def _ids(name: Any) -> Any:
    return ArrayField(models.BigIntegerField(), verbose_name=name, default=list, blank=True)


class CouponTerms(models.Model):
    """One version of what a definition promises; the one with the latest `valid_from` that has come holds.

    Money is the chain's. `share_bp`: hundredths of a per cent. `most`: the most that one use takes off. Lists that are
    empty leave everything in; categories count with what is below them. Days are the store's. A `stacking` group gives
    one coupon a basket; of several groups, those with the lower `place` are taken off first.
    """

    definition = models.ForeignKey(CouponDefinition, models.PROTECT, related_name="terms")
    number = models.PositiveSmallIntegerField()
    valid_from = models.DateTimeField()
    kind = models.SmallIntegerField(_("kind"), choices=CouponKind.choices)
    amount = MoneyField(_("amount"), null=True, blank=True)
    share_bp = models.PositiveSmallIntegerField(_("share"), null=True, blank=True)
    most = MoneyField(_("at most"), null=True, blank=True)
    gift = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("gift")
    )
    buy = models.PositiveSmallIntegerField(_("buy"), null=True, blank=True)
    get = models.PositiveSmallIntegerField(_("get"), null=True, blank=True)
    from_on = models.DateField(_("from"), null=True, blank=True)
    to_on = models.DateField(_("to"), null=True, blank=True)
    days = models.PositiveSmallIntegerField(_("days after issue"), null=True, blank=True)
    minimum = MoneyField(_("minimum spend"), default=0)
    issued_from = MoneyField(_("issued by a receipt of at least"), null=True, blank=True)
    only_categories = _ids(_("only these categories"))
    only_brands = _ids(_("only these brands"))
    only_products = _ids(_("only these products"))
    not_categories = _ids(_("not these categories"))
    not_brands = _ids(_("not these brands"))
    not_products = _ids(_("not these products"))
    only_stores = _ids(_("only these stores"))
    not_stores = _ids(_("not these stores"))
    tiers = ArrayField(
        models.CharField(max_length=32), verbose_name=_("only these tiers"), default=list, blank=True
    )
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name=_("only these weekdays"), default=list, blank=True
    )
    skips_discounted = models.BooleanField(_("not on goods already reduced"), default=False)
    per_customer = models.PositiveIntegerField(_("uses a customer"), null=True, blank=True)
    per_day = models.PositiveIntegerField(_("uses a customer and day"), null=True, blank=True)
    total = models.PositiveIntegerField(_("uses in all"), null=True, blank=True)
    budget = TotalField(_("budget"), null=True, blank=True)
    stacking = models.CharField(_("stacking group"), max_length=32, blank=True, default="")
    place = models.PositiveSmallIntegerField(_("order"), default=100)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("terms of a coupon")
        constraints = [
            models.UniqueConstraint("definition", "number", name="terms_once_a_number"),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gt=0), name="terms_amount_above_zero"
            ),
            models.CheckConstraint(
                condition=Q(share_bp__isnull=True) | Q(share_bp__gt=0, share_bp__lte=WHOLE_BP),
                name="terms_share_to_the_whole",
            ),
            models.CheckConstraint(
                condition=Q(to_on__isnull=True) | Q(from_on__isnull=True) | Q(to_on__gte=F("from_on")),
                name="terms_end_after_begin",
            ),
        ]
