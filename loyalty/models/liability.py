"""What the chain owes its members in points, day by day (docs/algorithms/liability.md)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

NEVER = 0  # in place of the month in which points end
BY_ACTIVITY = -1


class LedgerDay(models.Model):
    """Sums of what the ledger booked on a day, read once and only added to: the figures of a day stay.

    `booked_on` is the chain's day on which the ledger learnt it, `month` when it happened. Months are numbers: year ×
    12 + month - 1. `pending`, `available` and `held` are of lots, which stand with the store that issued them, the
    month in which they were `earned` and the one in which they end (`ends`: NEVER, BY_ACTIVITY). `debt`, and `here`,
    the chain's leg, are of the store where it happened, in rows without lots. `lots` counts traces. Store 0 is none.
    """

    booked_on = models.DateField()
    month = models.IntegerField()
    unit = models.SmallIntegerField()
    kind = models.SmallIntegerField()
    store_id = models.BigIntegerField(db_default=0)
    earned = models.IntegerField(db_default=0)
    ends = models.IntegerField(db_default=0)
    pending = models.BigIntegerField(db_default=0)
    available = models.BigIntegerField(db_default=0)
    held = models.BigIntegerField(db_default=0)
    debt = models.BigIntegerField(db_default=0)
    here = models.BigIntegerField(db_default=0)
    lots = models.BigIntegerField(db_default=0)

    class Meta:
        verbose_name = _("day of the ledger")
        constraints = [
            models.UniqueConstraint(
                "unit", "booked_on", "month", "kind", "store_id", "earned", "ends", name="ledgerday_once"
            )
        ]


class LedgerRead(models.Model):
    """Up to when the ledger has been read into `LedgerDay`: one row, locked by who reads and by who takes back."""

    id = models.SmallIntegerField(primary_key=True, db_default=1)
    until = models.DateTimeField()

    class Meta:
        verbose_name = _("reading of the ledger")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="ledgerread_one_row")]
