"""The inbox: what other systems told us, before and after it was applied."""

from typing import Any

from django.db import connection, models, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.org.models import Store
from crm.org.scope import ScopedQuerySet

MOST_SOURCES = 30_000  # what a smallint holds, with some room; a chain has as many tills at most
_NUMBERING = 72_311_002  # advisory lock: new sources are numbered by one at a time


class Source(models.Model):
    """A system that sends: a till, a shop, a file. Short ids keep the growing tables narrow.

    Ids are few, so they do not come from a sequence: what is rolled back (a refusal, a second try) would use them up.
    `created_by` tells who brought the name, so that one sender cannot take the names of all (`references.sources`).
    """

    id = models.SmallIntegerField(primary_key=True)
    code = models.CharField(max_length=40, unique=True)
    created_by = models.CharField(max_length=80, db_default="system")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("source of receipts")
        constraints = [
            models.CheckConstraint(condition=models.Q(id__gte=1, id__lte=MOST_SOURCES), name="source_number")
        ]

    def __str__(self) -> str:
        return self.code

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            if not self.pk:
                with connection.cursor() as cursor:
                    self.pk = Source.last_number(cursor) + 1
            super().save(*args, **kwargs)

    @staticmethod
    def last_number(cursor: Any) -> int:
        """The highest id there is. It stays so till the end of the transaction, unless the caller adds some."""
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERING])
        cursor.execute("SELECT coalesce(max(id), 0) FROM customers_source")
        return int(cursor.fetchone()[0])


class ArrivalKind(models.IntegerChoices):
    RECEIPT = 1, _("Receipt")
    RETURN = 2, _("Return")


class ArrivalState(models.IntegerChoices):
    APPLIED = 1, _("Applied")
    WAITING = 2, _("Waits for its receipt")
    QUARANTINED = 3, _("Needs a look")
    EXPECTED = 4, _("Named by a return, not here yet")


class ImportFile(models.Model):
    """An uploaded or named file: its raw form stays on disk for a while, its rows are told by number."""

    kind = models.CharField(max_length=12)  # "receipts", "customers"
    name = models.CharField(max_length=255)
    path = models.CharField(max_length=1000)  # below the state directory, or where the command was pointed to
    size = models.BigIntegerField(default=0)
    modified_ns = models.BigIntegerField(default=0)  # with path and size: the same file, to be resumed
    is_dry_run = models.BooleanField(default=False)
    job = models.OneToOneField("jobs.Job", models.PROTECT, null=True, related_name="import_file")
    rejected_path = models.CharField(max_length=1000, blank=True, default="")
    refusal = models.TextField(
        blank=True, default=""
    )  # why the whole file was refused; nothing was applied then
    removed_at = models.DateTimeField(null=True)  # since then it can be neither resumed nor imported for good
    rejected_removed_at = models.DateTimeField(null=True)
    waiting = models.JSONField(
        null=True
    )  # how it is to be imported, until somebody has said which column is which
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=80, blank=True, db_default="")
    undo_job = models.OneToOneField("jobs.Job", models.PROTECT, null=True, related_name="undone_import")
    stubs = models.JSONField(default=dict)  # codes of products and stores that the file named first
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("imported file")

    def __str__(self) -> str:
        return self.name


class Arrival(models.Model):
    """One event from outside, known for ever by (kind, source, external_id).

    Not owned by a customer: its key must be unique across all of them. `raw` keeps what came over the API, and every
    return and guest receipt; receipts of customers from files point to their file and row instead.

    The row of a receipt is also the lock under which its returns are accepted. A return that comes first therefore
    puts the receipt's row there as EXPECTED, and whoever comes second waits at the unique index.
    """

    kind = models.SmallIntegerField(choices=ArrivalKind.choices)
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    external_id = models.CharField(max_length=120, db_collation="C")
    fingerprint = models.BinaryField(max_length=16)  # of the content in canonical form
    state = models.SmallIntegerField(choices=ArrivalState.choices, default=ArrivalState.APPLIED)
    reason = models.CharField(max_length=40, blank=True, db_default="")
    customer_id = models.BigIntegerField(null=True)
    purchase_id = models.BigIntegerField(null=True)
    return_id = models.BigIntegerField(null=True)
    of_source_id = models.SmallIntegerField(null=True)  # a return: the receipt it belongs to
    of_external_id = models.CharField(max_length=120, db_collation="C", null=True)  # noqa: DJ001  NULL: no return
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    raw = models.JSONField(null=True)
    import_file_id = models.IntegerField(null=True)
    row = models.IntegerField(null=True)
    recorded_at = models.DateTimeField(db_default=Now())

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("receipt as it came in")
        constraints = [models.UniqueConstraint("source", "external_id", "kind", name="arrival_once")]
        indexes = [
            models.Index(
                fields=["of_source_id", "of_external_id"],
                name="arrival_return_of",
                condition=models.Q(kind=2),
            ),
            models.Index(fields=["-id"], name="arrival_open", condition=~models.Q(state=1)),
        ]


class Dismissal(models.Model):
    """Somebody looked at an event that was set aside and decided that nothing more is to be done about it.

    It holds for what that person saw: when the event is set aside for another reason later, it is open again. Undone,
    the row stays with who reopened it. (No foreign key to the event: `Arrival` stands by its external id.)
    """

    arrival_id = models.BigIntegerField()
    state = models.SmallIntegerField(choices=ArrivalState.choices)
    reason = models.CharField(max_length=40, blank=True, default="")  # why it was set aside
    why = models.CharField(max_length=200)  # why nothing more is to be done
    dismissed_by = models.ForeignKey("org.Staff", models.PROTECT, related_name="+")
    dismissed_at = models.DateTimeField()
    reopened_by = models.ForeignKey("org.Staff", models.PROTECT, null=True, related_name="+")
    reopened_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("word that two are different people")
        constraints = [
            models.UniqueConstraint(
                "arrival_id", condition=models.Q(reopened_at=None), name="dismissal_open_once"
            ),
            models.CheckConstraint(condition=~models.Q(why=""), name="dismissal_says_why"),
            models.CheckConstraint(
                condition=models.Q(reopened_at=None, reopened_by=None)
                | models.Q(reopened_at__isnull=False, reopened_by__isnull=False),
                name="dismissal_reopened_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.arrival_id}"
