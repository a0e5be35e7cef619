"""Lifetime value: how each night was fitted, what it expects of each customer, and the sums that pages read."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.lib.money import MoneyField, TotalField
from crm.lib.owned import OnMerge, Owned
from crm.org.models import Store
from crm.org.scope import ScopedQuerySet
from customers.models import Night


class WhyAverages(models.TextChoices):
    """Why the chain's averages speak instead of a model."""

    FEW = "few", _("too few customers have come again so far")
    YOUNG = "young", _("the chain has not been seen for long enough")
    LIMIT = "limit", _("the purchases do not tell all parameters of the model")
    UNSETTLED = "unsettled", _("the search for the parameters did not settle")
    SAME = "same", _("every purchase has the same value")


class LifetimeFit(models.Model):
    """How a night was fitted; kept for ever. α is in days, money in the chain's currency.

    `r`, `alpha`, `a`, `b` are NULL where averages speak (`why`), `spend_*` likewise (`why_value`). `until`: the last
    day with a purchase; `days`: for how long the chain has been seen by then; no span above it is told of. `histories`:
    (x, t_x, T) that differ. `search`: how the parameters were found, `tracking`: what was expected and what came
    (segmentation/lifetime/tracking.py).
    """

    night = models.OneToOneField(Night, models.PROTECT, primary_key=True, related_name="lifetime_fit")
    until = models.DateField()
    customers = models.BigIntegerField()
    repeaters = models.BigIntegerField()
    histories = models.BigIntegerField()
    days = models.IntegerField()
    rate = models.FloatField()  # purchases a day and customer, before anybody leaves
    value = models.FloatField()  # of a purchase
    why = models.CharField(max_length=10, choices=WhyAverages.choices, blank=True, default="")
    why_value = models.CharField(max_length=10, choices=WhyAverages.choices, blank=True, default="")
    r = models.FloatField(null=True)
    alpha = models.FloatField(null=True)
    a = models.FloatField(null=True)
    b = models.FloatField(null=True)
    log_likelihood = models.FloatField(null=True)
    spend_p = models.FloatField(null=True)
    spend_q = models.FloatField(null=True)
    spend_v = models.FloatField(null=True)
    correlation = models.FloatField(null=True)  # of a customer's purchases with their mean value
    search = models.JSONField(default=dict)
    tracking = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("lifetime value: fit of a night")


class LifetimeScoreQuerySet(ScopedQuerySet):
    scope_path = "customer__home_store"


class LifetimeScore(Owned):
    """What is expected of a customer in the days after a night. Read through `segmentation.lifetime.reading`.

    `alive`: that they are still a customer, in thousandths (NULL: averages do not know). Purchases are days with one,
    in hundredths. NULL: the chain has not been seen for that long. Nights replace each other (generations.py).
    """

    on_merge = OnMerge.DROP

    pk: Any = models.CompositePrimaryKey("customer", "night")
    night = models.ForeignKey(Night, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    alive = models.SmallIntegerField(null=True)
    purchases_30 = models.IntegerField(null=True)
    purchases_90 = models.IntegerField(null=True)
    purchases_365 = models.IntegerField(null=True)
    value_30 = MoneyField(null=True)
    value_90 = MoneyField(null=True)
    value_365 = MoneyField(null=True)

    objects = LifetimeScoreQuerySet.as_manager()

    class Meta:
        verbose_name = _("lifetime value of a customer")
        indexes = [
            # The list of the most valuable; `DESC NULLS LAST` is how lists ask.
            models.Index(
                models.F("night"),
                models.F("value_365").desc(nulls_last=True),
                models.F("customer").desc(),
                name="lifetimescore_by_value",
            ),
        ]


class LifetimeSum(models.Model):
    """What a night expects of the customers of a home store (NULL: none) together; kept for ever."""

    night = models.ForeignKey(Night, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", db_index=False)
    customers = models.IntegerField()
    alive = models.IntegerField(null=True)  # more likely still a customer than not
    value_30 = TotalField(null=True)
    value_90 = TotalField(null=True)
    value_365 = TotalField(null=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("lifetime value of a store's customers")
        constraints = [
            models.UniqueConstraint(fields=["night", "store"], nulls_distinct=False, name="lifetimesum_once")
        ]
