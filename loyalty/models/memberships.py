"""Memberships that were bought: for which time, for how much, where and by whom, and whether they were given back."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.lib.money import MoneyField
from crm.lib.owned import Owned
from crm.org.models import Store, public_id
from crm.org.scope import ScopedQuerySet
from loyalty.models.storedvalue import PaidBy


class MembershipSale(Owned):
    """A paid tier for a time, `begins_on` and `ends_on` included. Only added; once it may be given back.

    `source` names it once a customer, for ever. What a member has bought is the sales alone; the membership says what
    they come to (`loyalty/tiers/covering.py`).
    """

    tier = models.CharField(max_length=24)
    scheme_id = models.IntegerField()
    price = MoneyField()
    begins_on = models.DateField()
    ends_on = models.DateField()
    renews = models.BooleanField()
    source = models.CharField(max_length=100, db_collation="C")
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    how = models.CharField(max_length=10, choices=PaidBy.choices)
    receipt_number = models.CharField(max_length=120, blank=True, default="")
    sold_at = models.DateTimeField()
    sold_on = models.DateField()
    recorded_at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=80)
    returned_at = models.DateTimeField(null=True)
    returned_on = models.DateField(null=True)
    returned_by = models.CharField(max_length=80, blank=True, default="")
    note = models.CharField(max_length=500, blank=True, default="")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership that was bought")
        indexes = [
            models.Index(fields=["customer", "-id"], name="sale_of_customer"),
            models.Index(fields=["sold_on"], name="sale_by_day"),
            models.Index(fields=["returned_on"], name="sale_back_by_day", condition=Q(returned_on__isnull=False)),
        ]  # fmt: skip
        constraints = [
            models.UniqueConstraint("customer", "source", name="sale_once_per_source"),
            models.CheckConstraint(condition=Q(price__gte=0), name="sale_price"),
            models.CheckConstraint(condition=Q(ends_on__gt=F("begins_on")), name="sale_has_days"),
            models.CheckConstraint(
                condition=Q(returned_at__isnull=True, returned_on__isnull=True, returned_by="")
                | (Q(returned_at__isnull=False, returned_on__isnull=False) & ~Q(returned_by="")),
                name="sale_given_back_by_somebody",
            ),
        ]

    @property
    def public_id(self) -> str:
        return public_id("mem").encode(self.pk)

    @staticmethod
    def row_id(text: str) -> int | None:
        return public_id("mem").decode(text)
