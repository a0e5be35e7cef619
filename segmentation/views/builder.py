"""The builder: writing a segment's description, with its reach beside it."""

from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.org.permissions import Permission
from crm.ui.views import StaffView
from customers.attributes import registry
from customers.attributes.choosing import found_of
from segmentation import starters
from segmentation.building.shape import Json, rooted
from segmentation.models import Segment, SegmentKind
from segmentation.models.segment import SegmentQuerySet
from segmentation.segments.members import newest
from segmentation.views.base import sent_back
from segmentation.views.builderforms import SegmentForm
from segmentation.views.nameable import Nameable, nameable
from segmentation.views.reach import told_of
from segmentation.views.writing import Writing, picked

FOUND = 20  # choices that a search shows


class BuilderView(StaffView):
    """What the pages of the builder share. `segment` is the one that is edited, or None."""

    permission = Permission.VIEW_SEGMENTS
    template = "segmentation/builder.html"

    def edited(self, public_id: str) -> Segment | None:
        """The segment of an address or of a form; None for a new one."""
        if not public_id:
            return None
        return get_object_or_404(self._usable(), pk=Segment.row_id(public_id) or 0)

    def _usable(self) -> SegmentQuerySet:
        return Segment.objects.visible_to(self.staff).in_use().filter(kind=SegmentKind.RULES)

    @cached_property
    def copied(self) -> Segment | None:
        """Of which the new one is a copy, as its form says; None where there is none, or none any more."""
        return self._usable().filter(pk=Segment.row_id(self.request.POST.get("copied", "")) or 0).first()

    def saved(self, segment: Segment | None) -> Json:
        """What its writer started from: what the segment means so far, or the one that is copied; {} of any other."""
        return definition_of(segment or self.copied)

    def others(self, segment: Segment | None) -> Nameable:
        return nameable(self.staff, segment, self.saved(segment))

    def page(self, writing: Writing, form: SegmentForm, segment: Segment | None) -> dict[str, Any]:
        others = self.others(segment)
        saved = reverse("segmentation:saved")
        address = reverse("segmentation:segment", args=[segment.public_id]) if segment else saved
        crumbs = [(_("Segments"), saved)] + ([(segment.name, address)] if segment else [])
        return writing.context(form.faults, others) | {
            "form": form,
            "title": _("Change the segment") if segment else _("New segment"),
            "lead": _("Say who is in it. How many that are is counted while you write."),
            "crumbs": crumbs,
            "back": address,
            "segment": segment.public_id if segment else "",
            "copied": self.copied.public_id if self.copied else "",
            "is_unsaved": self.request.method == "POST",
            "is_new": segment is None,
            "save": reverse("segmentation:segment-versions", args=[segment.public_id])
            if segment
            else reverse("segmentation:build-save"),
            "reach_url": reverse("segmentation:build-reach"),
            "picker": picked(others, self.staff),
        }


class Build(BuilderView):
    """A new segment: empty, from a starter, or as a copy of another one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        tree, name = self.begun()
        unknown = "starter" in request.GET and not name
        form = SegmentForm(None, initial={"name": name, "is_shared": True})
        return self.render(self.template, self.page(Writing(tree), form, None) | {"is_unknown": unknown})

    def begun(self) -> tuple[Json, str]:
        if starter := starters.named(self.request.GET.get("starter", "")):
            return rooted(starter.tree), str(starter.name)
        self.copied = self.edited(self.request.GET.get("copy", ""))
        if self.copied is None:
            return {"all": []}, ""
        name = _("%(name)s (copy)") % {"name": self.copied.name}
        return rooted(definition_of(self.copied)), name[:80]


class Edit(BuilderView):
    """What a segment means, to be changed."""

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        segment = self.edited(public_id)
        assert segment is not None
        if away := sent_back(self, segment):
            return away
        form = SegmentForm(None, segment=segment, version=newest(segment.pk))
        return self.render(self.template, self.page(Writing(rooted(definition_of(segment))), form, segment))


def definition_of(segment: Segment | None) -> Json:
    """What a segment means so far; {} of a new one."""
    version = newest(segment.pk) if segment else None
    return version.definition if version else {}


class Steps(BuilderView):
    """POST presses a button of the builder: the steps as they are then. Nothing is kept."""

    def post(self, request: HttpRequest) -> HttpResponse:
        segment = self.edited(request.POST.get("segment", ""))
        writing = Writing.of(request.POST).after(request.POST)
        if getattr(request, "htmx", False):
            context = writing.context({}, self.others(segment))
            return self.render("segmentation/builder_steps.html", context)
        form = SegmentForm(None, initial=_told(request), segment=segment)
        context = self.page(writing, form, segment) | told_of(writing.tree, self.staff, self.saved(segment))
        return self.render(self.template, context)


def _told(request: HttpRequest) -> dict[str, Any]:
    """What else stands on the page, for browsers without scripts."""
    told = {name: request.POST.get(name, "") for name in ("name", "about", "remark", "version")}
    return told | {"is_shared": "is_shared" in request.POST}


class Reach(BuilderView):
    """POST counts what stands in the form, as far as it is finished."""

    def post(self, request: HttpRequest) -> HttpResponse:
        segment = self.edited(request.POST.get("segment", ""))
        told = told_of(Writing.of(request.POST).tree, self.staff, self.saved(segment))
        return self.render("segmentation/builder_reach.html", told | {"swaps": True})


class Choices(StaffView):
    """Choices of an attribute, or of a behaviour's field, that has very many: by some letters of their names."""

    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        asked, words = self.asked(request.GET.get("of", "")), request.GET.get("q", "").strip()[:80]
        found = found_of(asked, words, FOUND + 1)
        context = {
            "found": found[:FOUND], "has_more": len(found) > FOUND, "words": words,
            "name": request.GET.get("name", "")[:60], "steps": reverse("segmentation:build-steps"),
        }  # fmt: skip
        return self.render("segmentation/builder_choices.html", context)

    @staticmethod
    def asked(of: str) -> Any:
        """ "product" is an attribute, "bought/product" a field of a behaviour."""
        did, _slash, code = of.partition("/")
        if not code:
            return registry.attribute(of)
        behaviour = registry.behaviour(did)
        return next((one for one in behaviour.fields if one.code == code), None) if behaviour else None
