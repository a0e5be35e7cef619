"""Scores as attributes: where a customer stands as of the published night.

What is kept as spells is read as it holds at that night. Scores that are made anew each night (`generations.py`) are
those of the newest fit up to it: another of their kind is a relation of `of_newest` and its columns.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.attributes import Attribute, Kind, Relation, registry
from customers.attributes.purchases import at_night
from segmentation import grid
from segmentation.clusters import reading
from segmentation.models import Cluster, Group, Scheme, ValueClass

STANDING = Relation(
    "standing",
    """(SELECT s.customer_id, g.code, s.r, s.f, s.m, s.value_class
    FROM segmentation_standing s JOIN segmentation_group g ON g.id = s.group_id
    WHERE s.night_id <= %(night)s AND (s.ended_night IS NULL OR s.ended_night > %(night)s))""",
)


def of_newest(name: str, scores: str, fits: str, columns: str) -> Relation:
    """Scores of a night: those of the newest fit that readers see (`generations.serving`). It is a night that changes
    them, all at once: nothing is watched."""
    sql = f"""(SELECT customer_id, {columns} FROM {scores}
    WHERE night_id = (SELECT max(night_id) FROM {fits} WHERE night_id <= %(night)s))"""  # noqa: S608  names of ours
    return Relation(name, sql)


LIFETIME = of_newest(
    "lifetime",
    "segmentation_lifetimescore",
    "segmentation_lifetimefit",
    "alive, purchases_90, value_90, value_365",
)
CHURN = of_newest("leaving", "segmentation_churnscore", "segmentation_churnnight", "probability, at_stake")
_RFM = pgettext_lazy("search", "RFM")
_CHURN = pgettext_lazy("search", "churn, likely to leave, attrition, retention, at risk")
_CLV = pgettext_lazy("search", "lifetime value, CLV, LTV, forecast")
CLUSTER = at_night("clustered", "segmentation_clustermember", "cluster_id")


def _clusters() -> Mapping[str, Any]:
    numbers = list(Cluster.objects.order_by("pk").values_list("pk", flat=True))
    names = reading.names_of(numbers)
    return {str(pk): names[pk] for pk in numbers}


def _groups() -> Mapping[str, Any]:
    """The product's own until the chain's are made, on first use."""
    known = list(Group.objects.order_by("position", "pk")) or [Group(code=code) for code in grid.COLOURS]
    return {group.code: group.name for group in known}


def _score(code: str, label: Any) -> Attribute:
    sql = f"nullif(standing.{code}, 0)"
    return Attribute(
        f"rfm.{code}", label, "scores", Kind.NUMBER, STANDING, sql, least=1, most=_highest, also=_RFM
    )


def _highest() -> int:
    newest = Scheme.objects.order_by("-pk").first()
    return (newest or Scheme()).buckets


def _expected(code: str, label: Any, kind: Kind, sql: str, **more: Any) -> Attribute:
    return Attribute(f"lifetime.{code}", label, "scores", kind, LIFETIME, sql, **more)


ATTRIBUTES = (
    Attribute("rfm.group", _("Group"), "scores", Kind.CHOICE, STANDING, "standing.code", _groups, also=_RFM),
    _score("r", _("Score of recency")),
    _score("f", _("Score of frequency")),
    _score("m", _("Score of money")),
    Attribute(
        "rfm.value_class", _("Value class"), "scores", Kind.CHOICE, STANDING, "standing.value_class",
        lambda: {str(value): label for value, label in ValueClass.choices}, is_numbered=True,
        also=pgettext_lazy("search", "RFM, ABC, best customers, VIP"),
    ),
    _expected(
        "value_90", _("Expected value of 90 days"), Kind.MONEY, "lifetime.value_90",
        noun=_("expected value in 90 days"), also=_CLV,
    ),
    _expected(
        "value_365", _("Expected value of 365 days"), Kind.MONEY, "lifetime.value_365",
        noun=_("expected value in 365 days"), also=_CLV,
    ),
    _expected(
        "purchases_90", _("Expected purchases of 90 days"), Kind.NUMBER, "lifetime.purchases_90 / 100.0",
        least=0, noun=_("expected number of purchases in 90 days"), also=_CLV,
    ),
    _expected(
        "alive", _("Probability of being a customer still"), Kind.NUMBER, "lifetime.alive / 10.0",
        unit="percent", noun=_("probability of still being a customer"), least=0, most=100,
        also=pgettext_lazy("search", "lifetime, alive, churn, retention"),
    ),
    Attribute(
        "churn.probability", _("Probability of leaving"), "scores", Kind.NUMBER, CHURN,
        "leaving.probability * 100", unit="percent", least=0, most=100,
        help=_("That they buy nothing for as long as the model looks ahead."), also=_CHURN,
    ),
    Attribute("churn.at_stake", _("Value at stake"), "scores", Kind.MONEY, CHURN, "leaving.at_stake", also=_CHURN),
    Attribute(
        "cluster", pgettext_lazy("attribute", "Cluster"), "scores", Kind.CHOICE, CLUSTER, "clustered.cluster_id",
        _clusters, is_numbered=True, also=pgettext_lazy("search", "type of customer, persona, profile"),
    ),
)  # fmt: skip


def fill() -> None:
    registry.offer_heading("scores", pgettext_lazy("attributes", "Scores"), 90)
    registry.offer(*ATTRIBUTES)
