"""The clusters: a card each, how their number came about, who moved; their people and the sums as files."""

from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui import export
from crm.ui.staff import chain_of
from crm.ui.views import StaffView
from customers.models import Customer
from segmentation.clusters import limits, reading
from segmentation.clusters.reading import Card, Movement, Picture
from segmentation.models import Cluster
from segmentation.views import clusterwords
from segmentation.views.base import tabs
from segmentation.views.keeping import KeepAsList
from segmentation.views.members import ListWork, exported, listed
from segmentation.views.scope import Filter, whole_chain

FLOWS = 12


class ClusterFilter(Filter):
    """Whose stores; always the published night."""

    def __init__(self, data: Any, staff: Staff) -> None:
        super().__init__(data, staff, dates=[])
        del self.fields["on"]

    @property
    def query(self) -> dict[str, str]:
        return {name: self.data[name] for name in self.fields if self.data.get(name)}


class Clusters(StaffView):
    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        form = ClusterFilter(request.GET, self.staff)
        found = reading.picture(form.viewer)
        context = {
            "tabs": tabs(self, "clusters"), "title": _("Segments"), "form": form, "picture": found,
            "fewest": limits.FEWEST, "export": reverse("segmentation:clusters-export"),
        }  # fmt: skip
        if found and found.fit:
            context |= self.told(found, form)
        return self.render("segmentation/clusters.html", context)

    def told(self, found: Picture, form: ClusterFilter) -> dict[str, Any]:
        currency, query = chain_of(self.request).currency, urlencode(form.query)
        moved = reading.movement(form.viewer, found.night)
        return {
            "cards": [(card, people_of(card, query), bars(card, currency)) for card in found.cards],
            "chart": clusterwords.chart(found.fit), "numbers": clusterwords.numbers(found.fit),
            "why": clusterwords.why(found.fit), "explained": clusterwords.explained(found.fit),
            "drift": clusterwords.drift(found), "query": query, "moved": moved,
            "flows": flows(moved) if moved else [], "whole": whole_chain(form.viewer),
        }  # fmt: skip


def people_of(card: Card, query: str) -> str:
    address = reverse("segmentation:cluster-members", args=[card.cluster.pk])
    return f"{address}?{query}" if query else address


def bars(card: Card, currency: str) -> list[tuple[Any, str, str, float, bool]]:
    """(label, value, everybody's, length of 1, more or less)."""
    most = max((abs(one.away) for one in card.apart), default=0) or 1
    return [
        (
            one.trait.label, clusterwords.value(one.trait, one.value, currency),
            clusterwords.value(one.trait, one.everybody, currency), round(abs(one.away) / most, 3), one.away > 0,
        )
        for one in card.apart
    ]  # fmt: skip


def flows(moved: Movement) -> list[tuple[str, str, int]]:
    told = moved.flows()[:FLOWS]
    names = reading.names_of(pk for a, b, _n in told for pk in (a, b) if pk)
    outside = _("in no cluster")
    return [
        (names.get(a, outside) if a else outside, names.get(b, outside) if b else outside, n)
        for a, b, n in told
    ]


class ClustersExport(StaffView):
    """The clusters as a file: sums and means, no customers."""

    permission = Permission.EXPORT_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        found = reading.picture(ClusterFilter(request.GET, self.staff).viewer)
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        with transaction.atomic():
            trail.record(
                "segments.export", "segmentation.clustercount:*", by=self.staff, details={"format": kind}
            )
        head = [_("Cluster"), _("Customers"), _("Share of customers"), _("Revenue"), _("Share of revenue"),
                _("What sets it apart"), _("Typical categories")]  # fmt: skip
        rows = [
            [
                card.name, card.customers, round(card.share_of_customers, 6), card.revenue,
                round(card.share_of_revenue, 6), clusterwords.in_short(card.apart), clusterwords.in_short(card.typical),
            ]
            for card in (found.cards if found else [])
        ]  # fmt: skip
        return export.download(_("clusters"), kind, head, rows)


class _Members:
    """The cluster that the address names, and its people."""

    def __init__(self, request: HttpRequest, staff: Staff, pk: int) -> None:
        self.form = ClusterFilter(request.GET, staff)
        self.cluster = get_object_or_404(Cluster, pk=pk)

    def people(self) -> QuerySet[Customer]:
        rows: QuerySet[Customer] = reading.people(self.form.viewer, self.cluster)
        return rows.select_related("home_store")

    @property
    def name(self) -> str:
        return reading.names_of([self.cluster.pk])[self.cluster.pk]


class ClusterMembers(StaffView):
    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        asked = _Members(request, self.staff, pk)
        context = listed(self, asked.people(), request) | {
            "form": asked.form, "title": asked.name,
            "export": reverse("segmentation:cluster-members-export", args=[pk]),
            "follow_ups": reverse("segmentation:cluster-members-work", args=[pk]),
            "keep": reverse("segmentation:cluster-members-list", args=[pk]),
            "crumbs": [
                (_("Segments"), reverse("segmentation:segments")), (_("Clusters"), reverse("segmentation:clusters")),
            ],
        }  # fmt: skip
        return self.render("segmentation/members.html", context)


class ClusterMembersExport(StaffView):
    permission = Permission.EXPORT_CUSTOMERS

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        asked = _Members(request, self.staff, pk)
        return exported(self, asked.people(), request, {"cluster": str(pk)} | asked.form.query)


class ClusterMembersList(KeepAsList):
    """A list of the people of a cluster."""

    @property
    def _asked(self) -> _Members:
        return _Members(self.request, self.staff, self.kwargs["pk"])

    def people(self) -> QuerySet[Customer]:
        return self._asked.people()

    def name(self) -> str:
        return self._asked.name

    def back(self) -> str:
        address = reverse("segmentation:cluster-members", args=[self.kwargs["pk"]])
        return f"{address}?{self.request.GET.urlencode()}"


class ClusterMembersWork(ListWork):
    """Follow-ups for the people of a cluster."""

    permission = Permission.ASSIGN_WORK

    def dispatch(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponseBase:
        return super().dispatch(request)  # which cluster stands in `kwargs`

    def people(self) -> QuerySet[Customer]:
        return self._asked.people()

    def about(self) -> str:
        return f"{super().about()} ({self._asked.name})"

    def back(self) -> str:
        address = reverse("segmentation:cluster-members", args=[self.kwargs["pk"]])
        return f"{address}?{self.request.GET.urlencode()}"

    @property
    def _asked(self) -> _Members:
        return _Members(self.request, self.staff, self.kwargs["pk"])
