"""A customer's history in a few numbers, and where they stand in their life with the chain."""

from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.audit import trail
from crm.lib.money import TotalField
from crm.lib.owned import OnMerge, Owned
from crm.org.scope import ScopedQuerySet


class StaleState(models.Model):
    """Queue of customers whose purchases changed; appended with the change, consumed by the night (`stale.py`).

    A local queue and no owned table: rows live for a day.
    """

    customer_id = models.BigIntegerField()
    since = models.DateField(null=True)  # the first business date that changed; NULL: any may have

    class Meta:
        verbose_name = _("sums to be made again")


class PurchaseState(Owned):
    """What the scores need of one customer's purchases, as of the end of the business date of the last night.

    Only purchases that count (something was kept) with business_date ≤ that date; `window_*` look at the window of
    the RFM scheme only. A customer has a row as long as they own a purchase. Derived: `verify_state` proves it and a
    rebuild makes it anew, so there is no database constraint to pay for at every write.
    See docs/algorithms/purchase-state.md.
    """

    on_merge = OnMerge.DROP

    customer = models.OneToOneField(
        "customers.Customer",
        models.PROTECT,
        primary_key=True,
        related_name="purchase_state",
        db_constraint=False,
    )
    first_on = models.DateField(null=True)
    last_on = models.DateField(null=True)
    comeback_on = models.DateField(null=True)  # bought again after being lost, within the "won back" days
    count = models.IntegerField(default=0)
    spent = TotalField(default=0)  # net of returns
    window_first_on = models.DateField(
        null=True
    )  # the next to leave the window: that night recomputes the row
    window_count = models.IntegerField(default=0)
    window_spent = TotalField(default=0)
    next_on = models.DateField(
        null=True
    )  # first purchase later than the date: the night that reaches it recomputes
    as_on = models.DateField(
        null=True
    )  # the date it was computed for: purchases up to it are counted, later ones not

    class Meta:
        verbose_name = _("sums of purchases")
        constraints = [
            models.CheckConstraint(condition=Q(count__gte=F("window_count")), name="state_window_within")
        ]


class StateBasis(models.Model):
    """What all purchase states rest on: their date and the settings they were computed with. One row.

    A setting of NULL (never computed, or a rebuild was interrupted) makes the next night rebuild.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    on = models.DateField(null=True)
    window_days = models.PositiveIntegerField(null=True)
    lost_days = models.PositiveIntegerField(null=True)
    won_back_days = models.PositiveIntegerField(null=True)
    # The night that the states are those of. NULL while one is changing them, and if it never ended: what a published
    # night says must not be taken from them then.
    night = models.IntegerField(null=True)

    class Meta:
        verbose_name = _("basis of the sums")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="statebasis_is_one")]


class Stage(models.IntegerChoices):
    """C9: the life of a customer with the chain."""

    POTENTIAL = 1, _("Potential")
    NEW = 2, _("New")
    ACTIVE = 3, _("Active")
    DORMANT = 4, _("Dormant")
    LOST = 5, _("Lost")
    WON_BACK = 6, _("Won back")


class LifecycleRules(models.Model):
    """The chain's rules, in days. Rows are versions: the newest holds from the next night on."""

    new_days = models.PositiveSmallIntegerField(_("new for"), default=30)
    dormant_days = models.PositiveSmallIntegerField(_("dormant after"), default=60)
    lost_days = models.PositiveSmallIntegerField(_("lost after"), default=180)
    won_back_days = models.PositiveSmallIntegerField(_("won back for"), default=60)
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("rules of stages")
        constraints = [
            # "new" and "won back" end before the customer could be dormant, so every day has one stage
            models.CheckConstraint(
                condition=Q(new_days__gt=0, won_back_days__gt=0, dormant_days__lt=F("lost_days"))
                & Q(new_days__lte=F("dormant_days"), won_back_days__lte=F("dormant_days")),
                name="lifecycle_rules_in_order",
            )
        ]

    @classmethod
    def current(cls) -> "LifecycleRules":
        """The newest version; the first is made on first use."""
        found = cls.objects.order_by("-pk").first()
        if found is None:
            with trail.first_use("customers.lifecyclerules"):
                found = cls.objects.create()
        return found


class Night(models.Model):
    """One computed night: a generation. Its number orders all nights, also two runs for the same business date.

    Spells carry the numbers of the nights that opened and closed them. A night is published when readers may see it;
    until then what it wrote is invisible, and a run that starts over removes it first.
    """

    id = models.AutoField(primary_key=True)
    on = models.DateField(_("business date"))
    rules = models.ForeignKey(LifecycleRules, models.PROTECT, related_name="+")
    window_days = models.PositiveIntegerField()
    computed_at = models.DateTimeField(null=True)  # purchases recorded until then are in it
    published_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("night")
        verbose_name_plural = _("nights")
        indexes = [models.Index(fields=["on", "id"], name="night_by_date")]

    def __str__(self) -> str:
        return f"{self.on:%Y-%m-%d}"


class PublishedNight(models.Model):
    """The pointer: the night that readers see. One row; moving it publishes everything of a night at once."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    night = models.ForeignKey(Night, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("published night")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="publishednight_is_one")]


class SpellQuerySet(ScopedQuerySet):
    """Rows with `night` (opened by) and `ended_night` (closed by), scoped by the customer's home store."""

    scope_path = "customer__home_store"

    def at(self, night_id: int | None) -> Self:
        """The spells that hold at a night, one a customer; none before the first night."""
        if night_id is None:
            return self.none()
        return self.filter(Q(ended_night=None) | Q(ended_night__gt=night_id), night__lte=night_id)


class Spell(Owned):
    """A stretch of nights during which a customer's code stayed the same: night ≤ n < ended_night (NULL: still)."""

    on_merge = OnMerge.STAY

    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    night = models.ForeignKey(Night, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    ended_night = models.IntegerField(null=True)

    class Meta:
        abstract = True


class Lifecycle(Spell):
    """A spell in one stage, dated: from `began_on` until before `ended_on` (None: still).

    The dates are the true ones (the day of the purchase, the day on which the silence got too long), whichever night
    wrote them; `night`/`ended_night` say since when readers may see the row and its end.
    """

    pk: Any = models.CompositePrimaryKey("customer", "night", "began_on")
    stage = models.SmallIntegerField(choices=Stage.choices)
    began_on = models.DateField()
    ended_on = models.DateField(null=True)

    objects = SpellQuerySet.as_manager()

    class Meta:
        verbose_name = _("stage over time")
        constraints = [
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(ended_night=None),
                include=["stage", "began_on"],
                name="lifecycle_one_open",
            ),
            models.CheckConstraint(condition=Q(ended_on__gte=F("began_on")), name="lifecycle_in_order"),
        ]
        indexes = [
            models.Index(fields=["stage", "customer"], name="lifecycle_now", condition=Q(ended_night=None)),
            models.Index(
                fields=["ended_night"], name="lifecycle_ended", condition=Q(ended_night__isnull=False)
            ),
        ]
