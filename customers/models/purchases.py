"""Purchases: receipts of known customers, with lines, payments and returns. Narrow rows: these tables grow for ever.

Three times stand on an event: `occurred_at` (when it happened), `recorded_at` (when we learnt it) and
`business_date` (the store's day, in the store's zone).

Foreign keys are promises that cost a look-up a row: measured, 4.3 µs each, so three of them on a line turn the load
of 1.47 M lines from 3 s into 27 s. The spine is kept (no purchase without its customer). Lines, payments and returned
lines are written by the apply engine alone, in the transaction of their parent and from ids looked up there; stores
and products are never deleted. `docs/decisions/` tells it; `verify_state` proves it.

Primary keys of details begin with the parent and not with the customer: new rows then go to the end of the index
(3.0 s against 4.6 s for those lines, and far more once the index is larger than memory).
"""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.lib.money import MoneyField, TotalField
from crm.lib.owned import Owned, OwnedForeignKey
from crm.org.models import Store, public_id
from crm.org.scope import ScopedQuerySet

NOTHING = Decimal(0)


class Channel(models.IntegerChoices):
    STORE = 1, _("Store")
    ONLINE = 2, _("Online")


class Purchase(Owned):
    """A receipt. `amount` is what was paid after `discount`; `returned` is what has been given back since.

    It counts as a purchase while something of it is kept: `returned` = 0 or `returned` < `amount`.
    """

    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    source_id = models.SmallIntegerField()
    channel = models.SmallIntegerField(choices=Channel.choices, default=Channel.STORE)
    business_date = models.DateField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    amount = MoneyField()
    discount = MoneyField(default=NOTHING)
    returned = MoneyField(db_default=NOTHING)
    external_id = models.CharField(max_length=120, db_collation="C")
    staff_code = models.CharField(max_length=32, blank=True, default="")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("purchase")
        indexes = [
            # Everything the per-customer state needs, without a visit to the table.
            models.Index(
                fields=["customer", "business_date"], include=["amount", "returned"], name="purchase_state"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0, discount__gte=0), name="purchase_not_negative"),
            models.CheckConstraint(
                condition=Q(returned__gte=0, returned__lte=F("amount")), name="purchase_returned_within"
            ),
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def public_id(self) -> str:
        return public_id("rcp").encode(self.pk)

    @staticmethod
    def row_id(text: str) -> int | None:
        return public_id("rcp").decode(text)


class Line(Owned):
    """A line of a receipt. `amount` is what the line cost after `discount`; quantity may be a weight."""

    pk = models.CompositePrimaryKey("purchase", "number", "customer")
    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    purchase = OwnedForeignKey(Purchase, models.PROTECT, related_name="lines")
    number = models.SmallIntegerField()
    product = models.ForeignKey(
        "customers.Product", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    amount = MoneyField()
    discount = MoneyField(default=NOTHING)
    returned_quantity = models.DecimalField(max_digits=14, decimal_places=3, db_default=NOTHING)
    returned_amount = MoneyField(db_default=NOTHING)

    class Meta:
        verbose_name = _("line of a receipt")
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0, amount__gte=0, discount__gte=0)
                & Q(returned_quantity__gte=0, returned_quantity__lte=F("quantity"))
                & Q(returned_amount__gte=0, returned_amount__lte=F("amount")),
                name="line_amounts",
            )
        ]


class Payment(Owned):
    pk = models.CompositePrimaryKey("purchase", "number", "customer")
    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    purchase = OwnedForeignKey(Purchase, models.PROTECT, related_name="payments")
    number = models.SmallIntegerField()
    method = models.CharField(max_length=24)
    amount = MoneyField()

    class Meta:
        verbose_name = _("payment")


class Return(Owned):
    """Goods brought back from one receipt; only accepted returns have a row (see `customers/receiving/returns.py`)."""

    purchase = OwnedForeignKey(Purchase, models.PROTECT, related_name="returns")
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False)
    source_id = models.SmallIntegerField()
    business_date = models.DateField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    amount = MoneyField()
    external_id = models.CharField(max_length=120, db_collation="C")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("return of goods")
        indexes = [models.Index(fields=["customer", "purchase"], name="return_of_purchase")]

    @property
    def public_id(self) -> str:
        return public_id("ret").encode(self.pk)


class ReturnLine(Owned):
    pk = models.CompositePrimaryKey("goods_return", "number", "customer")
    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    goods_return = OwnedForeignKey(Return, models.PROTECT, related_name="lines")
    number = models.SmallIntegerField()  # of the receipt's line
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    amount = MoneyField()

    class Meta:
        verbose_name = _("line of a return")


class GuestDay(models.Model):
    """Receipts without a customer, summed by store, day and channel: the other part of the member share of sales."""

    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False)
    business_date = models.DateField()
    channel = models.SmallIntegerField(choices=Channel.choices, default=Channel.STORE)
    receipts = models.IntegerField(default=0)
    lines = models.IntegerField(default=0)
    amount = TotalField(default=NOTHING)
    discount = TotalField(default=NOTHING)
    returned = TotalField(default=NOTHING)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("purchases of a day without a customer")
        constraints = [models.UniqueConstraint("store", "business_date", "channel", name="guestday_once")]
