"""One row an act. Rows hold names of fields and ids, never the personal values themselves."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Entry(models.Model):
    """An act that was done. Append-only: the database refuses UPDATE and DELETE (see the first migration)."""

    recorded_at = models.DateTimeField(_("when"), db_default=models.functions.Now(), db_index=True)
    actor = models.CharField(_("who"), max_length=80)  # "staff:12", "key:3", "system:night"
    action = models.CharField(_("what"), max_length=64)
    subject = models.CharField(_("record"), max_length=80)  # "customers.customer:81"
    store_id = models.BigIntegerField(null=True)  # no constraint: the trail outlives what it names
    details = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("audit entry")
        indexes = [models.Index(fields=["subject", "id"]), models.Index(fields=["actor", "id"])]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.subject}"
