"""Who is about to leave: the models that were trained, what each night scored, and each customer's score."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.lib.money import MoneyField
from crm.lib.owned import OnMerge, Owned
from crm.org.scope import ScopedQuerySet
from customers.models import Night


class RealField(models.FloatField):
    """Half the room of a double: seven digits."""

    def db_type(self, connection: Any) -> str:
        return "real"


class ChurnModel(models.Model):
    """A training: what was asked, how every candidate did on past days, and the one that serves since. Kept for ever.

    `tested`: by candidate its folds [{on, figures}]; `curve` and `deciles` are the serving one's on its newest fold.
    `numbers` and `tables` are the serving one itself (`candidates.Trained.packed`). `shape` holds by feature the edges
    and counts that drift is measured against. Cut-offs are days, written as dates.
    """

    night = models.ForeignKey(Night, models.PROTECT, related_name="+")
    trained_on = models.DateField()
    horizon_days = models.SmallIntegerField()
    learnt_at = models.JSONField(default=list)
    proved_on = models.DateField()
    customers = models.IntegerField()  # taught and calibrated with, over all cut-offs
    serves = models.CharField(max_length=16)
    tested = models.JSONField(default=dict)
    curve = models.JSONField(default=list)
    deciles = models.JSONField(default=list)
    reasons = models.JSONField(default=list)  # their codes, in the order of `ChurnScore.points`
    average = models.FloatField()  # the probability from which reasons start
    shape = models.JSONField(default=dict)
    numbers = models.JSONField(default=dict)
    tables = models.BinaryField(default=bytes)

    class Meta:
        verbose_name = _("model of who leaves")


class ChurnNight(models.Model):
    """What a night scored. `histogram`: customers by twentieth of probability; `drift`: by feature its PSI against the
    training; `weights`: by reason how many points it moves a customer on average."""

    night = models.OneToOneField(Night, models.PROTECT, primary_key=True, related_name="+")
    model = models.ForeignKey(ChurnModel, models.PROTECT, related_name="+")
    customers = models.IntegerField()
    expected = models.FloatField()  # customers who will leave, the sum of the probabilities
    histogram = models.JSONField(default=list)
    drift = models.JSONField(default=dict)
    weights = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("night of scores of who leaves")


class ChurnScoreQuerySet(ScopedQuerySet):
    scope_path = "customer__home_store"


class ChurnScore(Owned):
    """The probability that a customer buys nothing within the horizon; by reason how many points it adds.

    `at_stake`: the probability times what they spend within a horizon, as of late. `sides`: by reason whether they are
    above what is usual (`churn.sides`). See `segmentation.generations`.
    """

    on_merge = OnMerge.STAY

    pk: Any = models.CompositePrimaryKey("customer", "night")
    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    night = models.ForeignKey(Night, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    probability = models.FloatField()
    at_stake = MoneyField()
    points = ArrayField(RealField())
    sides = models.IntegerField(null=True)

    objects = ChurnScoreQuerySet.as_manager()

    class Meta:
        verbose_name = _("score of who leaves")
        indexes = [models.Index(fields=["night", "-at_stake", "-customer"], name="churnscore_at_stake")]
