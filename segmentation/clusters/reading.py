"""Clusters as people read them: cards, members, movement, one customer's.

Everything here reads the published night and is scoped to the viewer's stores: who is in a cluster and how many. What
sets a cluster apart is told of the chain's customers, whoever looks.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from crm.org.scope import Viewer
from customers import nights
from customers.models import Customer, Night, SpellQuerySet
from segmentation.clusters import kinds, naming
from segmentation.models import Cluster, ClusterCount, ClusterFit, ClusterMember

BACK = timedelta(days=28)  # with what movement compares
BARS, TYPICAL = 6, 3
_WINDOW = Coalesce(Sum("customer__purchase_state__window_spent"), Decimal(0))


@dataclass(frozen=True)
class Apart:
    """A trait that sets a cluster apart: its mean, everybody's, and the difference in standard deviations."""

    trait: kinds.Trait
    value: float
    everybody: float
    away: float


@dataclass(frozen=True)
class Card:
    """A cluster in a night. Shares are of 1, of what the viewer sees."""

    cluster: Cluster
    name: str
    customers: int
    revenue: Decimal
    share_of_customers: float
    share_of_revenue: float
    apart: list[Apart]
    typical: list[Apart]  # categories that they spend more of their money on than others


@dataclass(frozen=True)
class Picture:
    """The clusters of the published night. `fit` is None where there are too few customers (`everybody`)."""

    night: Night
    everybody: int
    fit: ClusterFit | None = None
    cards: list[Card] = field(default_factory=list)


def serving(night: Night | None = None) -> ClusterFit | None:
    """What the published night goes by."""
    night = night or nights.published()
    if night is None:
        return None
    return (
        ClusterFit.objects.filter(night__lte=night.pk)
        .select_related("night", "settings")
        .order_by("-night_id")
        .first()
    )


def picture(viewer: Viewer) -> Picture | None:
    """None before the first night that looked for clusters."""
    night = nights.published()
    counts = _counts(night)
    if night is None or not counts:
        return None
    total, fit = counts.pop(None), serving(night)
    if fit is None or not counts:
        return Picture(night, total.customers)
    sums = _sums(viewer, night, counts)
    names = names_of(sums, night)
    categories = kinds.category_names(fit.scaling["codes"])
    customers = sum(n for n, _money in sums.values())
    revenue = sum((money for _n, money in sums.values()), Decimal(0))
    clusters = Cluster.objects.in_bulk(counts)
    cards = [
        Card(
            clusters[pk], names[pk], n, money, n / customers if customers else 0.0,
            float(money / revenue) if revenue else 0.0, *_told(counts[pk], total, categories),
        )
        for pk, (n, money) in sorted(sums.items(), key=lambda one: (-one[1][0], one[0]))
    ]  # fmt: skip
    return Picture(night, total.customers, fit, cards)


def members(viewer: Viewer, cluster: Cluster) -> SpellQuerySet:
    """Who is in a cluster in the published night, one row a customer, in no order."""
    night = nights.published()
    return ClusterMember.objects.at(night.pk if night else None).visible_to(viewer).filter(cluster=cluster)


def people(viewer: Viewer, cluster: Cluster) -> Any:
    """The same as customers."""
    # EXISTS and not IN: a page of fifty then walks the newest customers instead of gathering the whole cluster.
    found = members(viewer, cluster).filter(customer=OuterRef("pk"))
    return Customer.objects.visible_to(viewer).filter(Exists(found))


def names_of(clusters: Iterable[int], night: Night | None = None) -> dict[int, str]:
    """What clusters are called now: the chain's own name, else what set them apart when they were last learnt."""
    wanted = Cluster.objects.in_bulk(set(clusters))
    codes = {pk: words for pk, words in _words(night).items() if pk in wanted}
    categories = kinds.category_names(code for words in codes.values() for code in words)
    return {
        pk: cluster.own_name or naming.sentence(codes.get(pk, []), categories)
        for pk, cluster in wanted.items()
    }


@dataclass(frozen=True)
class Stay:
    """A stretch of nights in a cluster; `ended_night` None: still."""

    cluster: int
    name: str
    ended_night: int | None


def last_stays(customer: Customer, night: Night) -> list[Stay]:
    """The cluster that the customer was put in last, and the one before. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_STAYS, {"id": customer.pk, "night": night.pk})
        rows = cursor.fetchall()
    return [_stay(*row) for row in rows]


def _stay(pk: int, ended: int | None, names: str, codes: str | None, categories: str | None) -> Stay:
    own = Cluster(pk=pk, names=json.loads(names)).own_name
    known = {int(category): name for category, name in json.loads(categories or "{}").items()}
    return Stay(pk, own or naming.sentence(json.loads(codes or "[]"), known), ended)


def stays_told(told: list[list[Any]] | None) -> list[Stay]:
    """The same of what `TOLD` read with the rest of a customer's page."""
    return [_stay(*row) for row in told or []]


_STAYS = """
SELECT member.cluster_id, member.ended_night, cluster.names::text AS names, called.words::text AS words, (
    SELECT jsonb_object_agg(goods.id, goods.name)::text FROM customers_category goods
    WHERE called.words ? ('category:' || goods.id || '+')
) AS goods
FROM segmentation_clustermember member
JOIN segmentation_cluster cluster ON cluster.id = member.cluster_id
LEFT JOIN LATERAL (
    SELECT fit.words -> member.cluster_id::text AS words FROM segmentation_clusterfit fit
    WHERE fit.night_id <= %(night)s AND fit.words ? member.cluster_id::text ORDER BY fit.night_id DESC LIMIT 1
) called ON true
WHERE member.customer_id = %(id)s AND member.night_id <= %(night)s
ORDER BY member.night_id DESC LIMIT 2
"""
_PUBLISHED = "(SELECT published.night_id FROM customers_publishednight published LIMIT 1)"
# For `customers.whole`: as of the published night.
TOLD = f"""(
SELECT json_agg(json_build_array(stay.cluster_id, stay.ended_night, stay.names, stay.words, stay.goods))
FROM ({_STAYS.replace("%(night)s", _PUBLISHED)}) stay
)"""  # noqa: S608  our own names


@dataclass(frozen=True)
class Movement:
    """`counts[(from, to)]` customers by cluster's id; None: in none."""

    from_night: Night
    to_night: Night
    counts: dict[tuple[int | None, int | None], int]

    def flows(self) -> list[tuple[int | None, int | None, int]]:
        """Of those who moved, the largest first."""
        moved = [(a, b, n) for (a, b), n in self.counts.items() if a != b]
        return sorted(moved, key=lambda flow: (-flow[2], flow[0] or 0, flow[1] or 0))


def movement(viewer: Viewer, night: Night) -> Movement | None:
    """Since about four weeks before, or since the first night with clusters. None: there is one night alone."""
    first = (
        ClusterCount.objects.filter(cluster__isnull=False, night__lt=night.pk).order_by("night_id").first()
    )
    if first is None:
        return None
    before = nights.night_of(night.on - BACK)
    if before is None or before.pk < first.night_id:
        before = first.night
    was = ClusterMember.objects.at(before.pk).filter(customer=OuterRef("customer"))
    now = ClusterMember.objects.at(night.pk).visible_to(viewer)
    pairs = now.annotate(was=Subquery(was.values("cluster_id")[:1])).values("was", "cluster_id")
    counts: dict[tuple[int | None, int | None], int] = {
        (row["was"], row["cluster_id"]): row["n"] for row in pairs.annotate(n=Count("customer_id")).order_by()
    }
    gone = ClusterMember.objects.at(before.pk).visible_to(viewer)
    gone = gone.exclude(customer_id__in=ClusterMember.objects.at(night.pk).values("customer_id"))
    for row in gone.values("cluster_id").annotate(n=Count("customer_id")).order_by():
        counts[row["cluster_id"], None] = row["n"]
    return Movement(before, night, counts)


def _counts(night: Night | None) -> dict[int | None, ClusterCount]:
    """The sums of the newest night up to this one that has any; a run of other steps alone has none."""
    if night is None:
        return {}
    rows = ClusterCount.objects.filter(night__lte=night.pk)
    last = rows.order_by("-night_id").values("night_id")[:1]
    return {row.cluster_id: row for row in rows.filter(night=Subquery(last))}


def _sums(viewer: Viewer, night: Night, counts: dict[Any, ClusterCount]) -> dict[int, tuple[int, Decimal]]:
    """Customers and revenue as the viewer sees them: by home stores of now, as in the lists."""
    if viewer.scope().is_chain:
        return {pk: (row.customers, row.revenue) for pk, row in counts.items()}
    rows = ClusterMember.objects.at(night.pk).visible_to(viewer).values("cluster_id")
    found = {
        row["cluster_id"]: (row["n"], row["money"])
        for row in rows.annotate(n=Count("customer_id"), money=_WINDOW)
    }
    return {pk: found.get(pk, (0, Decimal(0))) for pk in counts}


def _words(night: Night | None) -> dict[int, list[str]]:
    """Of every cluster that ever was its latest codes."""
    night = night or nights.published()
    found: dict[int, list[str]] = {}
    rows = ClusterFit.objects.filter(night__lte=night.pk if night else 0)
    for words in rows.order_by("night_id").values_list("words", flat=True):
        found |= {int(pk): codes for pk, codes in words.items()}
    return found


def _told(
    row: ClusterCount, total: ClusterCount, categories: dict[int, str]
) -> tuple[list[Apart], list[Apart]]:
    """What sets a cluster apart, and its typical categories."""
    told = [
        Apart(kinds.of(code, categories), value, total.traits[code][0], away)
        for code, (value, away) in row.traits.items()
    ]
    habits = [one for one in told if kinds.category_of(one.trait.code) is None]
    goods = [one for one in told if kinds.category_of(one.trait.code) is not None and one.away > 0]
    by_strength = lambda one: (-abs(one.away), one.trait.code)  # noqa: E731
    typical = sorted(goods, key=by_strength)[:TYPICAL]
    return sorted(habits, key=by_strength)[:BARS], sorted(typical, key=lambda one: -one.value)
