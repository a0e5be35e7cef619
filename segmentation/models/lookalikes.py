"""Looking for customers who are like a given set of customers: what was asked, how well it goes, whom it found."""

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.jobs.models import Job
from crm.lib.owned import OnMerge, Owned
from crm.org.models import public_id
from crm.org.scope import ScopedQuerySet, Viewer


class Among(models.TextChoices):
    """Whom to look among."""

    NEW = "new", _("Prospects and new members")
    ALL = "all", _("All other customers")


class LookAlikeQuerySet(models.QuerySet["LookAlike"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """Those that looked at nothing but stores of the viewer's."""
        own = viewer.scope().store_ids
        return self if own is None else self.filter(stores__contained_by=sorted(own))


class LookAlike(models.Model):
    """One search. `seed` and `key` name the set (see `lookalikes.seeds`); `stores`: NULL for the whole chain.

    `figures`: sizes, and for each of the two models what a hold-out showed (docs/algorithms/lookalikes.md). The job's
    row says how far it is.
    """

    seed = models.CharField(max_length=40)
    key = models.CharField(max_length=80)
    title = models.CharField(max_length=200)  # what the set was called then
    among = models.CharField(max_length=4, choices=Among.choices)
    most = models.PositiveIntegerField()  # people at most
    stores = ArrayField(models.BigIntegerField(), null=True)
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+", db_index=False)
    figures = models.JSONField(default=dict)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())

    objects = LookAlikeQuerySet.as_manager()

    class Meta:
        verbose_name = _("search for look-alikes")
        constraints = [models.CheckConstraint(condition=Q(most__gte=1), name="lookalike_finds_some")]

    def __str__(self) -> str:
        return self.title

    @property
    def public_id(self) -> str:
        return public_id("lka").encode(self.pk)

    @staticmethod
    def row_id(text: str) -> int | None:
        return public_id("lka").decode(text)


class LookAlikeMatch(Owned):
    """Somebody who was found. `score`: 0 to 100; `shared`: codes of what they share with the set, strongest first."""

    on_merge = OnMerge.DROP  # the survivor is another customer; a new search finds them

    pk: Any = models.CompositePrimaryKey("customer", "lookalike")
    lookalike = models.ForeignKey(
        LookAlike, models.CASCADE, related_name="matches", db_index=False, db_constraint=False
    )
    rank = models.IntegerField()
    score = models.SmallIntegerField()
    is_profile = models.BooleanField()  # judged by their profile, for they have hardly bought
    shared = ArrayField(models.CharField(max_length=80), default=list)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("look-alike")
        constraints = [
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=100), name="lookalikematch_score")
        ]
        indexes = [models.Index(fields=["lookalike", "rank"], name="lookalikematch_in_order")]
