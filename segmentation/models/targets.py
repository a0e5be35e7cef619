"""Target markets: how the chain chooses, what it decided about each segment, and what the nights measured of them."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.audit import trail
from crm.lib.money import TotalField
from crm.org.models import Staff, Store, public_id
from crm.org.scope import ScopedQuerySet
from customers.models import Night
from segmentation.models.scheme import Group
from segmentation.models.segment import Segment


class Mode(models.TextChoices):
    """Kotler's three ways to serve a market."""

    UNDIFFERENTIATED = "whole", _("One offer for everybody")
    SEGMENTED = "segments", _("An offer for each chosen segment")
    ONE_TO_ONE = "one", _("One to one")


class Targeting(models.Model):
    """One version of how the chain chooses its markets; the newest holds at once.

    The weights of each axis sum to 100 (docs/algorithms/targets.md). `goal` to `promotion` are the plan for the whole
    market, which is served as one in the mode that says so; the plans of segments stand in `Target`.
    """

    mode = models.CharField(_("mode"), max_length=8, choices=Mode.choices, default=Mode.SEGMENTED)
    goal = models.CharField(_("goal"), max_length=200, blank=True, default="")
    product = models.TextField(_("product"), blank=True, default="")
    price = models.TextField(_("price"), blank=True, default="")
    channel = models.TextField(_("channel"), blank=True, default="")
    promotion = models.TextField(_("promotion"), blank=True, default="")
    size = models.PositiveSmallIntegerField(_("size"), default=20)
    growth = models.PositiveSmallIntegerField(_("growth"), default=20)
    value = models.PositiveSmallIntegerField(_("value"), default=25)
    churn = models.PositiveSmallIntegerField(_("churn"), default=10)
    reach = models.PositiveSmallIntegerField(_("reach"), default=15)
    competition = models.PositiveSmallIntegerField(_("competition"), default=10)
    fit = models.PositiveSmallIntegerField(_("fit"), default=40)
    wallet = models.PositiveSmallIntegerField(_("share of wallet"), default=30)
    revenue = models.PositiveSmallIntegerField(_("share of revenue"), default=30)
    remark = models.CharField(_("why it changed"), max_length=200, blank=True, default="")
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("way to choose markets")
        constraints = [
            models.CheckConstraint(
                condition=Q(size=100 - F("growth") - F("value") - F("churn") - F("reach") - F("competition")),
                name="targeting_attractiveness_whole",
            ),
            models.CheckConstraint(
                condition=Q(fit=100 - F("wallet") - F("revenue")), name="targeting_strength_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @classmethod
    def current(cls) -> "Targeting":
        """The newest version; the first is made on first use."""
        found = cls.objects.order_by("-pk").first()
        if found is None:
            with trail.first_use("segmentation.targeting"):
                found = cls.objects.create()
        return found


class TargetStatus(models.TextChoices):
    CONSIDERED = "considered", _("Considered")
    CHOSEN = "chosen", _("Chosen")
    DROPPED = "dropped", _("Dropped")


def _rating(words: Any) -> models.PositiveSmallIntegerField:
    return models.PositiveSmallIntegerField(words, null=True, blank=True)


def _of_one(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(group__isnull=True, segment__isnull=False) | Q(group__isnull=False, segment__isnull=True),
        name=name,
    )


class Target(models.Model):
    """What the chain decided about a segment, or about a group of RFM: made with the first word about it.

    `competition` (5: strong) and `fit` (5: just ours) are the newest judgement; who said what when stands in
    `TargetJudgement` and `TargetDecision`.
    """

    group = models.ForeignKey(Group, models.PROTECT, null=True, related_name="+")
    segment = models.ForeignKey(Segment, models.PROTECT, null=True, related_name="+")
    status = models.CharField(
        _("status"), max_length=10, choices=TargetStatus.choices, default=TargetStatus.CONSIDERED
    )
    goal = models.CharField(_("goal"), max_length=200, blank=True, default="")
    product = models.TextField(_("product"), blank=True, default="")
    price = models.TextField(_("price"), blank=True, default="")
    channel = models.TextField(_("channel"), blank=True, default="")
    promotion = models.TextField(_("promotion"), blank=True, default="")
    owner = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    review_on = models.DateField(_("review on"), null=True, blank=True)
    competition = _rating(_("competition"))
    fit = _rating(_("fit"))
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("target market")
        constraints = [
            _of_one("target_of_one_segment"),
            models.UniqueConstraint("group", condition=Q(group__isnull=False), name="target_group_once"),
            models.UniqueConstraint(
                "segment", condition=Q(segment__isnull=False), name="target_segment_once"
            ),
            models.CheckConstraint(
                condition=Q(competition=None) | Q(competition__range=(1, 5)), name="target_competition_rated"
            ),
            models.CheckConstraint(condition=Q(fit=None) | Q(fit__range=(1, 5)), name="target_fit_rated"),
        ]
        indexes = [
            models.Index(fields=["review_on"], name="target_to_review", condition=Q(review_on__isnull=False))
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def key(self) -> str:
        """Its name in addresses: that of its group or segment."""
        return str(self.group.code) if self.group else public_id("seg").encode(self.segment_id or 0)


class TargetJudgement(models.Model):
    """What somebody thought of competition and fit. Only added."""

    target = models.ForeignKey(Target, models.PROTECT, related_name="judgements")
    competition = _rating(_("competition"))
    fit = _rating(_("fit"))
    remark = models.CharField(_("remark"), max_length=400, blank=True, default="")
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("judgement about a target market")


class TargetDecision(models.Model):
    """That a segment was chosen, dropped or is considered again. Only added. `night`: what was known then."""

    target = models.ForeignKey(Target, models.PROTECT, related_name="decisions")
    status = models.CharField(_("status"), max_length=10, choices=TargetStatus.choices)
    remark = models.CharField(_("remark"), max_length=400, blank=True, default="")
    night = models.ForeignKey(Night, models.PROTECT, null=True, related_name="+", db_index=False)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("decision about a target market")


class TargetNight(models.Model):
    """That a night measured the segments, and by what: the codes of the sources (`targets/measures.py`)."""

    night = models.OneToOneField(Night, models.PROTECT, primary_key=True, related_name="+")
    churn_by = models.CharField(max_length=40)
    value_by = models.CharField(max_length=40)
    month_on = models.DateField(null=True)  # the earlier nights that sizes of groups are compared with
    quarter_on = models.DateField(null=True)

    class Meta:
        verbose_name = _("measures of the segments at a night")


class TargetCount(models.Model):
    """What a night measured of a segment's customers of one home store (NULL: none): sums, so that stores add up.

    `…_of` is how many (or how much) a sum is to be divided by. NULL: not known. Only rows with a member then or now.
    """

    night = models.ForeignKey(Night, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", db_index=False)
    group = models.ForeignKey(Group, models.PROTECT, null=True, related_name="+", db_index=False)
    segment = models.ForeignKey(Segment, models.PROTECT, null=True, related_name="+", db_index=False)
    customers = models.IntegerField()
    month_ago = models.IntegerField(null=True)  # who were in it 4 weeks ago
    quarter_ago = models.IntegerField(null=True)  # 13 weeks ago
    buyers = models.IntegerField()  # in the window
    revenue = TotalField()  # of the window
    churn = models.FloatField()
    churn_of = models.IntegerField()
    value = models.FloatField()
    value_of = models.IntegerField()
    reach_any = models.IntegerField()  # consented and with an identifier
    reach_phone = models.IntegerField()
    reach_sms = models.IntegerField()
    reach_email = models.IntegerField()
    reach_wechat = models.IntegerField()
    reach_push = models.IntegerField()
    reach_post = models.IntegerField()
    breadth = models.BigIntegerField()  # categories bought, of those that the best tenth buy
    breadth_of = models.BigIntegerField()
    rhythm = models.FloatField()  # visits, of those that their own rhythm lets expect
    rhythm_of = models.IntegerField()
    peers = TotalField()  # spent by those whose peers are known
    peers_of = TotalField()  # spent by their peers in the middle

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("measures of a segment")
        constraints = [
            _of_one("targetcount_of_one_segment"),
            models.UniqueConstraint(
                fields=["night", "store", "group", "segment"], nulls_distinct=False, name="targetcount_once"
            ),
        ]
