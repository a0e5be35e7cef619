"""Look-alikes: what was searched, starting a search, how it goes, and whom it found."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.jobs.models import State
from crm.jobs.views.progress import progress_of
from crm.org.permissions import Permission
from crm.org.scope import Viewer
from crm.ui import export
from crm.ui.pages import page_of
from crm.ui.views import StaffView
from customers import masks
from customers.models import Customer
from segmentation.lookalikes import jobs, matches, seeds
from segmentation.lookalikes.words import Words
from segmentation.models import Among, LookAlike
from segmentation.views.base import tabs
from segmentation.views.keeping import KeepAsList
from segmentation.views.lifecycle import names_of
from segmentation.views.members import ListWork, taken

SHOWN = 50
CHUNK = 2000


class SearchForm(forms.Form):
    seed = forms.ChoiceField(label=gettext_lazy("Like whom"))
    among = forms.ChoiceField(label=gettext_lazy("Among"), choices=Among.choices)
    most = forms.IntegerField(
        label=gettext_lazy("At most"), min_value=jobs.MOST.start, max_value=jobs.MOST.stop - 1, initial=1000,
        help_text=gettext_lazy("People, the likest first."),
    )  # fmt: skip

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.fields["seed"].choices = seeds.choices()  # type: ignore[attr-defined]

    def asked(self) -> dict[str, Any]:
        seed, _colon, key = self.cleaned_data["seed"].partition(seeds.SEPARATOR)
        return {
            "seed": seed,
            "key": key,
            "among": self.cleaned_data["among"],
            "most": self.cleaned_data["most"],
        }


class LookAlikes(StaffView):
    """The latest searches and the form of a new one."""

    permission = Permission.VIEW_SEGMENTS
    template = "segmentation/lookalikes.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render(self.template, self.around() | {"form": SearchForm(None)})

    def around(self) -> dict[str, Any]:
        found = list(matches.searches(self.staff)[:SHOWN])
        names = names_of(one.created_by for one in found)
        counts = matches.counts(self.staff, found)
        rows = [
            (one, matches.title_of(one), names.get(one.created_by, ""),
             counts.get(one.pk, 0) if "found" in one.figures else None)
            for one in found
        ]  # fmt: skip
        return {"tabs": tabs(self, "lookalikes"), "title": _("Segments"), "rows": rows}


class NewLookAlike(LookAlikes):
    """POST starts a search."""

    permission = Permission.EDIT_SEGMENTS

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SearchForm(request.POST)
        start = lambda: jobs.start(self.staff, by=self.staff, **form.asked())  # noqa: E731
        return self.answer(form, start, done=address_of, context=self.around)


def address_of(one: LookAlike) -> str:
    return reverse("segmentation:lookalike", args=[one.public_id])


def named(viewer: Viewer, code: str) -> LookAlike:
    return get_object_or_404(matches.searches(viewer), pk=LookAlike.row_id(code) or 0)


class LookAlikePage(StaffView):
    """How a search goes and whom it found."""

    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        one = named(self.staff, code)
        page = page_of(matches.ranked(self.staff, one), request, "rank")
        told = Words(code for row in page.rows for code in row.shared)
        figures = one.figures.get("models", {})
        codes = [code for part in figures.values() for code in (*part["strongest"], *part["left_out"])]
        self.words = Words(codes)
        rows = [(row, masks.seen_by(self.staff, row.customer), told.of(row.shared)) for row in page.rows]
        return self.render("segmentation/lookalike.html", {
            "title": matches.title_of(one), "one": one, "page": page, "rows": rows,
            "progress": progress_of(one.job) if one.job else None, "models": self.models(figures),
            "is_small": one.figures.get("seed", 0) < one.figures.get("fewest", 0),
            "count": matches.people(self.staff, one).count(), "ended": State.DONE,
            "is_ranked": any(part.get("is_useful", True) for part in figures.values()),
            "keep": reverse("segmentation:lookalike-list", args=[code]),
            "export": reverse("segmentation:lookalike-export", args=[code]),
            "crumbs": [
                (_("Segments"), reverse("segmentation:segments")),
                (_("Look-alikes"), reverse("segmentation:lookalikes")),
            ],
        })  # fmt: skip

    def models(self, figures: dict[str, Any]) -> list[tuple[str, dict[str, Any], str, str]]:
        """(name, figures, what tells most, what was left out) of each model."""
        names = {"behaviour": _("By what they buy"), "profile": _("By their profile")}
        return [
            (
                names[name], part, self.words.of(part["strongest"]),
                _(", ").join(self.words.label(code) for code in part["left_out"]),
            )
            for name in names
            if (part := figures.get(name))
        ]  # fmt: skip


class LookAlikeRemoval(StaffView):
    """POST stops a search and forgets whom it found."""

    permission = Permission.EDIT_SEGMENTS

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        one = named(self.staff, code)
        jobs.remove(one, by=self.staff)
        self.say(_("Removed."))
        return self.go(reverse("segmentation:lookalikes"))


class LookAlikeExport(StaffView):
    permission = Permission.EXPORT_CUSTOMERS

    def get(self, request: HttpRequest, code: str) -> HttpResponseBase:
        one = named(self.staff, code)
        kind, _ids = taken(self, matches.people(self.staff, one), request, {"lookalikes": code})
        head = [
            _("Rank"),
            _("Customer"),
            _("Name"),
            _("Home store"),
            _("Likeness"),
            _("Judged"),
            _("What they share"),
        ]
        return export.download(_("look-alikes"), kind, head, self.lines(one))

    def lines(self, one: LookAlike) -> Iterator[list[Any]]:
        after = 0
        while rows := list(matches.ranked(self.staff, one, after)[:CHUNK]):
            told = Words(code for row in rows for code in row.shared)
            for row in rows:
                who = masks.seen_by(self.staff, row.customer)
                yield [
                    row.rank, row.customer.public_id, who.name, who.home_store.name if who.home_store else "",
                    row.score, judged(row.is_profile), told.of(row.shared),
                ]  # fmt: skip
            after = rows[-1].rank


def judged(is_profile: bool) -> str:
    return _("by their profile") if is_profile else _("by what they buy")


class LookAlikeList(KeepAsList):
    """A list of whom a search found."""

    @property
    def _one(self) -> LookAlike:
        return named(self.staff, self.kwargs["code"])

    def people(self) -> QuerySet[Customer]:
        return matches.people(self.staff, self._one)

    def name(self) -> str:
        return _("Like “%(name)s”") % {"name": matches.title_of(self._one)}

    def back(self) -> str:
        return address_of(self._one)


class LookAlikeWork(ListWork):
    """Follow-ups for whom a search found."""

    permission = Permission.ASSIGN_WORK

    def dispatch(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponseBase:
        return super().dispatch(request)  # which search stands in `kwargs`

    @property
    def _one(self) -> LookAlike:
        return named(self.staff, self.kwargs["code"])

    def people(self) -> QuerySet[Customer]:
        return matches.people(self.staff, self._one)

    def about(self) -> str:
        return f"{super().about()} ({matches.title_of(self._one)})"

    def back(self) -> str:
        return address_of(self._one)
