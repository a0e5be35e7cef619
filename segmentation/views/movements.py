"""Movement between two nights: who changed group."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui.views import StaffView
from segmentation.movement import Movement, movement
from segmentation.views.base import tabs
from segmentation.views.scope import Filter, last_dates

BACK = timedelta(days=28)  # what is compared when nobody said otherwise
FLOWS = 12


class MovementFilter(Filter):
    field_order = ["since", "until", "region", "store"]
    since = forms.ChoiceField(label=gettext_lazy("From the night of"), required=False)
    until = forms.ChoiceField(label=gettext_lazy("to the night of"), required=False)

    def __init__(self, data: Any, staff: Staff, *, dates: list[date]) -> None:
        super().__init__(data, staff, dates=dates)
        del self.fields["on"]
        for name in ("since", "until"):
            self.fields[name].choices = [("", "–"), *((day.isoformat(), date_format(day)) for day in dates)]  # type: ignore[attr-defined]
        self.dates = dates

    def span(self) -> tuple[date, date] | None:
        """The two nights asked for; else the last one and the one four weeks before it, or the first."""
        if not self.dates:
            return None
        wanted = self.wanted
        until = date.fromisoformat(wanted["until"]) if wanted.get("until") else self.dates[0]
        if wanted.get("since"):
            return date.fromisoformat(wanted["since"]), until
        return next((day for day in self.dates if day <= until - BACK), self.dates[-1]), until


class MovementPage(StaffView):
    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        form = MovementFilter(request.GET, self.staff, dates=last_dates())
        span = form.span()
        found = movement(form.viewer, *span) if span else None
        context: dict[str, Any] = {
            "form": form,
            "movement": found,
            "tabs": tabs(self, "movement"),
            "title": _("Segments"),
            "one_night": len(form.dates) < 2,
        }
        if found and span:
            form.data = {
                **dict(form.data.items()),
                "since": span[0].isoformat(),
                "until": span[1].isoformat(),
            }
            context |= shown(
                found, span, {key: request.GET[key] for key in ("store", "region") if request.GET.get(key)}
            )
        return self.render("segmentation/movement.html", context)


def shown(found: Movement, span: tuple[date, date], query: dict[str, str]) -> dict[str, Any]:
    """The matrix and the largest flows; every number opens its people."""
    names = {group.code: group.name for group in found.groups}

    def link(was: str, is_: str) -> str:
        asked = {"from": span[0].isoformat(), "to": span[1].isoformat(), "was": was, "is": is_, **query}
        return f"{reverse('segmentation:movers')}?{urlencode(asked)}"

    rows = [
        (
            was,
            [
                (found.counts.get((was.code, is_.code), 0), link(was.code, is_.code), was.code == is_.code)
                for is_ in found.groups
            ],
        )
        for was in found.groups
    ]
    flows = [(names[a], names[b], n, link(a, b)) for a, b, n in found.flows()[:FLOWS]]
    return {
        "rows": rows,
        "flows": flows,
        "moved": sum(n for _a, _b, n in found.flows()),
        "chart": _chart(found, names, link),
    }


def _chart(found: Movement, names: dict[str, str], link: Any) -> dict[str, Any]:
    flows = found.flows()[:FLOWS]
    colours = {group.code: group.colour for group in found.groups}
    before, after = sorted({a for a, _b, _n in flows}), sorted({b for _a, b, _n in flows})
    nodes = [{"name": f"1 {code}", "label": names[code], "colour": colours[code]} for code in before] + [
        {"name": f"2 {code}", "label": names[code], "colour": colours[code]} for code in after
    ]
    links = [{"source": f"1 {a}", "target": f"2 {b}", "value": n, "href": link(a, b)} for a, b, n in flows]
    return {"nodes": nodes, "links": links}
