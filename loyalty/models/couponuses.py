"""Who has which coupon, what became of it, and the counts that keep limits."""

from typing import Literal

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.lib.money import MoneyField, TotalField
from crm.lib.owned import Owned, OwnedForeignKey
from crm.org.models import Store, public_id
from crm.org.scope import ScopedQuerySet
from loyalty.models.coupons import CouponDefinition, CouponTerms


class CouponQuerySet(ScopedQuerySet):
    scope_path = "customer__home_store"


class CouponTally(models.Model):
    """What has become of a definition, in one small row that every use locks: so limits hold whoever comes at once.

    `uses_most` and `spent_most` are the limits of the newest terms; the database refuses to pass them.
    """

    definition = models.OneToOneField(
        CouponDefinition, models.PROTECT, primary_key=True, related_name="tally"
    )
    issued = models.BigIntegerField(db_default=0)
    voided = models.BigIntegerField(db_default=0)
    reserved = models.BigIntegerField(db_default=0)
    redeemed = models.BigIntegerField(db_default=0)
    promised = TotalField(db_default=0)  # what reserved uses will take off
    spent = TotalField(db_default=0)
    uses_most = models.BigIntegerField(null=True)
    spent_most = TotalField(null=True)

    class Meta:
        verbose_name = _("count of coupons")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    issued__gte=0,
                    voided__gte=0,
                    reserved__gte=0,
                    redeemed__gte=0,
                    promised__gte=0,
                    spent__gte=0,
                ),
                name="tally_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(uses_most__isnull=True) | Q(uses_most__gte=F("reserved") + F("redeemed")),
                name="tally_within_uses",
            ),
            models.CheckConstraint(
                condition=Q(spent_most__isnull=True) | Q(spent_most__gte=F("promised") + F("spent")),
                name="tally_within_budget",
            ),
        ]


class Coupon(Owned):
    """One coupon of one customer. Its state follows from `voided_at`, `valid_to` and its uses.

    `source` names what brought it ("batch:3:17", "receipt:12"), once a definition and customer.
    """

    definition = models.ForeignKey(CouponDefinition, models.PROTECT, related_name="+", db_index=False)
    terms = models.ForeignKey(CouponTerms, models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(max_length=16, db_collation="C")
    source = models.CharField(max_length=120, db_collation="C")
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    purchase = OwnedForeignKey("customers.Purchase", models.PROTECT, null=True, related_name="+")
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=80)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)
    voided_by = models.CharField(max_length=80, blank=True, default="")

    objects = CouponQuerySet.as_manager()

    class Meta:
        verbose_name = _("coupon")
        constraints = [
            models.UniqueConstraint("customer", "definition", "source", name="coupon_once_per_source"),
        ]
        indexes = [
            models.Index(fields=["customer", "valid_to"], name="coupon_of_customer"),
            models.Index(fields=["definition", "id"], name="coupon_of_definition"),
        ]

    @property
    def public_id(self) -> str:
        return public_id("cpn").encode(self.pk)

    @staticmethod
    def row_id(text: str) -> int | None:
        return public_id("cpn").decode(text)


class CouponUse(Owned):
    """A reservation or redemption, of a coupon or (`coupon` empty) of a shared code by a member.

    `source` names the checkout; asking again with the same source is the same use. While it is neither released nor
    reversed it is *live*: of one coupon only one use is. `owner_id` was the customer then: two who used a shared code
    in one checkout, one after the other, do not meet when they are merged.
    """

    definition = models.ForeignKey(CouponDefinition, models.PROTECT, related_name="+", db_index=False)
    terms = models.ForeignKey(CouponTerms, models.PROTECT, related_name="+", db_index=False)
    coupon = OwnedForeignKey(Coupon, models.PROTECT, null=True, related_name="uses")
    source = models.CharField(max_length=180, db_collation="C")
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    purchase = OwnedForeignKey("customers.Purchase", models.PROTECT, null=True, related_name="+")
    receipt_number = models.CharField(max_length=120, blank=True, db_default="")  # as a clerk named it
    owner_id = models.BigIntegerField()
    amount = MoneyField()
    used_on = models.DateField()
    reserved_at = models.DateTimeField(null=True)
    reserved_until = models.DateTimeField(null=True)
    redeemed_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    reversed_at = models.DateTimeField(null=True)
    actor = models.CharField(max_length=80)
    ended_by = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        verbose_name = _("use of a coupon")
        constraints = [
            models.UniqueConstraint(
                "customer",
                "definition",
                "source",
                "coupon",
                "owner_id",
                nulls_distinct=False,
                name="use_once_per_source",
            ),
            models.UniqueConstraint(
                "customer",
                "coupon",
                condition=Q(coupon__isnull=False, released_at__isnull=True, reversed_at__isnull=True),
                name="use_one_live_of_a_coupon",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="use_not_negative"),
            models.CheckConstraint(
                condition=Q(redeemed_at__isnull=False) | Q(reserved_until__isnull=False),
                name="use_is_something",
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True) | Q(redeemed_at__isnull=True), name="use_not_both_ended"
            ),
            models.CheckConstraint(
                condition=Q(reversed_at__isnull=True) | Q(redeemed_at__isnull=False),
                name="use_reversed_was_made",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "definition"], name="use_of_customer"),
            models.Index(fields=["definition", "source"], name="use_of_checkout"),
            models.Index(
                fields=["definition", "reserved_until"],
                name="use_waiting",
                condition=Q(redeemed_at__isnull=True, released_at__isnull=True),
            ),
        ]

    @property
    def public_id(self) -> str:
        return public_id("cpu").encode(self.pk)

    @property
    def state(self) -> Literal["reserved", "redeemed", "released", "reversed"]:
        if self.reversed_at:
            return "reversed"
        if self.released_at:
            return "released"
        return "redeemed" if self.redeemed_at else "reserved"


class CouponCode(models.Model):
    """Every code of the chain, and what it opens: a shared code a definition, another one a customer's coupon.

    Placed by the code, for a till knows nothing else; hence no database constraint to the customer's rows.
    """

    code = models.CharField(max_length=16, primary_key=True, db_collation="C")
    definition = models.ForeignKey(CouponDefinition, models.PROTECT, related_name="codes")
    customer_id = models.BigIntegerField(null=True, db_index=True)
    coupon_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("code of a coupon")
        constraints = [
            models.CheckConstraint(
                condition=Q(customer_id__isnull=True, coupon_id__isnull=True)
                | Q(customer_id__isnull=False, coupon_id__isnull=False),
                name="code_of_all_or_of_one",
            )
        ]


class CouponBatch(models.Model):
    """Coupons for many: who asked, for whom in words, how far it is (its job knows the rest)."""

    definition = models.ForeignKey(CouponDefinition, models.PROTECT, related_name="batches")
    audience = models.CharField(max_length=120)  # "list", "segment:champions"
    wanted = models.BigIntegerField(default=0)
    issued = models.BigIntegerField(default=0)
    issued_at = models.DateTimeField()  # the moment that all of its coupons bear
    job = models.ForeignKey("jobs.Job", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("coupons issued in bulk")


class CouponDue(models.Model):
    """Whom a batch has yet to give a coupon. A row goes as its coupon comes."""

    batch = models.ForeignKey(CouponBatch, models.PROTECT, related_name="due")
    customer_id = models.BigIntegerField(db_index=True)

    class Meta:
        verbose_name = _("coupon to be issued")
        constraints = [models.UniqueConstraint("batch", "customer_id", name="due_once_a_batch")]
