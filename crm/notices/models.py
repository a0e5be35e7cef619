"""A notice, and which kinds somebody does not want."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.org.models import Staff


class NoticeQuerySet(models.QuerySet):
    def of(self, staff: Staff) -> Self:
        """A notice is its reader's own: no scope and no role opens another's."""
        return self.filter(staff=staff)


class Notice(models.Model):
    """One person should hear of one thing. `params` are ids and numbers; names are looked up when it is read.

    `once`: the same kind about the same thing is told a person once for each value of it ("" tells it every time).
    """

    staff = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=40)
    about = models.CharField(max_length=80)  # "customers.workitem:3", as in the trail
    params = models.JSONField(default=dict)
    once = models.CharField(max_length=40, blank=True, default="")
    made_at = models.DateTimeField(_("when"), db_default=Now())
    read_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        constraints = [
            models.UniqueConstraint(
                fields=["staff", "kind", "about", "once"], condition=~Q(once=""), name="notice_told_once"
            )
        ]
        indexes = [
            models.Index(fields=["staff", "-id"], name="notice_by_reader"),
            models.Index(fields=["staff"], condition=Q(read_at=None), name="notice_unread"),
            models.Index(fields=["made_at"], name="notice_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"


class Silence(models.Model):
    """A kind of notice that somebody switched off."""

    pk = models.CompositePrimaryKey("staff", "kind")
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=40)

    class Meta:
        verbose_name = _("notice that was switched off")

    def __str__(self) -> str:
        return f"{self.staff_id} {self.kind}"
