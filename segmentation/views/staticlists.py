"""Lists by upload: a file, its column, who was found and who was not, then the list."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Refusal
from crm.org.permissions import Permission
from crm.ui import uploads
from crm.ui.views import StaffView
from segmentation.models import Segment, SegmentKind, SegmentListed, SegmentVersion
from segmentation.segments import listfiles, lists
from segmentation.segments.listfiles import ListFile
from segmentation.segments.lists import Matched
from segmentation.segments.members import newest

SHOWN = 10  # rows that are nobody's
KINDS = {
    "id": gettext_lazy("Our number of the customer (cus_…)"),
    "member": gettext_lazy("Member number"),
    "card": gettext_lazy("Card"),
    "phone": gettext_lazy("Phone"),
    "email": gettext_lazy("E-mail"),
}
HOW = (
    ("add", gettext_lazy("Add them to the list")),
    ("remove", gettext_lazy("Take them off the list")),
    ("only", gettext_lazy("The list is to be just these")),
)


class ListUpload(forms.Form):
    file = forms.FileField(label=gettext_lazy("File"), max_length=200)

    def __init__(self, *args: Any, refusal: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if refusal:
            self.fields["file"].error_messages["required"] = refusal


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
        return self.page(list_of(self, public_id), ListUpload())

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        return self.take(list_of(self, public_id))


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
        return lists.match(file.path, self.staff, column=column, kind=kind)


class FilePage(FileView):
    """GET says who was found; POST saves the list."""

    template = "segmentation/list_file.html"

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        file = self.file(token)
        segment = list_of(self, file.segment) if file.segment else None
        form = ListForm(None, is_new=segment is None, initial={"name": file.name.rpartition(".")[0][:80]})
        return self.render(self.template, self.around(token, file, segment) | {"form": form})

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        file = self.file(token)
        segment = list_of(self, file.segment) if file.segment else None
        form = ListForm(request.POST, is_new=segment is None)
        return self.answer(
            form,
            lambda: self.save(form.cleaned_data, file, segment),
            done=lambda kept: reverse("segmentation:segment", args=[kept]),
            context=lambda: self.around(token, file, segment),
        )

    def save(self, told: dict[str, Any], file: ListFile, segment: Segment | None) -> str:
        named = self.matched(file).customers
        if segment is None:
            kept = lists.create(by=self.staff, customers=named, **told)
        else:
            version = newest(segment.pk)
            assert version is not None
            wanted = changed(version, named, told["how"])
            lists.replace(segment, wanted, by=self.staff, seen=version.number, remark=told["remark"])
            kept = segment
        listfiles.forget(file)
        return kept.public_id

    def around(self, token: str, file: ListFile, segment: Segment | None) -> dict[str, Any]:
        context = {
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
            return context | self.found(file)
        except Refusal as refusal:
            return context | {"refusal": refusal}

    def found(self, file: ListFile) -> dict[str, Any]:
        """The columns to choose from, and who the chosen one names."""
        guessed = lists.columns_of(file.path)
        wanted = self.request.GET.get("column", "")
        column = wanted if wanted in guessed else best(guessed)
        kind = self.request.GET.get("kind", "") or guessed.get(column, "")
        context = {"columns": list(guessed), "column": column, "kind": kind, "kinds": KINDS.items()}
        if not column or kind not in KINDS:
            return context
        found = lists.match(file.path, self.staff, column=column, kind=kind)
        return context | {
            "matched": len(found.customers), "missing": len(found.unmatched), "first": found.unmatched[:SHOWN],
        }  # fmt: skip


def best(guessed: dict[str, str]) -> str:
    """The column that says who most surely, or ""."""
    return next((name for kind in lists.KINDS for name, is_of in guessed.items() if is_of == kind), "")


def changed(version: SegmentVersion, named: list[int], how: str) -> list[int]:
    """Who is on the list after the file."""
    if how == "only":
        return named
    held = set(SegmentListed.objects.filter(version=version).values_list("customer_id", flat=True))
    return sorted(held | set(named) if how == "add" else held - set(named))


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
