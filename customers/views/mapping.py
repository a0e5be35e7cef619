"""Which column of a file is which of ours: asked when its header does not say so by itself."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Refusal
from crm.org.permissions import Permission
from crm.ui.views import StaffView
from customers import imports
from customers.imports import mapping, places, running
from customers.imports.columns import columns_of
from customers.models import ImportFile, ImportMapping
from customers.views.columnwords import Words


class ColumnsForm(forms.Form):
    """A choice for each column of the file, in its order; `keep_as`: a name to keep the mapping under."""

    keep_as = forms.CharField(
        label=gettext_lazy("Keep this for later as"),
        required=False,
        max_length=80,
        help_text=gettext_lazy("Proposed when a file with the same header comes again."),
    )

    def __init__(self, data: Any, kind: str, proposal: dict[str, str]) -> None:
        super().__init__(data)
        self.names, words = list(proposal), Words(kind)
        choices = [("", _("leave out")), *((name, words.choice(name)) for name in columns_of(kind).all)]
        for place, (name, ours) in enumerate(proposal.items()):
            field = forms.ChoiceField(
                choices=choices, required=False, label=name, initial=ours,
                widget=forms.Select(attrs={"class": "form-select"}),
            )  # fmt: skip
            self.fields[f"column_{place}"] = field

    @property
    def columns(self) -> dict[str, str]:
        """The file's names → ours, as chosen."""
        return {name: self.cleaned_data[f"column_{place}"] for place, name in enumerate(self.names)}

    def rows(self, samples: dict[str, list[str]]) -> list[tuple[str, Any, list[str]]]:
        return [
            (name, self[f"column_{place}"], samples.get(name, [])) for place, name in enumerate(self.names)
        ]


class ImportColumns(StaffView):
    """GET proposes, POST begins the import with what was chosen."""

    permission = Permission.RUN_IMPORTS
    template = "customers/columns.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        file = get_object_or_404(ImportFile, pk=pk)
        if file.waiting is None or file.removed_at:
            return (
                redirect("customers:imports") if file.job is None else redirect("customers:import", file.pk)
            )
        form = self.form(file, None)
        return self.render(self.template, {"form": form} | self.around(file, form))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        file = get_object_or_404(ImportFile, pk=pk)
        if file.waiting is None or file.removed_at:
            return redirect("customers:imports")
        try:
            form = self.form(file, request.POST)
        except Refusal as refusal:
            self.say(refusal, error=True)
            return self.go(reverse("customers:imports"))
        return self.answer(
            form, lambda: self.begin(file, form), done=reverse("customers:import", args=[file.pk]),
            context=lambda: self.around(file, form),
        )  # fmt: skip

    def begin(self, file: ImportFile, form: ColumnsForm) -> None:
        imports.begin(file, form.columns, by=self.staff)
        if name := form.cleaned_data["keep_as"]:
            mapping.keep(file.kind, name, form.names, form.columns, by=self.staff)

    def form(self, file: ImportFile, data: Any) -> ColumnsForm:
        return ColumnsForm(data, file.kind, mapping.proposal(file.kind, running.names_of(file)))

    def around(self, file: ImportFile, form: ColumnsForm) -> dict[str, Any]:
        return {
            "file": file,
            "rows": form.rows(mapping.samples(places.path_of(file))),
            "required": [Words(file.kind).choice(name) for name in columns_of(file.kind).required],
            "title": _("Columns of %(name)s") % {"name": file.name},
            "crumbs": [(_("Imports"), reverse("customers:imports"))],
        }


class KeptMapping(StaffView):
    """DELETE forgets a mapping; files that were imported with it are not touched."""

    permission = Permission.RUN_IMPORTS

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        mapping.forget(get_object_or_404(ImportMapping, pk=pk), by=self.staff)
        self.say(_("Forgotten."))
        return self.go(reverse("customers:upload"))
