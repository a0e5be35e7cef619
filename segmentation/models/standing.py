"""What a night found: where each customer stands, the cut points, and the sums that pages read."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.lib.money import TotalField
from crm.org.models import Store
from crm.org.scope import ScopedQuerySet
from customers.models import Night, Spell, SpellQuerySet
from segmentation.models.scheme import Group, Scheme


class ValueClass(models.IntegerChoices):
    NONE = 0, _("No purchase in the window")
    LOW = 1, _("Low")
    MEDIUM = 2, _("Medium")
    HIGH = 3, _("High")


class Standing(Spell):
    """A customer's scores, group and value class, for as long as none of them changes.

    Every customer who ever bought has one. Scores go from 1 (lowest) to the scheme's buckets; all are 0 for those
    without a purchase in the window. `x` is the score on the grid's second axis (frequency, or frequency and money
    together), so (r, x) is the cell. Read through `segmentation.standings`, which knows the published night.
    """

    pk: Any = models.CompositePrimaryKey("customer", "night")
    r = models.SmallIntegerField()
    f = models.SmallIntegerField()
    m = models.SmallIntegerField()
    x = models.SmallIntegerField()
    group = models.ForeignKey(Group, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    value_class = models.SmallIntegerField(choices=ValueClass.choices)

    objects = SpellQuerySet.as_manager()

    class Meta:
        verbose_name = _("scores and group over time")
        constraints = [
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(ended_night=None),
                include=["r", "f", "m", "x", "group", "value_class"],
                name="standing_one_open",
            ),
            models.CheckConstraint(condition=Q(ended_night__gt=F("night")), name="standing_in_order"),
        ]
        indexes = [
            models.Index(fields=["group", "customer"], name="standing_now", condition=Q(ended_night=None)),
            models.Index(
                fields=["ended_night"], name="standing_ended", condition=Q(ended_night__isnull=False)
            ),
        ]


class NightCuts(models.Model):
    """How a night scored: the scheme's version and the cut points it led to.

    `recency` (days), `frequency` (purchases), `monetary` (whole currency): the largest value of each bucket but the
    last, rising. `value`: the least whole-currency revenue of the medium and of the high class.
    """

    night = models.OneToOneField(Night, models.PROTECT, primary_key=True, related_name="cuts")
    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="+")
    recency = models.JSONField(default=list)
    frequency = models.JSONField(default=list)
    monetary = models.JSONField(default=list)
    value = models.JSONField(default=list)
    customers = models.BigIntegerField(default=0)  # with a purchase in the window

    class Meta:
        verbose_name = _("limits of the scores of a night")


class CellCount(models.Model):
    """Customers and revenue of a cell of the grid, a night, by home store (NULL: none). The heat map's source."""

    night = models.ForeignKey(Night, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", db_index=False)
    r = models.SmallIntegerField()
    x = models.SmallIntegerField()
    customers = models.IntegerField()
    revenue = TotalField()

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("customers in a cell of the heat map")
        constraints = [
            models.UniqueConstraint(
                fields=["night", "store", "r", "x"], nulls_distinct=False, name="cellcount_once"
            )
        ]


class ClassCount(models.Model):
    """Customers and revenue of a value class, a night, by home store (NULL: none)."""

    night = models.ForeignKey(Night, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", db_index=False)
    value_class = models.SmallIntegerField(choices=ValueClass.choices)
    customers = models.IntegerField()
    revenue = TotalField()

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("customers in a value class")
        constraints = [
            models.UniqueConstraint(
                fields=["night", "store", "value_class"], nulls_distinct=False, name="classcount_once"
            )
        ]
