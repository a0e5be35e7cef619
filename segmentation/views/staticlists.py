"""Lists by upload: a file, its column, who was found and who was not, then the list."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Refusal
from crm.org.permissions import Permission
from crm.ui import uploads, words
from crm.ui.views import StaffView
from segmentation.models import Segment, SegmentKind
from segmentation.segments import listchanges, listcolumns, listfiles, lists
from segmentation.segments.listchanges import Change
from segmentation.segments.listfiles import ListFile
from segmentation.segments.lists import Matched
from segmentation.segments.members import newest
from segmentation.views.base import sent_back

SHOWN = 10  # rows that are nobody's
KINDS = {
    "id": gettext_lazy("Our number of the customer (cus_…)"),
    "member": gettext_lazy("Member number"),
    "card": gettext_lazy("Card"),
    "phone": gettext_lazy("Phone"),
    "email": gettext_lazy("E-mail"),
}
HOW: tuple[tuple[listchanges.How, Any], ...] = (
    ("add", gettext_lazy("Add them to the list")),
    ("remove", gettext_lazy("Take them off the list")),
    ("only", gettext_lazy("The list is to be just these")),
)


class ListUpload(forms.Form):
    file = forms.FileField(label=gettext_lazy("File"), max_length=200, allow_empty_file=True)

    def __init__(self, *args: Any, refusal: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if refusal:
            self.fields["file"].error_messages["required"] = refusal

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        name = {"name": file.name}
        if not file.size:
            raise forms.ValidationError(_("“%(name)s” is empty.") % name)
        if listfiles.ending_of(file.name or "") not in listfiles.ENDINGS:
            told = _(
                "“%(name)s” is of no kind that can be read: choose a CSV, Excel (.xlsx), NDJSON or Parquet file."
            )
            raise forms.ValidationError(told % name)
        return file


class ListForm(forms.Form):
    """How the list is called; of one that is there, what the file does to it."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    about = forms.CharField(label=gettext_lazy("What it is for"), max_length=400, required=False)
    is_shared = forms.BooleanField(
        label=gettext_lazy("For everybody"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Without it only you see the segment."),
    )
    how = forms.ChoiceField(label=gettext_lazy("What is to happen"), choices=HOW)
    remark = forms.CharField(label=gettext_lazy("Why it changes"), max_length=200, required=False)

    def __init__(self, data: Any, *, is_new: bool, **more: Any) -> None:
        super().__init__(data, **more)
        for name in ("how", "remark") if is_new else ("name", "about", "is_shared"):
            del self.fields[name]


class UploadView(StaffView):
    """GET asks for a file, POST takes it."""

    permission = Permission.EDIT_SEGMENTS
    template = "segmentation/list_upload.html"

    def page(self, segment: Segment | None, form: ListUpload) -> HttpResponse:
        return self.render(self.template, self.around(segment) | {"form": form})

    def take(self, segment: Segment | None) -> HttpResponse:
        form = ListUpload(self.request.POST, self.request.FILES, refusal=uploads.refusal_of(self.request))
        public_id = segment.public_id if segment else ""
        return self.answer(
            form,
            lambda: listfiles.keep(form.cleaned_data["file"], by=self.staff, segment=public_id),
            done=lambda token: reverse("segmentation:list-file", args=[token]),
            context=self.around(segment),
        )

    def around(self, segment: Segment | None) -> dict[str, Any]:
        return {
            "title": _("Add or remove customers") if segment else _("Upload a list"),
            "crumbs": crumbs_of(segment),
            "largest": uploads.largest(),
            "too_large": uploads.too_large(),
            "kinds": KINDS.values(),
        }


def crumbs_of(segment: Segment | None) -> list[tuple[Any, str]]:
    found = [(_("Segments"), reverse("segmentation:saved"))]
    if segment:
        found.append((segment.name, reverse("segmentation:segment", args=[segment.public_id])))
    return found


def list_of(view: StaffView, public_id: str) -> Segment:
    known = Segment.objects.visible_to(view.staff).in_use().filter(kind=SegmentKind.LIST)
    return get_object_or_404(known, pk=Segment.row_id(public_id) or 0)


class NewList(UploadView):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(None, ListUpload())

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.take(None)


class ChangeList(UploadView):
    """A file that adds to a list, takes off it, or replaces it."""

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        known = Segment.objects.visible_to(self.staff).exclude(kind=SegmentKind.LIST)
        if known.filter(pk=Segment.row_id(public_id) or 0).exists():
            return redirect("segmentation:segment", public_id)  # nobody is put into what has conditions
        segment = list_of(self, public_id)
        return sent_back(self, segment) or self.page(segment, ListUpload())

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        segment = list_of(self, public_id)
        return sent_back(self, segment) or self.take(segment)


class Gone(Exception):
    """The file of an address was saved, is older than a day, or is somebody else's."""


class FileView(StaffView):
    """A file that is on the server, and whom its column names."""

    permission = Permission.EDIT_SEGMENTS

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except Gone:
            self.say(_("This file is no longer here. Choose it again."), error=True)
            return redirect("segmentation:list-new")

    def file(self, token: str) -> ListFile:
        known = listfiles.found(token, self.staff)
        if known is None:
            raise Gone
        return known

    def matched(self, file: ListFile) -> Matched:
        column, kind = (self.request.GET.get(name, "") for name in ("column", "kind"))
        return listfiles.matched(file, self.staff, column=column, kind=kind)


class FilePage(FileView):
    """GET says who was found; POST saves the list."""

    template = "segmentation/list_file.html"

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        file = self.file(token)
        segment = list_of(self, file.segment) if file.segment else None
        if segment is not None and (away := sent_back(self, segment)):
            return away
        form = ListForm(None, is_new=segment is None, initial={"name": file.name.rpartition(".")[0][:80]})
        return self.render(self.template, self.around(token, file, segment, form))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        file = self.file(token)
        segment = list_of(self, file.segment) if file.segment else None
        form = ListForm(request.POST, is_new=segment is None)
        return self.answer(
            form,
            lambda: self.save(form.cleaned_data, file, segment),
            done=lambda kept: reverse("segmentation:segment", args=[kept]),
            context=lambda: self.around(token, file, segment, form),
        )

    def save(self, told: dict[str, Any], file: ListFile, segment: Segment | None) -> str:
        named = self.matched(file).customers
        if segment is None:
            kept = lists.create(by=self.staff, customers=named, **told)
        else:
            version = newest(segment.pk)
            assert version is not None
            change = listchanges.changes(version, named, self.staff)[told["how"]]
            lists.replace(
                segment, change.customers, by=self.staff, seen=version.number, remark=told["remark"]
            )
            kept = segment
            said = _("Kept. Added: %(added)s, taken off: %(gone)s.")
            self.say(said % {"added": words.number(change.coming), "gone": words.number(change.going)})
        listfiles.forget(file)
        return kept.public_id

    def around(self, token: str, file: ListFile, segment: Segment | None, form: ListForm) -> dict[str, Any]:
        context: dict[str, Any] = {
            "form": form,
            "title": file.name,
            "crumbs": crumbs_of(segment),
            "is_new": segment is None,
            "unmatched": f"{reverse('segmentation:list-unmatched', args=[token])}?{self.request.GET.urlencode()}",
            "query": self.request.GET.urlencode(),
            "again": reverse("segmentation:list-change", args=[segment.public_id])
            if segment
            else reverse("segmentation:list-new"),
        }
        try:
            return context | self.found(file, segment)
        except Refusal as refusal:
            return context | {"refusal": refusal}

    def found(self, file: ListFile, segment: Segment | None) -> dict[str, Any]:
        """The columns to choose from, who the chosen one names, and what becomes of a list that is there."""
        columns = listcolumns.of(file.path)
        wanted = self.request.GET.get("column", "")
        column = wanted if wanted in columns.kinds else columns.best()
        kind = self.request.GET.get("kind", "") or columns.kinds.get(column, "")
        context = {"columns": list(columns.kinds), "column": column, "kind": kind, "kinds": KINDS.items()}
        if not column or kind not in KINDS:
            return context
        found = listfiles.matched(file, self.staff, column=column, kind=kind)
        if version := newest(segment.pk) if segment else None:
            context["changes"] = told_changes(listchanges.changes(version, found.customers, self.staff))
        return context | {
            "found": found, "matched": len(found.customers), "missing": len(found.unmatched),
            "first": found.unmatched[:SHOWN], "unread": len(found.broken),
        }  # fmt: skip


def told_changes(changes: dict[listchanges.How, Change]) -> dict[str, Any]:
    """The ways with their words, and how many of other stores stay whichever is chosen."""
    rows = [(label, changes[how]) for how, label in HOW]
    return {"rows": rows, "outside": changes["only"].outside}


class Unmatched(FileView):
    """The rows that are nobody's, as a file."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        file = self.file(token)
        try:
            text = self.matched(file).unmatched_file()
        except Refusal:
            raise Http404 from None
        answer = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{_("not-found")}.csv"'
        return answer
