"""Keeping what was built: a new segment, or the next version of one."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.org.permissions import Permission
from segmentation.building.finishing import without_empty
from segmentation.building.shape import is_understood
from segmentation.models import Segment
from segmentation.segments import saving
from segmentation.views.builder import BuilderView
from segmentation.views.builderforms import SegmentForm
from segmentation.views.reach import told_of
from segmentation.views.writing import Writing, faults_of


class Keeping(BuilderView):
    """POST keeps the description of the form. What is wrong is said where it stands; nothing that was typed is lost."""

    permission = Permission.EDIT_SEGMENTS

    def keep(self, form: SegmentForm, segment: Segment | None) -> HttpResponse:
        writing = Writing(without_empty(Writing.of(self.request.POST).tree))
        saved = self.saved(segment)
        form.faults = faults_of(writing.tree, self.staff, saved)
        if form.faults:
            form.add_error(None, _wrong(len(form.faults)))
        if not is_understood(self.request.POST.get("tree", "")):
            form.add_error(
                None, _("A part of the conditions could not be read. Nothing is saved: look at what is left.")
            )
        return self.answer(
            form,
            lambda: self.made(form.cleaned_data, writing, segment, form),
            done=lambda kept: reverse("segmentation:segment", args=[kept.public_id]),
            context=lambda: self.page(writing, form, segment) | told_of(writing.tree, self.staff, saved),
        )

    def made(
        self, told: dict[str, Any], writing: Writing, segment: Segment | None, form: SegmentForm
    ) -> Segment:
        if segment is None:
            return saving.create(
                by=self.staff,
                name=told["name"],
                about=told["about"],
                is_shared=told["is_shared"],
                definition=writing.tree,
                saved=self.saved(None),
            )
        seen = {name: value for name, value in form.based_on().items() if name in ("name", "about")}
        with transaction.atomic():
            saving.change(segment, writing.tree, by=self.staff, seen=told["version"], remark=told["remark"])
            return saving.describe(
                segment, by=self.staff, based_on=seen, name=told["name"], about=told["about"]
            )


def _wrong(many: int) -> str:
    return ngettext(
        "%(n)d condition is not right yet. It says why.", "%(n)d conditions are not right yet. They say why.", many
    ) % {"n": many}  # fmt: skip


class BuildSave(Keeping):
    """POST makes a new segment."""

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.keep(SegmentForm(request.POST), None)


class Versions(Keeping):
    """POST adds a version to a segment."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        segment = self.edited(public_id)
        return self.keep(SegmentForm(request.POST, segment=segment), segment)
