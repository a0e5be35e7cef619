"""What staff write about a customer."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.lib.owned import Owned, OwnedForeignKey
from crm.org.models import Staff, public_id
from crm.org.scope import ScopedQuerySet

LONGEST_NOTE = 4000


class NoteQuerySet(ScopedQuerySet):
    scope_path = "customer__home_store"

    def standing(self) -> "NoteQuerySet":
        """Without those taken away."""
        return self.filter(deleted_at=None)


class Note(Owned):
    """A remark. `mentions`: the staff whose attention it asked for. What was taken away stays, and can be put back."""

    text = models.TextField(_("note"), max_length=LONGEST_NOTE)
    mentions = ArrayField(models.BigIntegerField(), default=list)
    author = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    created_by = models.CharField(max_length=80)  # as in the trail; a key has no member of staff
    created_at = models.DateTimeField(db_default=Now())
    edited_at = models.DateTimeField(null=True)
    pinned_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.CharField(max_length=80, blank=True, default="")

    objects = NoteQuerySet.as_manager()

    class Meta:
        verbose_name = _("note")
        indexes = [models.Index(fields=["customer", "-created_at", "-id"], name="note_by_customer")]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="note_says_something")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public_id("not").encode(self.pk)

    @staticmethod
    def row_id(text: str) -> int | None:
        return public_id("not").decode(text)


class NoteVersion(Owned):
    """What a note said before it was edited at `replaced_at`."""

    note = OwnedForeignKey(Note, models.PROTECT, related_name="versions")
    text = models.TextField()
    replaced_by = models.CharField(max_length=80)
    replaced_at = models.DateTimeField()

    class Meta:
        verbose_name = _("earlier text of a note")
        indexes = [models.Index(fields=["customer", "note", "-id"], name="noteversion_by_note")]

    def __str__(self) -> str:
        return f"#{self.pk}"
