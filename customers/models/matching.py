"""Duplicates: how they are recognised, what was found, what people decided."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.audit import trail
from crm.lib.owned import OnMerge, Owned
from crm.org.scope import Viewer
from customers.models.customer import Customer


def _points() -> dict[str, Any]:
    from customers.matching import defaults

    return defaults.points()


def _ways() -> list[Any]:
    from customers.matching import defaults

    return defaults.ways()


class MatchRules(models.Model):
    """One version of the rules; the newest holds. See docs/algorithms/matching.md.

    `points[field][outcome]`: what an outcome of a comparison counts, for or against. `ways`: an OR of ANDs, each a
    list of [field, outcome]: that outcome or a stronger one. A pair that fulfils a way and has `look_at` points needs
    a look; with `join_at` points (None: never) it is joined without asking, unless something speaks against it.
    """

    points = models.JSONField(default=_points)
    ways = models.JSONField(default=_ways)
    look_at = models.PositiveSmallIntegerField(_("needs a look from"), default=60)
    join_at = models.PositiveSmallIntegerField(_("join without asking from"), null=True, blank=True)
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("rules for duplicates")
        constraints = [
            models.CheckConstraint(condition=Q(look_at__gte=1, look_at__lte=100), name="matchrules_look"),
            models.CheckConstraint(
                condition=Q(join_at=None) | Q(join_at__gt=F("look_at")) & Q(join_at__lte=200),
                name="matchrules_join",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @classmethod
    def current(cls) -> "MatchRules":
        """The newest version; the first is made on first use."""
        found = cls.objects.order_by("-pk").first()
        if found is None:
            with trail.first_use("customers.matchrules"):
                found = cls.objects.create()
        return found

    def settings(self) -> dict[str, Any]:
        """What a person can change."""
        return {name: getattr(self, name) for name in ("points", "ways", "look_at", "join_at")}


class MatchKey(Owned):
    """Under which keys a customer is looked for among duplicates: hashes of parts of what is known of them.

    Derived (`customers/matching/keys.py`). `version` is that of the derivation; `made_at` tells which facts came
    later. The first key is that of the whole name.
    """

    on_merge = OnMerge.DROP

    customer = models.OneToOneField(
        "customers.Customer", models.PROTECT, primary_key=True, related_name="+", db_constraint=False
    )
    keys = ArrayField(models.BigIntegerField())
    version = models.SmallIntegerField()
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("key by which duplicates are found")
        indexes = [GinIndex(fields=["keys"], name="matchkey_keys")]


class PairState(models.TextChoices):
    OPEN = "open", _("To be looked at")
    DISMISSED = "dismissed", _("Different people")
    MERGED = "merged", _("Merged")


class DuplicatePairQuerySet(models.QuerySet):
    def visible_to(self, viewer: Viewer) -> "DuplicatePairQuerySet":
        """Pairs of which one may see both sides (docs/decisions/0015)."""
        if viewer.scope().store_ids is None:
            return self
        seen = Customer.objects.visible_to(viewer).values("pk")
        return self.filter(first__in=seen, second__in=seen)

    def waiting(self) -> "DuplicatePairQuerySet":
        """Open, and nobody of the two was merged away meanwhile."""
        return self.filter(state=PairState.OPEN, first__merged_into=None, second__merged_into=None)


class DuplicatePair(models.Model):
    """Two customers who may be one person: `first` has the smaller number.

    `reasons`: [[field, outcome, points]], no personal values. `digest` is that of the facts which were compared: a
    decision holds as long as they stay as they were; `decided_by` of an open pair is who decided before. A queue and no
    customer's own row: it belongs to two.
    """

    first = models.ForeignKey("customers.Customer", models.PROTECT, related_name="+", db_constraint=False)
    second = models.ForeignKey("customers.Customer", models.PROTECT, related_name="+", db_constraint=False)
    score = models.PositiveSmallIntegerField(_("score"))
    reasons = models.JSONField(default=list)
    conflict = models.CharField(max_length=24, blank=True, default="")
    rules = models.ForeignKey(MatchRules, models.PROTECT, related_name="+")
    digest = models.BinaryField(max_length=16)
    state = models.CharField(_("state"), max_length=9, choices=PairState.choices, default=PairState.OPEN)
    swept_by = models.BigIntegerField(null=True)  # the sweep that saw it last, by its time in microseconds
    found_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, blank=True, default="")

    objects = DuplicatePairQuerySet.as_manager()

    class Meta:
        verbose_name = _("possible duplicate")
        constraints = [
            models.UniqueConstraint("first", "second", name="duplicatepair_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="duplicatepair_in_order"),
            models.CheckConstraint(
                condition=Q(state="open") | Q(decided_at__isnull=False), name="duplicatepair_decided_when"
            ),
        ]
        indexes = [models.Index(fields=["state", "-score", "id"], name="duplicatepair_queue")]

    def __str__(self) -> str:
        return f"#{self.pk}"
