"""The kinds of follow-ups with their scripts and results, for an administrator."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.org.permissions import Permission
from crm.ui import words
from customers import workkinds
from customers.models import WorkKind
from customers.views.work import WorkView

MOST_RESULTS = 8


class KindForm(forms.Form):
    """A name and a script a language; one language is enough, the others then show that one."""

    is_active = forms.BooleanField(label=gettext_lazy("in use"), required=False)

    def __init__(self, data: Any, kind: WorkKind) -> None:
        initial: dict[str, Any] = {"is_active": kind.is_active}
        for code, _name in settings.LANGUAGES:
            initial |= {
                f"name_{code}": kind.names.get(code, ""),
                f"script_{code}": kind.scripts.get(code, ""),
            }
        super().__init__(data, initial=initial)
        for code, _name in settings.LANGUAGES:
            told = {"language": words.language(code)}
            self.fields[f"name_{code}"] = forms.CharField(
                label=_("Name, %(language)s") % told, required=False, max_length=60
            )
            self.fields[f"script_{code}"] = forms.CharField(
                label=_("Script, %(language)s") % told, required=False, max_length=4000,
                widget=forms.Textarea(attrs={"rows": 5, "class": "full"}),
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if not any(told.get(f"name_{code}") for code, _name in settings.LANGUAGES):
            raise forms.ValidationError(_("Give it a name in one language at least."))
        return told

    def values(self) -> dict[str, Any]:
        told = self.cleaned_data
        return {
            "is_active": told["is_active"],
            "names": {
                code: told[f"name_{code}"] for code, _name in settings.LANGUAGES if told[f"name_{code}"]
            },
            "scripts": {
                code: told[f"script_{code}"] for code, _name in settings.LANGUAGES if told[f"script_{code}"]
            },
        }


class Kinds(WorkView):
    permission = Permission.EDIT_WORK_KINDS

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = [
            (kind, [one for one in kind.results.all() if one.is_active])
            for kind in workkinds.known(in_use=False)
        ]
        return self.render("customers/work_kinds.html", {"rows": rows, "title": _("Kinds and scripts")})


class Kind(WorkView):
    permission = Permission.EDIT_WORK_KINDS
    template = "customers/work_kind.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        kind = get_object_or_404(WorkKind, pk=pk)
        return self.render(
            self.template, {"form": KindForm(None, kind)} | self.around(kind, results_of(kind))
        )

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        kind = get_object_or_404(WorkKind, pk=pk)
        form, results = KindForm(request.POST, kind), told_results(request)
        return self.answer(
            form,
            lambda: workkinds.keep(kind, form.values(), results, by=self.staff),
            done=self.kept,
            context=lambda: self.around(kind, results),
        )

    def kept(self, kind: Any) -> str:
        self.say(_("Saved: %(name)s.") % {"name": kind.name})
        return reverse("customers:work-kinds")

    def around(self, kind: WorkKind, results: list[dict[str, Any]]) -> dict[str, Any]:
        blank: dict[str, Any] = {"code": "", "names": {}, "again": False}
        rows = [*results, *[blank] * max(1, min(2, MOST_RESULTS - len(results)))]
        shown = [
            (
                one["code"],
                [(code, one["names"].get(code, "")) for code, _name in settings.LANGUAGES],
                one["again"],
            )
            for one in rows
        ]
        crumbs = [(_("Kinds and scripts"), reverse("customers:work-kinds"))]
        return {
            "kind": kind,
            "results": shown,
            "title": kind.name,
            "crumbs": crumbs,
            "languages": settings.LANGUAGES,
        }


def results_of(kind: WorkKind) -> list[dict[str, Any]]:
    rows = kind.results.filter(is_active=True).order_by("order", "pk")
    return [{"code": one.code, "names": one.names, "again": one.again} for one in rows]


def told_results(request: HttpRequest) -> list[dict[str, Any]]:
    """The rows of the form that have a name. A new one gets its code from its name."""
    found: list[dict[str, Any]] = []
    columns = {code: request.POST.getlist(f"result_{code}") for code, _name in settings.LANGUAGES}
    again = set(request.POST.getlist("again"))
    for place, code in enumerate(request.POST.getlist("code")[: MOST_RESULTS + 2]):
        names = {key: texts[place].strip()[:60] for key, texts in columns.items() if place < len(texts)}
        names = {key: text for key, text in names.items() if text}
        if names:
            new = slugify(next(iter(names.values())))[:24] or f"result-{place + 1}"
            found.append({"code": code[:32] or new, "names": names, "again": str(place) in again})
    return list({one["code"]: one for one in found}.values())[:MOST_RESULTS]
