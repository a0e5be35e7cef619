"""Whose values changed: what the follower and the shelf go by."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Touched(models.Model):
    """Queue of customers of whom something changed that can be asked about. Triggers append, the follower consumes.

    A local queue and no owned table: rows live for seconds.
    """

    customer_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("customer to be looked at again")


class Changed(models.Model):
    """A customer whose values on the shelf may be out of date, because of a change that was seen at `at`."""

    customer_id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("customer changed since the night")


class ChangedTable(models.Model):
    """A table about everybody changed: columns that rest on it do not hold until a shelf is laid anew.

    Rows are added by triggers, one a statement, and go with the shelf that saw them.
    """

    name = models.CharField(max_length=63)

    class Meta:
        verbose_name = _("table changed since the night")


class ShelfPointer(models.Model):
    """The shelf that readers take: the name of its folder. One row; moving it replaces everything at once.

    `on` is the day that its values are of; whatever changed after `basis_at` is not in it.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=64)
    on = models.DateField()
    night = models.IntegerField()
    basis_at = models.DateTimeField()
    customers = models.BigIntegerField()

    class Meta:
        verbose_name = _("shelf of values")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="shelfpointer_is_one")]
