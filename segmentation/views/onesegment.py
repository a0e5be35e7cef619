"""One segment: what it means, who is in it, how it grew, its versions."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.org.scope import Viewer
from crm.ui import words
from crm.ui.views import StaffView
from customers.models import Customer
from segmentation.building.difference import difference
from segmentation.models import (
    Segment,
    SegmentKind,
    SegmentListed,
    SegmentSpell,
    SegmentVersion,
)
from segmentation.segments import growth, overview, owning, reading, roster
from segmentation.segments.members import is_evaluated, newest
from segmentation.segments.sizes import Size, sizes
from segmentation.views.members import ListWork, exported, listed
from segmentation.views.segmentwords import sentence_of

MOST_VERSIONS = 20
NIGHTS = 180
MOST_ASKED = 20_000  # people of a segment that was not evaluated yet, listed by asking what it means


class SegmentView(StaffView):
    """A page of one segment that this person sees."""

    permission = Permission.VIEW_SEGMENTS

    def segment(self, public_id: str) -> Segment:
        found = owning.reachable(self.staff).select_related("owner")
        return get_object_or_404(found, pk=Segment.row_id(public_id) or 0)


def people_of(segment: Segment, staff: Staff) -> QuerySet[Customer]:
    """Who is in it now, of those whom somebody sees."""
    rows = Customer.objects.visible_to(staff).living().select_related("home_store")
    if segment.kind == SegmentKind.LIST:
        on_it = SegmentListed.objects.filter(version=newest(segment.pk), customer=OuterRef("pk"))
        return rows.filter(Exists(on_it))
    if is_evaluated(segment.pk):
        spells = SegmentSpell.objects.filter(segment=segment, ended_at=None, customer=OuterRef("pk"))
        return rows.filter(Exists(spells))
    try:
        return rows.filter(pk__in=roster.now(segment, staff)[:MOST_ASKED])
    except reading.InvalidSegment:
        return rows.none()


class SegmentPage(SegmentView):
    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        segment = self.segment(public_id)
        context = self.about(segment) | listed(self, people_of(segment, self.staff), request)
        return self.render("segmentation/segment.html", context)

    def about(self, segment: Segment) -> dict[str, Any]:
        at = [segment.public_id]
        versions = list(segment.versions.order_by("-number")[: MOST_VERSIONS + 1])
        told = told_versions(segment, versions, self.staff)
        size = sizes([segment], self.staff, now())[segment.pk]
        return {
            "segment": segment,
            "title": segment.name,
            "sentence": told[0]["sentence"] if told else "",
            "size": size,
            "used": overview.uses([segment]).get(segment.pk, {}),
            "asked_by": asked_by(segment, self.staff),
            "versions": told[:MOST_VERSIONS],
            "trend": trend(segment, size, self.staff),
            "is_list": segment.kind == SegmentKind.LIST,
            "is_mine": owning.is_owner(segment, self.staff),
            "may_change": self.staff.may(Permission.EDIT_SEGMENTS) and owning.may_change(segment, self.staff),
            "may_take": owning.may_take(self.staff),
            "is_evaluated": segment.kind == SegmentKind.LIST or is_evaluated(segment.pk),
            "export": reverse("segmentation:segment-export", args=at),
            "follow_ups": reverse("segmentation:segment-work", args=at),
            "crumbs": [(_("Segments"), reverse("segmentation:saved"))],
        }


def asked_by(segment: Segment, staff: Staff) -> list[Segment]:
    """The other segments that ask this one, of those that somebody sees."""
    others = list(Segment.objects.visible_to(staff).in_use().exclude(pk=segment.pk).order_by("name", "pk"))
    return overview.askers(others, overview.newest_versions(others)).get(segment.pk, [])


def told_versions(segment: Segment, versions: list[SegmentVersion], viewer: Staff) -> list[dict[str, Any]]:
    """The newest first: who made each and when, and what it changed."""
    names = _names(versions)
    said = [sentence_of(one, segment, viewer) for one in versions]
    earlier = [*said[1:], None]
    return [
        {
            "version": one,
            "who": names.get(one.created_by, ""),
            "sentence": sentence,
            "parts": [("same", sentence)] if before is None else difference(before, sentence),
        }
        for one, sentence, before in zip(versions, said, earlier, strict=True)
    ]


def _names(versions: list[SegmentVersion]) -> dict[str, str]:
    numbers = {one.created_by: one.created_by.partition(":")[2] for one in versions}
    people = {actor: int(number) for actor, number in numbers.items() if number.isdigit()}
    names = dict(Staff.objects.filter(pk__in=people.values()).values_list("pk", "name"))
    return {actor: names.get(number, "") for actor, number in people.items()}


def trend(segment: Segment, size: Size, viewer: Viewer) -> dict[str, Any] | None:
    """How many of the viewer's customers there were each night, and how many there are now."""
    nights = growth.growth(segment, viewer)[-NIGHTS:]
    rows: list[tuple[Any, ...]] = [(one.on, one.customers, one.came, one.went) for one in nights]
    if not rows or size.now is None:
        return None
    if segment.archived_at is None:
        rows.append((None, size.now, None, None))
    chart = {
        "labels": [words.day(on) if on else _("now") for on, *_numbers in rows],
        "series": [{"name": _("Customers"), "values": [customers for _on, customers, *_changes in rows]}],
    }
    return {"chart": chart, "rows": list(reversed(rows))}


class SegmentExport(SegmentView):
    """Its people as a file, within one's scope."""

    permission = Permission.EXPORT_CUSTOMERS

    def get(self, request: HttpRequest, public_id: str) -> HttpResponseBase:
        segment = self.segment(public_id)
        people, what = people_of(segment, self.staff), {"segment": segment.public_id}
        return exported(self, people, request, what, segment=segment)


class SegmentWork(ListWork):
    """Follow-ups for its people."""

    permission = Permission.ASSIGN_WORK

    def segment(self) -> Segment:
        found = owning.reachable(self.staff)
        return get_object_or_404(found, pk=Segment.row_id(self.kwargs["public_id"]) or 0)

    def dispatch(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponseBase:
        return super().dispatch(request)  # which segment stands in `kwargs`

    def people(self) -> QuerySet[Customer]:
        return people_of(self.segment(), self.staff)

    def used(self) -> Segment:
        return self.segment()

    def about(self) -> str:
        return f"{super().about()} ({self.segment().name})"

    def back(self) -> str:
        return reverse("segmentation:segment", args=[self.kwargs["public_id"]])
