"""What imports leave behind: what each changed, so that it can be undone, and how files' columns are named."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.lib.owned import OnMerge, Owned


class ImportChange(Owned):
    """What an import of customers wrote of one of them; kept for `IMPORT_UNDO_DAYS`.

    `before` and `after` hold the fields that changed, as JSON has them; of a new customer `after` holds all. A merge
    leaves the row with whom the import wrote to: an import is not undone across a merge.
    """

    on_merge = OnMerge.STAY

    id = models.BigAutoField(primary_key=True)
    file_id = models.IntegerField()
    piece = models.IntegerField()  # each names a customer once; undone from the last to the first
    row = models.IntegerField()  # of the file, the first that told something new
    is_new = models.BooleanField()
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    identity_ids = ArrayField(models.BigIntegerField(), default=list)
    tag_ids = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        verbose_name = _("change by an import")
        indexes = [
            models.Index(fields=["file_id", "piece"], name="importchange_of_file"),
            models.Index(fields=["customer"], name="importchange_by_customer"),
        ]


class ImportMapping(models.Model):
    """How the columns of somebody's files are named: proposed for the next file with the same header.

    `columns`: the file's name of a column → ours, or "" for one that is left out.
    """

    kind = models.CharField(max_length=12)
    name = models.CharField(_("name"), max_length=80)
    columns = models.JSONField(default=dict)
    header = models.CharField(max_length=32)  # digest of the header's names, whatever their order
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("column mapping")
        constraints = [models.UniqueConstraint("kind", "name", name="importmapping_once")]
        indexes = [models.Index(fields=["kind", "header"], name="importmapping_by_header")]

    def __str__(self) -> str:
        return self.name
