"""Money that members pay in beforehand, and what the chain gives on top (docs/algorithms/stored-value.md).

Principal is what a member paid in, bonus what the chain gave for it: two accounts of the ledger, which move together.
An operation is both legs with why, where and for how much cash. Amounts of operations are whole numbers of the smallest
coin, as the ledger's are.
"""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.lib.money import MoneyField
from crm.lib.owned import Owned, OwnedForeignKey
from crm.org.models import Store, public_id
from crm.org.scope import ScopedQuerySet
from loyalty.models.ledger import Movement
from loyalty.models.programme import rule_code


class PayOrder(models.TextChoices):
    """From which of the two a payment is taken."""

    PROPORTION = "proportion", _("from both, in proportion to what is there")
    PRINCIPAL = "principal", _("from what was paid in, then from the bonus")
    BONUS = "bonus", _("from the bonus, then from what was paid in")


class StoredTerms(models.Model):
    """A version of the settings: the latest whose `valid_from` has come holds. Without any, nobody can top up."""

    valid_from = models.DateField(_("holds from"))
    is_on = models.BooleanField(_("members can top up"), default=True)
    pay_order = models.CharField(
        _("payments are taken"), max_length=10, choices=PayOrder.choices, default=PayOrder.PROPORTION
    )
    most_top_up = MoneyField(_("most that is paid in at once"), default=Decimal(5000))
    most_balance = MoneyField(_("most that a member has in all"), default=Decimal(10000))
    principal_days = models.PositiveIntegerField(_("days until what was paid in ends"), null=True, blank=True)
    pay_out_alone = MoneyField(_("most that staff pay out in a day, alone"), default=Decimal(0))
    pay_out_lead = MoneyField(_("most that managers pay out in a day, alone"), default=Decimal(500))
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("settings of stored value")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    most_top_up__gt=0, most_balance__gte=F("most_top_up"), pay_out_alone__gte=0,
                    pay_out_lead__gte=F("pay_out_alone"),
                ),
                name="storedterms_in_order",
            ),
            models.CheckConstraint(
                condition=Q(principal_days__isnull=True) | Q(principal_days__gte=1), name="storedterms_ending"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"#{self.pk}"

    SETTINGS = (
        "valid_from", "is_on", "pay_order", "most_top_up", "most_balance", "principal_days", "pay_out_alone",
        "pay_out_lead",
    )  # fmt: skip


class TopUpOffer(models.Model):
    """A version of an offer: who pays in `pay` or more gets `bonus` on top, once. The newest that holds on a day is it.

    `bonus_days`: the bonus can be spent on the day of the top-up and so many days after it; empty: it does not end.
    `stores` are numbers, `tiers` codes; empty means all. A version that `is_ended` says that the offer is over.
    """

    code = models.CharField(_("code"), max_length=40, validators=[rule_code])
    version = models.PositiveIntegerField(default=1)
    name = models.CharField(_("name"), max_length=80)
    pay = MoneyField(_("paid in"))
    bonus = MoneyField(_("bonus"))
    bonus_days = models.PositiveIntegerField(_("days that the bonus lasts"), null=True, blank=True)
    valid_from = models.DateField(_("holds from"))
    valid_to = models.DateField(_("until"), null=True, blank=True)
    stores = models.JSONField(_("only in these stores"), default=list, blank=True)
    tiers = models.JSONField(_("only for these tiers"), default=list, blank=True)
    is_ended = models.BooleanField(default=False)
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("top-up offer")
        constraints = [
            models.UniqueConstraint("code", "version", name="topupoffer_version"),
            models.CheckConstraint(condition=Q(pay__gt=0, bonus__gt=0), name="topupoffer_gives_something"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")), name="topupoffer_dates"
            ),
            models.CheckConstraint(
                condition=Q(bonus_days__isnull=True) | Q(bonus_days__gte=1), name="topupoffer_ending"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    SETTINGS = (
        "name", "pay", "bonus", "bonus_days", "valid_from", "valid_to", "stores", "tiers", "is_ended",
    )  # fmt: skip


class StoredKind(models.IntegerChoices):
    TOP_UP = 1, _("Topped up")
    PAYMENT = 2, pgettext_lazy("stored value", "Paid")
    REFUND = 3, _("Payment given back")
    PAY_OUT = 4, _("Paid out")
    UNDO = 5, _("Top-up undone")

    @property
    def code(self) -> str:
        return self.name.lower()


class StoredState(models.IntegerChoices):
    BOOKED = 1, _("Booked")
    WAITING = 2, _("Waits for approval")
    REJECTED = 3, _("Rejected")

    @property
    def code(self) -> str:
        return self.name.lower()


class PaidBy(models.TextChoices):
    """How a top-up was paid, or a rest paid out."""

    CASH = "cash", _("Cash")
    CARD = "card", _("Card")
    WECHAT = "wechat", _("WeChat Pay")
    ALIPAY = "alipay", _("Alipay")
    TRANSFER = "transfer", _("Bank transfer")
    OTHER = "other", _("Otherwise")


_BOOKED = Q(state=StoredState.BOOKED)


class StoredOperation(Owned):
    """One act with stored value. `principal` and `bonus` are the changes of the two accounts, `money` the cash that
    came in (above zero) or went out. Of a pay-out, `money - principal` is what was kept for bonus used too early.

    `source` names it once a customer, for ever. `of`: a refund's payment, an undoing's top-up. `offer` is the version
    that gave the bonus. A pay-out above the limit waits for a second person, kept apart by a CHECK.
    """

    kind = models.SmallIntegerField(choices=StoredKind.choices)
    state = models.SmallIntegerField(choices=StoredState.choices, default=StoredState.BOOKED)
    principal = models.BigIntegerField(db_default=0)
    bonus = models.BigIntegerField(db_default=0)
    money = models.BigIntegerField(db_default=0)
    source = models.CharField(max_length=100, db_collation="C")
    of = OwnedForeignKey("self", models.PROTECT, null=True, related_name="+")
    offer = models.ForeignKey(
        TopUpOffer, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    principal_movement = OwnedForeignKey(Movement, models.PROTECT, null=True, related_name="+")
    bonus_movement = OwnedForeignKey(Movement, models.PROTECT, null=True, related_name="+")
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    how = models.CharField(max_length=10, choices=PaidBy.choices, blank=True, default="")
    receipt_number = models.CharField(max_length=120, blank=True, default="")
    note = models.CharField(max_length=500, blank=True, default="")
    occurred_at = models.DateTimeField()
    occurred_on = models.DateField()
    actor = models.CharField(max_length=80)
    decided_by = models.CharField(max_length=80, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    decision_note = models.CharField(max_length=500, blank=True, default="")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("act with stored value")
        indexes = [
            models.Index(fields=["customer", "-id"], name="stored_of_customer"),
            models.Index(fields=["customer", "of"], name="stored_by_first", condition=Q(of__isnull=False)),
            models.Index(fields=["store", "id"], name="stored_waiting", condition=Q(state=2)),
            models.Index(fields=["actor", "occurred_on"], name="stored_paid_out", condition=Q(kind=4)),
        ]
        constraints = [
            models.UniqueConstraint("customer", "source", name="stored_once_per_source"),
            models.CheckConstraint(
                condition=Q(kind=1, principal__gt=0, bonus__gte=0, money=F("principal"))
                | (Q(kind=2, principal__lte=0, bonus__lte=0, money=0) & ~Q(principal=0, bonus=0))
                | (Q(kind=3, principal__gte=0, bonus__gte=0, money=0) & ~Q(principal=0, bonus=0))
                | Q(kind=4, principal__lt=0, bonus__lte=0, money__lte=0, state=1)
                | Q(kind=4, principal=0, bonus=0, money=0, state__in=(2, 3))
                | Q(kind=5, principal__lt=0, bonus__lte=0, money=F("principal")),
                name="stored_legs_by_kind",
            ),
            models.CheckConstraint(condition=Q(kind=4) | _BOOKED, name="stored_only_pay_outs_wait"),
            models.CheckConstraint(
                condition=Q(kind__in=(3, 5), of__isnull=False) | Q(kind__in=(1, 2, 4), of__isnull=True),
                name="stored_continues",
            ),
            models.CheckConstraint(
                condition=Q(principal=0) | Q(principal_movement__isnull=False),
                name="stored_principal_is_booked",
            ),
            models.CheckConstraint(
                condition=Q(bonus=0) | Q(bonus_movement__isnull=False), name="stored_bonus_is_booked"
            ),
            models.CheckConstraint(
                condition=Q(decided_by="") | ~Q(decided_by=F("actor")), name="stored_four_eyes"
            ),
        ]

    @property
    def public_id(self) -> str:
        return public_id("sto").encode(self.pk)

    @staticmethod
    def row_id(text: str) -> int | None:
        return public_id("sto").decode(text)

    @property
    def amount(self) -> int:
        """What left or came, principal and bonus together."""
        return self.principal + self.bonus

    @property
    def kept(self) -> int:
        """Of a pay-out: principal that was not paid out, for bonus that was used before it was earned."""
        return self.money - self.principal if self.kind == StoredKind.PAY_OUT else 0
