"""Merges that were done: who became whom, and what taking it back needs."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.lib.owned import Owned
from crm.org.models import public_id


class MergeQuerySet(models.QuerySet):
    def standing(self) -> "MergeQuerySet":
        """Those that were not undone."""
        return self.filter(undone_at=None)


class Merge(Owned):
    """A merge that was done: `survivor_id` is who remained then, `customer` who has it all now, for a survivor may be
    merged in their turn. Undone, the row stays as history.

    `before` keeps what undoing needs (`customers/merging/record.py`). It holds personal values: the survivor's facts,
    and rows of which only one could be kept. Empty means that undoing is no longer possible, or done.
    """

    loser_id = models.BigIntegerField()
    survivor_id = models.BigIntegerField(null=True)  # NULL: done before merges could be undone
    merged_at = models.DateTimeField()
    merged_by = models.CharField(max_length=80)
    reason = models.CharField(max_length=200, blank=True, db_default="")
    identity_ids = ArrayField(models.BigIntegerField(), default=list)
    before = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=80, blank=True, db_default="")

    objects = MergeQuerySet.as_manager()

    class Meta:
        verbose_name = _("merge")
        indexes = [models.Index(fields=["customer", "id"], name="merge_by_survivor")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(undone_at=None, undone_by="")
                | models.Q(models.Q(undone_at__isnull=False), ~models.Q(undone_by="")),
                name="merge_undone_by_whom",
            )
        ]

    @property
    def public_id(self) -> str:
        return public_id("mrg").encode(self.pk)

    @staticmethod
    def row_id(text: str) -> int | None:
        return public_id("mrg").decode(text)
