"""Clusters and who is in them, of the published night."""

from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from crm.org.models import public_id
from crm.org.permissions import Permission
from crm.rest import pages
from crm.rest.endpoints import endpoint
from crm.rest.problems import NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers import nights
from segmentation.clusters import reading
from segmentation.clusters.reading import Apart, Card
from segmentation.models import Cluster

CLUSTER_ID = {"type": "integer", "minimum": 1, "maximum": 32767}


class TraitOut(msgspec.Struct):
    """`value`: the cluster's mean; `everybody`: the chain's; `away`: the difference in standard deviations."""

    trait: Annotated[str, Meta(description="Such as `weekend_share` or `category:17`; money is in cents.")]
    name: str
    value: float
    everybody: float
    away: float


class ClusterOut(msgspec.Struct):
    """`id` stays while the cluster lives, whatever it is called."""

    id: int
    name: str
    customers: int
    revenue: str
    share_of_customers: float
    share_of_revenue: float
    apart: list[TraitOut]
    typical: list[TraitOut]


class ClusterPage(msgspec.Struct):
    """`silhouettes` and `stabilities` by number of clusters; null where there are too few customers for any."""

    results: list[ClusterOut]
    next: str | None
    night: date | None
    learnt: date | None
    silhouettes: dict[str, float] | None
    stabilities: dict[str, float] | None


class ClusterMemberOut(msgspec.Struct):
    id: str


class ClusterMemberPage(msgspec.Struct):
    results: list[ClusterMemberOut]
    next: str | None
    night: date | None


class Clusters(ApiView):
    """The clusters of the published night."""

    permission = Permission.VIEW_SEGMENTS
    scope = KeyScope.SEGMENTS_READ
    tag = "segments"

    @endpoint("List clusters", answers={200: ClusterPage})
    def get(self) -> ClusterPage:
        """With the customers and the revenue of each, over the stores that the key sees. All on one page."""
        found = reading.picture(self.caller)
        if found is None or found.fit is None:
            return ClusterPage([], None, found.night.on if found else None, None, None, None)
        shown, fit = [_out(card) for card in found.cards], found.fit
        return ClusterPage(shown, None, found.night.on, fit.night.on, fit.silhouettes, fit.stabilities)


class ClusterMembers(ApiView):
    """Who is in a cluster."""

    permission = Permission.VIEW_SEGMENTS
    scope = KeyScope.SEGMENTS_READ
    tag = "segments"
    parts = {"cluster": CLUSTER_ID}

    @endpoint("List the members of a cluster", answers={200: ClusterMemberPage}, query=pages.PageQuery,
              problems={404: "There is no such cluster."})  # fmt: skip
    def get(self, cluster: int) -> Any:
        """Customers of the stores that the key sees, in the published night."""
        known = Cluster.objects.filter(pk=cluster).first() if cluster <= CLUSTER_ID["maximum"] else None  # type: ignore[operator]
        if known is None:
            raise NotFound("There is no such cluster.")
        after = pages.position(self.query.cursor, pages.RowNumber)
        rows = reading.members(self.caller, known).order_by("customer_id")
        if after:
            rows = rows.filter(customer_id__gt=after[0])
        found = list(rows.values_list("customer_id", flat=True)[: self.query.limit + 1])
        encode, night = public_id("cus").encode, nights.published()
        shown = [ClusterMemberOut(encode(pk)) for pk in found[: self.query.limit]]
        cursor = pages.cursor_after(found, self.query.limit, lambda pk: (pk,))
        return pages.page(self.request, shown, cursor) | {"night": night.on if night else None}


def _out(card: Card) -> ClusterOut:
    return ClusterOut(
        card.cluster.pk, card.name, card.customers, f"{card.revenue:.2f}", card.share_of_customers,
        card.share_of_revenue, [_trait(one) for one in card.apart], [_trait(one) for one in card.typical],
    )  # fmt: skip


def _trait(one: Apart) -> TraitOut:
    return TraitOut(one.trait.code, str(one.trait.label), one.value, one.everybody, one.away)
