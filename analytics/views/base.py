"""What the pages of analyses share: the page, its file, and the customers behind its numbers.

A page module says three things of an analysis: what is shown (`Page.shown`), what the file holds (`table`) and whom a
number counts (`behind`).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, ClassVar, NamedTuple
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from analytics import people
from analytics.questions import Question
from analytics.views.filters import Filters
from crm.audit import trail
from crm.org.permissions import Permission
from crm.ui import export
from crm.ui.views import StaffView
from customers import nights
from customers.models import Customer
from segmentation.views.base import tabs
from segmentation.views.members import exported, listed

PAGES = [
    ("revenue", gettext_noop("Revenue tree")),
    ("gains", gettext_noop("Gain and loss")),
    ("crossshop", gettext_noop("Cross-shop")),
    ("comings", gettext_noop("New and lapsed")),
    ("cohorts", gettext_noop("What became of them")),
]

LONGEST = 120  # of a file's name


class Table(NamedTuple):
    """What a file holds. `days`: the first and the last it tells of; without them those of the question."""

    name: str
    header: Sequence[Any]
    rows: Iterable[Sequence[Any]]
    days: Sequence[date] = ()


class Behind(NamedTuple):
    """The customers of a number: what they are called, and the statement that finds them."""

    title: str
    lead: str
    statement: Any
    values: dict[str, Any]


class Page(StaffView):
    permission = Permission.VIEW_SEGMENTS
    key: ClassVar[str]
    filters: ClassVar[type[Filters]] = Filters

    def get(self, request: HttpRequest) -> HttpResponse:
        form, night = self.filters(request.GET, self.staff), nights.published()
        query = asked(request, form)
        context: dict[str, Any] = {
            "form": form,
            "night": night,
            "title": _("Segments"),
            "tabs": tabs(self, "analyses"),
            "pages": [(_(label), reverse(f"analytics:{key}"), key == self.key, None) for key, label in PAGES],
            "query": urlencode(query),
            "export": reverse(f"analytics:{self.key}-export"),
            "brands": form.brands(),
        }
        if night and not form.is_lost:
            question = form.question(night)
            context |= {"question": question, **self.shown(question, form)}
        return self.render(f"analytics/{self.key}.html", context)

    def shown(self, question: Question, form: Any) -> dict[str, Any]:
        raise NotImplementedError

    def link(self, form: Filters, **what: Any) -> str:
        """The customers behind a number of this page, as it is filtered."""
        return (
            f"{reverse(f'analytics:{self.key}-customers')}?{urlencode({**asked(self.request, form), **what})}"
        )


def asked(request: HttpRequest, form: Filters) -> dict[str, str]:
    """The filters as they stand in the address, without what is not understood."""
    return {
        name: request.GET[name] for name in form.fields if request.GET.get(name) and name not in form.errors
    }


class Export(StaffView):
    """The numbers of a page as a file: sums only, no customers."""

    permission = Permission.EXPORT_SEGMENTS
    key: str = ""
    filters: type[Filters] = Filters
    table: Callable[[Question, Any], Table] | None = None

    def get(self, request: HttpRequest) -> HttpResponseBase:
        night = nights.published()
        if night is None or self.table is None:
            raise Http404
        form = self.filters(request.GET, self.staff)
        if form.errors:
            raise Http404  # a file cannot say what was left out of it
        question = form.question(night)
        found = self.table(question, form)
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        with transaction.atomic():
            details = {"format": kind, "analysis": self.key}
            trail.record("analyses.export", "customers.purchase:*", by=self.staff, details=details)
        return export.download(self.name(found, question, form), kind, found.header, found.rows)

    def name(self, found: Table, question: Question, form: Filters) -> str:
        """It says of which days and of which part of the sales: files are kept beside each other."""
        days = found.days or (question.period.since, question.period.until)
        told = [found.name, *(day.isoformat() for day in days), *form.narrowed()]
        return slugify("-".join(one for one in told if one), allow_unicode=True)[:LONGEST]


class People(StaffView):
    """The customers behind a number, as far as they are customers of one's own stores."""

    permission = Permission.VIEW_SEGMENTS
    key: str = ""
    filters: type[Filters] = Filters
    behind: Callable[[Question, Any, HttpRequest], Behind | None] | None = None

    def get(self, request: HttpRequest) -> HttpResponseBase:
        found, rows = self.found(request)
        context = listed(self, rows, request) | {
            "title": found.title,
            "lead": found.lead,
            "export": reverse(f"analytics:{self.key}-customers-export"),
            "crumbs": [
                (_("Segments"), reverse("segmentation:segments")),
                (_(dict(PAGES)[self.key]), reverse(f"analytics:{self.key}")),
            ],
        }
        return self.render("segmentation/members.html", context)

    def found(self, request: HttpRequest) -> tuple[Behind, QuerySet[Customer]]:
        night, form = nights.published(), self.filters(request.GET, self.staff)
        found = None
        if night and self.behind and not form.errors:  # a list cannot say what was left out of its question
            found = self.behind(form.question(night), form, request)
        if found is None:
            raise Http404
        # Who may see a customer goes by the home store: the filters choose the sales, not the people.
        return found, people.behind(self.staff, found.statement, found.values)


class PeopleExport(People):
    permission = Permission.EXPORT_CUSTOMERS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        _found, rows = self.found(request)
        return exported(self, rows, request, {"analysis": self.key})
