"""One row an act. Rows hold names of fields, ids, plain values and digests, never personal values themselves."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.org.scope import ScopedQuerySet


class Channel(models.TextChoices):
    PAGE = "page", _("Page")
    API = "api", _("API")
    COMMAND = "command", _("Command")
    JOB = "job", _("Job")
    DATABASE = "database", _("Database")


class EntryQuerySet(ScopedQuerySet):
    scope_path = "store_id"


class Entry(models.Model):
    """An act that was done. Append-only: the database refuses UPDATE and DELETE (see the second migration).

    `signature` is made by the application as it writes (`crm/audit/signing.py`). Rows that the database wrote itself
    (channel "database", see `crm/audit/capture.py`) and rows of releases before signing have none.
    """

    recorded_at = models.DateTimeField(_("when"), db_default=Now(), db_index=True)
    actor = models.CharField(_("who"), max_length=80)  # "staff:12", "key:3", "system:night"
    action = models.CharField(_("what"), max_length=64)
    subject = models.CharField(_("record"), max_length=80)  # "customers.customer:81"
    store_id = models.BigIntegerField(null=True)  # no constraint: the trail outlives what it names
    details = models.JSONField(default=dict)
    changes = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    channel = models.CharField(max_length=12, default="", db_default="", choices=Channel.choices)
    address = models.CharField(max_length=45, default="", db_default="")  # a customer's only as its network
    agent = models.CharField(max_length=40, default="", db_default="")
    request_id = models.CharField(max_length=40, default="", db_default="")
    signature = models.BinaryField(max_length=32, null=True)

    objects: ClassVar[Any] = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        indexes = [
            models.Index(fields=["subject", "id"]),
            models.Index(fields=["actor", "id"]),
            models.Index(fields=["action", "id"], name="audit_entry_by_action"),
            models.Index(
                fields=["store_id", "id"],
                name="audit_entry_by_store",
                condition=models.Q(store_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.subject}"


class Seal(models.Model):
    """What the trail was at a moment: which rows, and the digest of each. Seals are chained and only added.

    `ranges` are the ids, as first and last of each run: a row that committed late, with a smaller id than others, is
    in a later seal. `leaves` are 16 bytes a row in the order of ids. `signature` covers everything else here.
    """

    number = models.PositiveIntegerField(primary_key=True)
    sealed_at = models.DateTimeField()
    count = models.PositiveIntegerField()
    ranges = ArrayField(models.BigIntegerField())
    leaves = models.BinaryField()
    root = models.BinaryField(max_length=32)  # SHA-256 of the leaves
    previous = models.BinaryField(max_length=32)  # signature of the seal before; zeros before the first
    key = models.BinaryField(max_length=4)  # fingerprint of the audit key
    signature = models.BinaryField(max_length=32)

    class Meta:
        verbose_name = _("seal")

    def __str__(self) -> str:
        return f"seal {self.number}"


class Verification(models.Model):
    """The trail was checked against its seals. `findings` are the first of them; they hold ids, no values."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(db_default=Now())
    started_by = models.CharField(max_length=80)
    entries = models.BigIntegerField()
    seals = models.IntegerField()
    unsealed = models.BigIntegerField()
    faults = models.BigIntegerField()
    findings = models.JSONField(default=list)
    anchor = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        verbose_name = _("verification of the trail")

    def __str__(self) -> str:
        return f"verification {self.pk}"
