"""A customer's history in a few numbers, and where they stand in their life with the chain."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.lib.money import MoneyField
from crm.lib.owned import Owned


class StaleState(models.Model):
    """Queue of customers whose purchases changed; appended with the change, consumed by the night.

    A local queue and no owned table: rows live for a day.
    """

    customer_id = models.BigIntegerField()


class PurchaseState(Owned):
    """What the scores need of one customer's purchases, as of the end of the published business date.

    Only purchases that count (something was kept) with business_date ≤ that date. `window_*` look at the window of
    the RFM scheme only. `next_on` is the date of the first purchase later than that date, so that the night which
    reaches it recomputes the row.
    """

    customer = models.OneToOneField(
        "customers.Customer", models.PROTECT, primary_key=True, related_name="purchase_state"
    )
    first_on = models.DateField(null=True)
    last_on = models.DateField(null=True)
    before_last_on = models.DateField(null=True)  # the last day but one: tells a comeback from a habit
    count = models.IntegerField(default=0)
    days = models.IntegerField(default=0)  # distinct business dates
    spent = MoneyField(default=0)  # net of returns
    window_first_on = models.DateField(null=True)
    window_count = models.IntegerField(default=0)
    window_spent = MoneyField(default=0)
    next_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(count__gte=models.F("window_count")), name="state_window_within"
            )
        ]


class Stage(models.IntegerChoices):
    """C9: the life of a customer with the chain."""

    POTENTIAL = 1, _("Potential")
    NEW = 2, _("New")
    ACTIVE = 3, _("Active")
    DORMANT = 4, _("Dormant")
    LOST = 5, _("Lost")
    WON_BACK = 6, _("Won back")


class Lifecycle(Owned):
    """A spell in one stage: from `began_on` until before `ended_on` (None: still)."""

    pk = models.CompositePrimaryKey("customer", "began_on")
    began_on = models.DateField()
    ended_on = models.DateField(null=True)
    stage = models.SmallIntegerField(choices=Stage.choices)

    class Meta:
        indexes = [
            models.Index(
                fields=["stage", "customer"], name="lifecycle_now", condition=models.Q(ended_on=None)
            )
        ]


class LifecycleRules(models.Model):
    """The chain's rules, in days. Rows are versions: the newest holds."""

    new_days = models.PositiveSmallIntegerField(_("new for"), default=30)
    dormant_days = models.PositiveSmallIntegerField(_("dormant after"), default=60)
    lost_days = models.PositiveSmallIntegerField(_("lost after"), default=180)
    won_back_days = models.PositiveSmallIntegerField(_("won back for"), default=60)
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(dormant_days__lt=models.F("lost_days"), new_days__gt=0),
                name="lifecycle_rules_in_order",
            )
        ]
