"""Points given or taken by hand: who asked, why, who else agreed (docs/algorithms/adjustments.md)."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from crm.lib.owned import Owned, OwnedForeignKey
from crm.org.models import Store, public_id
from crm.org.permissions import Role
from crm.org.scope import ScopedQuerySet
from loyalty.models.ledger import Movement


class AdjustmentKind(models.IntegerChoices):
    MANUAL = 1, _("By hand")
    MISSED_RECEIPT = 2, _("Receipt without the customer")


class AdjustmentState(models.IntegerChoices):
    APPLIED = 1, _("Booked")
    WAITING = 2, _("Waits for approval")
    REJECTED = 3, _("Rejected")
    UNDONE = 4, _("Undone")

    @property
    def code(self) -> str:
        return self.name.lower()


REASONS: dict[str, Any] = {
    "goodwill": _("Goodwill"),
    "complaint": _("After a complaint"),
    "correction": _("Correction"),
    "missed_receipt": _("Receipt without the customer"),
    "promotion": _("Promotion"),
}


class AdjustmentReason(models.Model):
    """A category of reasons: a row, so that a chain can add its own and close what it does not use."""

    code = models.CharField(_("code"), max_length=24, unique=True)
    names = models.JSONField(_("names"), default=dict, blank=True)
    is_open = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("reason of adjustments")

    def __str__(self) -> str:
        own = self.names.get(get_language() or "en") or self.names.get("en")
        return str(own or REASONS.get(self.code) or self.code)


class AdjustmentLimit(models.Model):
    """How many points a role may move without anybody else: at once, and by one person in a day."""

    role = models.CharField(_("role"), max_length=20, choices=Role.choices, primary_key=True)
    points = models.BigIntegerField(_("at once"))
    points_a_day = models.BigIntegerField(_("in a day"))

    class Meta:
        verbose_name = _("limit of adjustments")
        constraints = [
            models.CheckConstraint(
                condition=Q(points__gte=0, points_a_day__gte=F("points")), name="adjustmentlimit_in_order"
            )
        ]


class Adjustment(Owned):
    """Points that somebody gave or took. Above the limit it waits for another person: four eyes, kept by a CHECK.

    `source` makes it happen once; `movement` is what was booked. `asked_on` is the day whose limit it counts towards.
    """

    kind = models.SmallIntegerField(choices=AdjustmentKind.choices, default=AdjustmentKind.MANUAL)
    points = models.BigIntegerField()
    reason = models.CharField(max_length=24)
    note = models.CharField(max_length=500, blank=True, default="")
    receipt_number = models.CharField(max_length=120, blank=True, default="")
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    source = models.CharField(max_length=100, db_collation="C")
    state = models.SmallIntegerField(choices=AdjustmentState.choices)
    asked_by = models.CharField(max_length=80)
    asked_at = models.DateTimeField()
    asked_on = models.DateField()
    is_above_limit = models.BooleanField()
    decided_by = models.CharField(max_length=80, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    decision_note = models.CharField(max_length=500, blank=True, default="")
    movement = OwnedForeignKey(Movement, models.PROTECT, null=True, related_name="+")
    undone_by = models.CharField(max_length=80, blank=True, default="")
    undone_at = models.DateTimeField(null=True)
    undo_reason = models.CharField(max_length=500, blank=True, default="")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("adjustment")
        indexes = [
            models.Index(fields=["customer", "-id"], name="adjustment_of_customer"),
            models.Index(fields=["store", "id"], name="adjustment_waiting", condition=Q(state=2)),
            models.Index(fields=["asked_by", "asked_on"], name="adjustment_of_day"),
        ]
        constraints = [
            models.UniqueConstraint("customer", "source", name="adjustment_once_per_source"),
            models.CheckConstraint(condition=~Q(points=0), name="adjustment_moves_points"),
            models.CheckConstraint(
                condition=Q(decided_by="") | ~Q(decided_by=F("asked_by")), name="adjustment_four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(is_above_limit=False, decided_by="", decided_at__isnull=True, state__in=(1, 4))
                | Q(is_above_limit=True, decided_by="", decided_at__isnull=True, state=2)
                | (Q(is_above_limit=True, decided_at__isnull=False, state__in=(1, 3, 4)) & ~Q(decided_by="")),
                name="adjustment_above_limit_is_decided",
            ),
            models.CheckConstraint(
                condition=Q(state__in=(1, 4), movement__isnull=False)
                | Q(state__in=(2, 3), movement__isnull=True),
                name="adjustment_is_booked",
            ),
            models.CheckConstraint(
                condition=Q(state=4, undone_at__isnull=False) | (~Q(state=4) & Q(undone_at__isnull=True)),
                name="adjustment_undone_once",
            ),
            models.CheckConstraint(
                condition=Q(kind=1, receipt_number="") | (Q(kind=2, points__gt=0) & ~Q(receipt_number="")),
                name="adjustment_names_its_receipt",
            ),
        ]

    @property
    def public_id(self) -> str:
        return public_id("adj").encode(self.pk)

    @staticmethod
    def row_id(text: str) -> int | None:
        return public_id("adj").decode(text)

    @property
    def texts(self) -> list[str]:
        """What people wrote, in its order."""
        return [text for text in (self.note, self.decision_note, self.undo_reason) if text]

    @property
    def is_waiting(self) -> bool:
        return self.state == AdjustmentState.WAITING


class MissedReceipt(models.Model):
    """A receipt whose points were given by hand: each one once in the whole chain. `key` is "store:NUMBER"."""

    key = models.CharField(max_length=140, primary_key=True, db_collation="C")
    adjustment_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("receipt that was booked by hand")
