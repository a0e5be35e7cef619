"""Groups that the data themselves fall into: how many, their centres, who is in which, a night's sums."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from crm.audit import trail
from crm.lib.money import TotalField
from customers.models import Night, Spell, SpellQuerySet
from segmentation.models.scheme import colour_validator

FEWEST_CLUSTERS, MOST_CLUSTERS = 2, 12
MOST_DAYS = 366


class ClusterSettings(models.Model):
    """One version of how clusters are made; the newest holds from the next night on.

    `wanted` clusters; NULL: the data choose. Centres are learnt anew by the first night that finds a newer version
    (one with the same values asks for just that), every `relearn_days` days, and when customers no longer fit.
    """

    wanted = models.PositiveSmallIntegerField(
        _("number of clusters"), null=True, blank=True,
        validators=[MinValueValidator(FEWEST_CLUSTERS), MaxValueValidator(MOST_CLUSTERS)],
    )  # fmt: skip
    relearn_days = models.PositiveSmallIntegerField(
        _("learn anew every"), default=7, validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)]
    )
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("settings of the clusters")
        constraints = [
            models.CheckConstraint(
                condition=Q(wanted=None) | Q(wanted__gte=FEWEST_CLUSTERS, wanted__lte=MOST_CLUSTERS),
                name="clustersettings_wanted",
            ),
            models.CheckConstraint(
                condition=Q(relearn_days__gte=1, relearn_days__lte=MOST_DAYS), name="clustersettings_days"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @classmethod
    def current(cls) -> "ClusterSettings":
        """The newest version; the first is made on first use."""
        found = cls.objects.order_by("-pk").first()
        if found is None:
            with trail.first_use("segmentation.clustersettings"):
                found = cls.objects.create()
        return found

    def values(self) -> dict[str, Any]:
        """What a person can change, for forms and for the audit trail."""
        return {"wanted": self.wanted, "relearn_days": self.relearn_days}


class Cluster(models.Model):
    """A group that the data showed, from the night that found it on. It lives on through later learning.

    Without a name of the chain's own it is called by what sets it apart (`ClusterFit.words`).
    """

    id = models.SmallAutoField(primary_key=True)
    names = models.JSONField(
        _("names"), default=dict, blank=True,
        help_text=_("Language code to name; empty means the name found in the data."),
    )  # fmt: skip
    colour = models.CharField(_("colour"), max_length=7, default="#64748b", validators=[colour_validator])
    born_night = models.ForeignKey(Night, models.PROTECT, related_name="+", db_index=False)
    ended_night = models.IntegerField(null=True, blank=True)  # the night that found nobody like them any more

    class Meta:
        verbose_name = _("cluster")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.own_name or f"#{self.pk}"

    @property
    def own_name(self) -> str:
        """The chain's own name in the reader's language, if it gave one."""
        return str(self.names.get(get_language() or "en") or self.names.get("en") or "")


class ClusterFit(models.Model):
    """What a night learnt: the centres, in the order of `clusters` (ids), and how their number came about.

    `scaling`: how traits become coordinates (`segmentation.clusters.scaling`). `silhouettes` and `stabilities` are by
    number of clusters, as text. `words`: of each cluster's id the codes that name it. `misfit`: the mean squared
    distance to the nearest centre; `shares`: of the customers, by cluster's id.
    """

    night = models.OneToOneField(Night, models.PROTECT, primary_key=True, related_name="+")
    settings = models.ForeignKey(ClusterSettings, models.PROTECT, related_name="+")
    why = models.CharField(max_length=8)  # first, asked, due, drift
    sample = models.IntegerField()  # customers that it was learnt from
    clusters = models.JSONField()
    scaling = models.JSONField()
    centres = models.JSONField()
    silhouettes = models.JSONField()
    stabilities = models.JSONField()
    words = models.JSONField()
    misfit = models.FloatField()
    shares = models.JSONField()

    class Meta:
        verbose_name = _("learning of the clusters")


class ClusterCount(models.Model):
    """A cluster in a night (NULL: everybody in a cluster; with no cluster at all, everybody who could be).

    `traits`: of each trait the mean, and how far that is from everybody's in standard deviations.
    """

    night = models.ForeignKey(Night, models.PROTECT, related_name="+", db_index=False)
    cluster = models.ForeignKey(Cluster, models.PROTECT, null=True, related_name="+", db_index=False)
    customers = models.IntegerField()
    revenue = TotalField()
    misfit = models.FloatField(default=0)
    traits = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("customers in a cluster")
        constraints = [
            models.UniqueConstraint(
                fields=["night", "cluster"], nulls_distinct=False, name="clustercount_once"
            )
        ]


class ClusterMember(Spell):
    """In which cluster a customer is, for as long as it stays the same. Nobody who objects to a profile has one."""

    pk: Any = models.CompositePrimaryKey("customer", "night")
    cluster = models.ForeignKey(
        Cluster, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )

    objects = SpellQuerySet.as_manager()

    class Meta:
        verbose_name = _("cluster over time")
        constraints = [
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(ended_night=None),
                include=["cluster"],
                name="clustermember_one_open",
            ),
            models.CheckConstraint(condition=Q(ended_night__gt=F("night")), name="clustermember_in_order"),
        ]
        indexes = [
            models.Index(
                fields=["cluster", "customer"], name="clustermember_now", condition=Q(ended_night=None)
            ),
            models.Index(
                fields=["ended_night"], name="clustermember_ended", condition=Q(ended_night__isnull=False)
            ),
        ]
