"""New, retained, returning, reactivated and lapsed customers by month."""

from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics import comings
from analytics.comings import CAME, LAPSED, QUIET, Month
from analytics.periods import EARLIEST
from analytics.questions import Question
from analytics.views.base import Behind, Page, Table
from analytics.views.filters import Filters
from analytics.views.words import KINDS
from crm.org.models import Staff
from crm.ui import words
from crm.ui.staff import chain_of

SPANS = (13, 6, 25)  # the first is what is shown when nobody said otherwise
QUIETS = (QUIET, 2, 6, 12)


class MonthFilters(Filters):
    without = frozenset({"period", "since", "until", "against"})

    span = forms.TypedChoiceField(
        label=gettext_lazy("Months"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[(n, n) for n in SPANS],
    )
    quiet = forms.TypedChoiceField(
        label=gettext_lazy("Reactivated after more than"), required=False, coerce=int, empty_value=None
    )
    field_order = ["span", "quiet", "region", "store", "channel", "category", "brand", "group", "segment"]

    def __init__(self, data: Any, staff: Staff) -> None:
        super().__init__(data, staff)
        self.fields["quiet"].choices = [  # type: ignore[attr-defined]
            (n, ngettext("%(n)s month", "%(n)s months", n) % {"n": n}) for n in QUIETS
        ]

    @property
    def months(self) -> tuple[int, int]:
        """How many are shown, and how many without a purchase still are a pause."""
        return self.wanted.get("span") or SPANS[0], self.wanted.get("quiet") or QUIET


class Comings(Page):
    key = "comings"
    filters = MonthFilters

    def shown(self, question: Question, form: Any) -> dict[str, Any]:
        count, quiet = form.months
        found = comings.months(question, count, quiet)
        rows = [(month, *self._cells(month, form)) for month in found]
        return {
            "rows": list(reversed(rows)),
            "kinds": [(kind, KINDS[kind]) for kind in (*CAME, LAPSED)],
            "quiet": quiet,
            "chart": _chart(found, lambda numbers: numbers[0]),
            "money_chart": _chart(found, lambda numbers: float(numbers[1]))
            | {"currency": chain_of(self.request).currency},
            "is_empty": not any(month.customers for month in found),
            "open": next((month for month in found if not month.is_over), None),
        }

    def _cells(self, month: Month, form: Filters) -> tuple[str, list[tuple[int, Any, str]]]:
        def link(kind: str) -> str:
            return self.link(form, month=month.began_on.isoformat(), kind=kind)

        cells = [(*month.came[kind], link(kind)) for kind in CAME]
        return link(""), [*cells, (*month.lapsed, link(LAPSED))]


def _chart(found: list[Month], value: Any) -> dict[str, Any]:
    """Those who came upwards, those who stayed away downwards; a month that is not over says nothing of the latter."""
    series = [{"name": str(KINDS[kind]), "values": [value(m.came[kind]) for m in found]} for kind in CAME]
    gone = [-value(m.lapsed) if m.is_over else None for m in found]
    return {
        "labels": [words.month(month.began_on) for month in found],
        "stacked": True,
        "signed": True,
        "series": [*series, {"name": str(KINDS[LAPSED]), "values": gone}],
    }


def table(question: Question, form: Any) -> Table:
    header = [_("Month"), _("Customers"), _("Sales")]
    for kind in (*CAME, LAPSED):
        header += [KINDS[kind], _("%(kind)s: sales") % {"kind": KINDS[kind]}]
    rows = [
        [
            month.began_on,
            month.customers,
            month.revenue,
            *(n for kind in CAME for n in month.came[kind]),
            *month.lapsed,
        ]
        for month in comings.months(question, *form.months)
    ]
    until = question.period.until
    return Table(_("new-and-lapsed"), header, rows, (comings.first_day(until, form.months[0]), until))


def behind(question: Question, form: Any, request: HttpRequest) -> Behind | None:
    kind = request.GET.get("kind", "")
    try:
        month = date.fromisoformat(request.GET.get("month", ""))
    except ValueError:
        return None
    if month < EARLIEST or (kind and kind not in KINDS):
        return None
    title = " · ".join(str(word) for word in (KINDS.get(kind), words.month(month)) if word)
    statement, values = comings.people(question, month, kind, form.months[1])
    return Behind(title, question.goods.name, statement, values)
