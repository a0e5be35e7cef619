"""Imports: upload a file, watch it, fetch its rejected rows."""

from pathlib import Path
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.jobs import queue
from crm.jobs.models import State
from crm.jobs.views.progress import progress_of
from crm.lib.refusals import Refusal
from crm.org.models import Store
from crm.org.permissions import Permission
from crm.ui import uploads
from crm.ui.navigation import sections_of
from crm.ui.pages import page_of
from crm.ui.views import StaffView
from customers import imports
from customers.imports import columns, journal, keeping, places, undoing
from customers.models import ImportFile, ImportMapping
from customers.receiving import quarantine
from customers.views.columnwords import Words

KINDS = (("receipts", gettext_lazy("Receipts")), ("customers", gettext_lazy("Customers")))
EXTRA = {  # counts beside rows = applied + duplicates + rejected
    "receipts": gettext_lazy("Receipts"),
    "returns": gettext_lazy("Returns"),
    "waiting": gettext_lazy("Wait for their receipt"),
    "new": gettext_lazy("New customers"),
    "changed": gettext_lazy("Changed customers"),
    "elsewhere": gettext_lazy("Phones without a country code, read as of another country"),
}


OUTCOMES = {  # of undoing
    "restored": gettext_lazy("Customers as they were"),
    "partly": gettext_lazy("As they were, but for what was changed since"),
    "removed": gettext_lazy("New customers removed"),
    "kept": gettext_lazy("Left alone, for something came since"),
    "erased": gettext_lazy("Erased since"),
}
ALWAYS = ("restored", "removed", "kept")


class UploadForm(forms.Form):
    """`refusal`: why the file that was sent did not arrive."""

    def __init__(self, *args: Any, refusal: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if refusal:
            self.fields["file"].error_messages["required"] = refusal

    kind = forms.ChoiceField(label=gettext_lazy("What is in it"), choices=KINDS)
    file = forms.FileField(
        label=gettext_lazy("File"),
        max_length=200,
        error_messages={"empty": gettext_lazy("This file is empty.")},
    )
    dry_run = forms.BooleanField(
        label=gettext_lazy("Only try it"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Reads every row and says what would happen. Nothing is changed."),
    )
    known_stores = forms.BooleanField(
        label=gettext_lazy("Only stores that are entered"),
        required=False,
        help_text=gettext_lazy(
            "Rows of other stores are rejected. Without it, such a store is entered with its code."
        ),
    )


def tabs(view: StaffView, current: str) -> list[tuple[Any, str, bool, int | None]]:
    waiting = quarantine.listed(view.staff).count()
    found: list[tuple[Any, str, bool, int | None]] = [
        (_("Files"), reverse("customers:imports"), current == "files", None),
        (_("Set aside"), reverse("customers:quarantine"), current == "quarantine", waiting),
    ]
    # Who has no room for them in the navigation finds the nights here: they work on what came in.
    if view.staff.may(Permission.VIEW_NIGHTS) and "nights" not in {
        one.name for one in sections_of(view.staff)
    }:
        found.append((_("Nights"), reverse("customers:nights"), False, None))
    return found


class Imports(StaffView):
    permission = Permission.VIEW_IMPORTS

    def get(self, request: HttpRequest) -> HttpResponse:
        page = page_of(ImportFile.objects.select_related("job"), request, "-pk")
        rows = [(file, progress_of(file.job) if file.job else None) for file in page.rows]
        context = {
            "rows": rows,
            "page": page,
            "title": _("Imports"),
            "tabs": tabs(self, "files"),
            "kinds": dict(KINDS),
        }
        return self.render("customers/imports.html", context)


class Upload(StaffView):
    """GET shows the form, POST takes the file. What its first lines show to be wrong is said at once."""

    permission = Permission.RUN_IMPORTS
    template = "customers/upload.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        kind = request.GET.get("kind") if request.GET.get("kind") in dict(KINDS) else "receipts"
        # A chain that has entered its stores knows them all; a new one lets its first file name them.
        has_stores = Store.objects.filter(is_stub=False).exists()
        form = UploadForm(initial={"kind": kind, "known_stores": has_stores})
        return self.render(self.template, {"form": form} | self.around())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = UploadForm(request.POST, request.FILES, refusal=uploads.refusal_of(request))
        return self.answer(form, lambda: self.start(form.cleaned_data), done=self.done, context=self.around())

    def start(self, wanted: dict[str, Any]) -> ImportFile:
        upload: UploadedFile = wanted["file"]
        return imports.receive(
            upload,
            wanted["kind"],
            by=self.staff,
            dry_run=wanted["dry_run"],
            known_stores=wanted["known_stores"],
        )

    def done(self, file: ImportFile) -> str:
        return reverse(
            "customers:import-columns" if file.waiting is not None else "customers:import", args=[file.pk]
        )

    def around(self) -> dict[str, Any]:
        known = [(label, columns.columns_of(kind)) for kind, label in KINDS]
        return {
            "title": _("Import a file"),
            "largest": uploads.largest(),
            "too_large": uploads.too_large(),
            "crumbs": [(_("Imports"), reverse("customers:imports"))],
            "known": known,
            "mappings": ImportMapping.objects.order_by("kind", "name"),
            "kinds": dict(KINDS),
        }


class Import(StaffView):
    """One import; its live part is what the page asks for every second while it runs."""

    permission = Permission.VIEW_IMPORTS

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        file = get_object_or_404(ImportFile.objects.select_related("job", "undo_job"), pk=pk)
        if file.job is None:
            return self.go(reverse("customers:import-columns", args=[file.pk]))
        counts = file.job.counts
        stubs = {name: (len(codes), codes[:30]) for name, codes in file.stubs.items() if codes}
        context = {
            "file": file,
            "job": file.job,
            "progress": progress_of(file.job),
            "counts": counts,
            "stubs": stubs,
            "extra": [(EXTRA[name], counts[name]) for name in EXTRA if counts.get(name)],
            "kept_until": keeping.upload_until(file),
            "rejected_until": keeping.rejected_until(file),
            "kind": dict(KINDS).get(file.kind, file.kind),
            **changes_of(file, with_people=self.staff.may(Permission.RUN_IMPORTS)),
            "title": file.name,
            "crumbs": [(_("Imports"), reverse("customers:imports"))],
        }
        return self.render(
            "customers/import_live.html" if request.GET.get("live") else "customers/import.html", context
        )


def changes_of(file: ImportFile, *, with_people: bool) -> dict[str, Any]:
    """What a tried file would change; how far an import is undone, or until when it can be.

    `with_people`: who would be new or changed, too. They are of any store: hence for those who may import.
    """
    fields = file.job.checkpoint.get("fields", {}) if file.job and file.is_dry_run else {}
    until, words = undoing.until(file), Words(file.kind)
    first = journal.first_of(places.diff_file(file)) if file.is_dry_run and with_people else {}
    return {
        "fields": [(words(name), n) for name, n in sorted(fields.items(), key=lambda one: -one[1])],
        "first": {what: [words.of_line(line) for line in lines] for what, lines in first.items()},
        "undo_until": until if until and until > timezone.now() else None,
        "undo": progress_of(file.undo_job) if file.undo_job else None,
        "undo_counts": outcomes_of(file),
    }


def outcomes_of(file: ImportFile) -> list[tuple[Any, int]]:
    """What became of those whom an import wrote to; the numbers add up to the last one."""
    if file.undo_job is None:
        return []
    counts = file.undo_job.counts
    told = [
        (label, counts.get(name, 0)) for name, label in OUTCOMES.items() if name in ALWAYS or counts.get(name)
    ]
    total = undoing.written(file)
    return [*told, (_("Customers whom it wrote to"), total)] if file.undone_at and total else told


class Changes(StaffView):
    """All that a tried file would change, as a file. Rows of any store: hence for those who may import."""

    permission = Permission.RUN_IMPORTS

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        file = get_object_or_404(ImportFile, pk=pk)
        path = places.diff_file(file)
        if not path.is_file():
            self.say(
                _("What would have changed is not kept (any more). Try the file again to see it."), error=True
            )
            return redirect("customers:import", file.pk)
        return _csv(path, f"{Path(file.name).stem}-changes.csv")


class Rejected(StaffView):
    """The rejected rows with their reasons, as a file. Rows of any store: hence for those who may import."""

    permission = Permission.RUN_IMPORTS

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        file = get_object_or_404(ImportFile, pk=pk)
        path = Path(file.rejected_path)
        if file.rejected_removed_at:
            self.say(
                _("The rejected rows are not kept any more. Import the file again to see them."), error=True
            )
            return self.go(reverse("customers:import", args=[file.pk]))
        if not file.rejected_path or path != places.rejected_file(file) or not path.is_file():
            raise Http404
        return _csv(path, f"{Path(file.name).stem}-rejected.csv")


def _csv(path: Path, name: str) -> FileResponse:
    response = FileResponse(path.open("rb"), content_type="text/csv", as_attachment=True, filename=name)
    response["Cache-Control"] = "no-store"
    return response


class ImportAct(StaffView):
    """POST acts on the job of an import."""

    permission = Permission.RUN_IMPORTS

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        file = get_object_or_404(ImportFile.objects.select_related("job"), pk=pk)
        if file.job is None:
            raise Http404
        try:
            self.say(self.act(file))
        except Refusal as refusal:
            self.say(refusal, error=True)
        return self.go(reverse("customers:import", args=[file.pk]))

    def act(self, file: ImportFile) -> str:
        raise NotImplementedError


class ImportResumption(ImportAct):
    permission = Permission.RUN_IMPORTS

    def act(self, file: ImportFile) -> str:
        imports.resume(file, by=self.staff)
        return _("It goes on from where it stopped.")


class ImportCancellation(ImportAct):
    permission = Permission.RUN_IMPORTS

    def act(self, file: ImportFile) -> str:
        assert file.job is not None
        queue.cancel(file.job, by=self.staff)
        return _("It stops after its present part. What was applied stays.")


class ImportUndo(ImportAct):
    """POST takes an import of customers back."""

    permission = Permission.RUN_IMPORTS

    def act(self, file: ImportFile) -> str:
        undoing.undo(file, by=self.staff, at=timezone.now())
        return _("It is being undone.")


class ApplyForReal(ImportAct):
    """POST imports a file that was tried: the same file, this time for good."""

    permission = Permission.RUN_IMPORTS

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        tried = get_object_or_404(
            ImportFile.objects.select_related("job"), pk=pk, is_dry_run=True, job__state=State.DONE
        )
        try:
            made = imports.apply(tried, by=self.staff)
        except Refusal as refusal:
            self.say(refusal, error=True)
            return self.go(reverse("customers:import", args=[tried.pk]))
        return self.go(reverse("customers:import", args=[made.pk]))
