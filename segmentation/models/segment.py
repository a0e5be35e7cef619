"""Segments: their descriptions in versions, those who were listed by name, and who was in one from when until when."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from crm.lib.owned import OnMerge, Owned
from crm.org.models import Staff, public_id
from crm.org.scope import ScopedQuerySet
from customers.models import Night


class SegmentKind(models.TextChoices):
    RULES = "rules", _("By conditions")
    LIST = "list", _("A list of customers")


class SegmentQuerySet(models.QuerySet):
    def visible_to(self, viewer: Any) -> "SegmentQuerySet":
        """Those for everybody, and one's own. What is in them is scoped by the stores that the viewer sees."""
        own = Q(owner=viewer.pk) if isinstance(viewer, Staff) else Q(pk__in=())
        return self.filter(own | Q(is_shared=True))

    def in_use(self) -> "SegmentQuerySet":
        """Without the archived ones."""
        return self.filter(archived_at=None)


class Segment(models.Model):
    """A set of customers with a name. What it means stands in its newest version.

    `owner` made it; the others see it when it `is_shared`. An archived one is not evaluated any more and keeps its
    history.
    """

    name = models.CharField(_("name"), max_length=80)
    about = models.CharField(_("what it is for"), max_length=400, blank=True, default="")
    kind = models.CharField(_("kind"), max_length=5, choices=SegmentKind.choices, default=SegmentKind.RULES)
    owner = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    is_shared = models.BooleanField(_("for everybody"), default=True)
    archived_at = models.DateTimeField(null=True, editable=False)
    created_by = models.CharField(max_length=80, default="system", editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = SegmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("segment")
        constraints = [
            models.UniqueConstraint(Lower("name"), condition=Q(archived_at=None), name="segment_name_once"),
            models.CheckConstraint(condition=~Q(name=""), name="segment_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return public_id("seg").encode(self.pk)

    @staticmethod
    def row_id(text: str) -> int | None:
        return public_id("seg").decode(text)


class SegmentVersion(models.Model):
    """What a segment means. Only added. `definition` is the canonical JSON of the tree (`segments/tree.py`); that of a
    list is {}, and its customers are the `SegmentListed` of the version."""

    segment = models.ForeignKey(Segment, models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    definition = models.JSONField(default=dict)
    remark = models.CharField(_("why it changed"), max_length=200, blank=True, default="")
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True, editable=False)  # when its customers were first written down

    class Meta:
        verbose_name = _("version of a segment")
        constraints = [
            models.UniqueConstraint("segment", "number", name="segmentversion_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="segmentversion_counts"),
        ]
        indexes = [
            models.Index(fields=["segment"], name="segmentversion_new", condition=Q(settled_at=None)),
        ]

    def __str__(self) -> str:
        return f"#{self.segment_id}.{self.number}"


class SegmentListed(Owned):
    """A customer of a list, by one of its versions."""

    on_merge = OnMerge.UNITE

    pk = models.CompositePrimaryKey("customer", "version")
    version = models.ForeignKey(
        SegmentVersion, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )

    class Meta:
        verbose_name = _("customer of a list")
        indexes = [models.Index(fields=["version", "customer"], name="segmentlisted_by_version")]


class SegmentSpellQuerySet(ScopedQuerySet):
    scope_path = "customer__home_store"

    def at(self, moment: Any = None) -> "SegmentSpellQuerySet":
        """The spells that held at a moment; without one, those that hold now."""
        if moment is None:
            return self.filter(ended_at=None)
        return self.filter(Q(ended_at=None) | Q(ended_at__gt=moment), began_at__lte=moment)


class SegmentSpell(Owned):
    """A customer was in a segment from `began_at` until before `ended_at` (NULL: still is).

    `version` says by which description they came in. `because`: the values that its conditions met then, in the order
    of the conditions, so that "why were they in it" has an answer for ever.
    """

    on_merge = OnMerge.STAY

    pk: Any = models.CompositePrimaryKey("customer", "segment", "began_at")
    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    segment = models.ForeignKey(
        Segment, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    version = models.ForeignKey(
        SegmentVersion, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    because = models.JSONField(null=True)

    objects = SegmentSpellQuerySet.as_manager()

    class Meta:
        verbose_name = _("time in a segment")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "segment"], condition=Q(ended_at=None), name="segmentspell_one_open"
            ),
            models.CheckConstraint(condition=Q(ended_at__gt=F("began_at")), name="segmentspell_in_order"),
        ]
        indexes = [
            models.Index(fields=["segment", "customer"], name="segmentspell_now", condition=Q(ended_at=None)),
            models.Index(fields=["segment", "began_at"], name="segmentspell_began"),
            models.Index(
                fields=["segment", "ended_at"], name="segmentspell_ended", condition=Q(ended_at__isnull=False)
            ),
        ]


class SegmentNight(models.Model):
    """How a segment stood when a night was over: how many, who came and went since the night before, and a digest.

    `digest` is the SHA-256 of the members' row numbers, rising, eight bytes each: `timetravel.digest_at` makes it again
    from the spells at `at`, and any difference says that history was touched.
    """

    pk: Any = models.CompositePrimaryKey("segment", "night")
    segment = models.ForeignKey(Segment, models.PROTECT, related_name="nights", db_index=False)
    night = models.ForeignKey(Night, models.PROTECT, related_name="+", db_index=False)
    version = models.ForeignKey(SegmentVersion, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    customers = models.IntegerField()
    came = models.IntegerField()
    went = models.IntegerField()
    digest = models.BinaryField(max_length=32)

    class Meta:
        verbose_name = _("segment at the end of a night")


class SegmentUse(models.Model):
    """That people were used for something: an export, coupons, a list of calls (`segments/uses.py`).

    `segment` NULL: they were none of a saved segment; `part` says of what, and where it was not a whole segment, which
    of its people. `as_of`: the moment whose members were taken (NULL: `at`, when it was). `store_ids`: the stores that
    the user could see then (NULL: the whole chain). The digest is of whom they took. All members of a segment follow
    from its spells; others stand in `members`, because home stores change and what narrowed them does, too.
    """

    segment = models.ForeignKey(Segment, models.PROTECT, null=True, related_name="uses")
    part = models.CharField(max_length=200, default="")
    at = models.DateTimeField()
    as_of = models.DateTimeField(null=True)
    used_for = models.CharField(max_length=120)
    used_by = models.CharField(max_length=80)
    store_ids = models.JSONField(null=True)
    customers = models.IntegerField()
    digest = models.BinaryField(max_length=32)
    members = models.BinaryField(null=True)

    class Meta:
        verbose_name = _("use of a segment")
        constraints = [
            models.CheckConstraint(
                condition=Q(segment__isnull=False) | Q(members__isnull=False), name="segmentuse_tells_whom"
            )
        ]
        indexes = [models.Index(fields=["segment", "-at"], name="segmentuse_by_time")]
