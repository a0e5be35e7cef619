"""Movement between nights: who changed group, as flows and as a matrix."""

from datetime import date, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.audit import trail
from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui import export, words
from crm.ui.views import StaffView
from segmentation import flows
from segmentation.flows import Summary
from segmentation.movement import NOWHERE, Movement, movement
from segmentation.views.base import tabs
from segmentation.views.sankey import GREY, drawn
from segmentation.views.scope import Filter, last_dates

BACK = timedelta(days=28)  # what is compared when nobody said otherwise
FLOWS = 12
MONTHS = "months"
STEPS = [
    ("", gettext_lazy("These two")),
    ("3", gettext_lazy("3 nights")),
    ("4", gettext_lazy("4 nights")),
    ("6", gettext_lazy("6 nights")),
    (MONTHS, gettext_lazy("Ends of months")),
]


class Place(NamedTuple):
    """A group, or none, as a row and a column of the matrix."""

    code: str
    name: str
    colour: str


def nowhere() -> Place:
    return Place(NOWHERE, _("In no group"), GREY)


class MovementFilter(Filter):
    field_order = ["since", "until", "steps", "show", "region", "store"]
    since = forms.ChoiceField(label=gettext_lazy("From the night of"), required=False)
    until = forms.ChoiceField(label=gettext_lazy("to the night of"), required=False)
    steps = forms.ChoiceField(label=gettext_lazy("Nights"), required=False, choices=STEPS)
    show = forms.ChoiceField(
        label=gettext_lazy("Flows"),
        required=False,
        choices=[("", gettext_lazy("All")), ("moved", gettext_lazy("Only who moved"))],
    )

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

    def days(self, span: tuple[date, date]) -> list[date]:
        """The nights that the flows go through."""
        steps = self.wanted.get("steps")
        if not steps or span[0] >= span[1]:
            return list(span)
        if steps == MONTHS:
            return flows.month_ends(self.dates, *span)
        return flows.chosen(self.dates, *span, int(steps))

    def movements(self, span: tuple[date, date], whole: Movement) -> list[Movement]:
        """From night to night; of two nights the movement between them, which is known already."""
        days = self.days(span)
        return [whole] if len(days) <= 2 else flows.through(self.viewer, days)


class MovementPage(StaffView):
    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        form = MovementFilter(request.GET, self.staff, dates=last_dates())
        span = form.span()
        found = movement(form.viewer, *span) if span else None
        query = {key: request.GET[key] for key in form.fields if request.GET.get(key)}
        context: dict[str, Any] = {
            "form": form,
            "movement": found,
            "tabs": tabs(self, "movement"),
            "title": _("Segments"),
            "one_night": len(form.dates) < 2,
            "query": urlencode(query),
            "export": reverse("segmentation:movement-export"),
        }
        if found and span:
            where: dict[str, str] = {key: query[key] for key in query if key in ("store", "region")}
            context |= shown(found, span, where) | through(form, found, span, where)
            form.data = {
                **dict(form.data.items()),
                "since": span[0].isoformat(),
                "until": span[1].isoformat(),
            }
        return self.render("segmentation/movement.html", context)


def through(
    form: MovementFilter, found: Movement, span: tuple[date, date], query: dict[str, str]
) -> dict[str, Any]:
    """The flows from night to night, drawn and in words."""
    moves = form.movements(span, found)
    steps = [(one.from_night.on, one.to_night.on, sentences(flows.summed(one))) for one in moves]
    return {"chart": drawn(moves, query, moved_only=form.wanted.get("show") == "moved"), "steps": steps}


def shown(found: Movement, span: tuple[date, date], query: dict[str, str]) -> dict[str, Any]:
    """The matrix and the largest flows; every number opens its people."""
    places = [*(Place(group.code, group.name, group.colour) for group in found.groups), nowhere()]
    names = {place.code: place.name for place in places}

    def link(was: str, is_: str) -> str:
        asked = {"from": span[0].isoformat(), "to": span[1].isoformat(), "was": was, "is": is_, **query}
        return f"{reverse('segmentation:movers')}?{urlencode(asked)}"

    rows = [
        (
            was,
            [(n, link(was.code, is_.code), was == is_) for is_, n in zip(places, line, strict=True)],
            sum(line),
        )
        for was, line in zip(places, found.matrix(), strict=True)
    ]
    totals = [sum(column) for column in zip(*found.matrix(), strict=True)]
    moves = [(names[a], names[b], n, link(a, b)) for a, b, n in found.flows()[:FLOWS]]
    summary = flows.summed(found)
    return {
        "rows": rows, "places": places, "totals": totals, "whole": sum(totals), "lists": _lists(rows), "flows": moves,
        "moved": summary.moved, "summary": summary,
    }  # fmt: skip


def _lists(rows: list[Any]) -> list[tuple[Place, int, list[tuple[Place, int, str, bool]]]]:
    """The matrix as a list for narrow screens: of each group, where its customers are now, most first."""
    places = [was for was, _cells, _n in rows]
    known = [
        (was, n, [(is_, *cell) for is_, cell in zip(places, cells, strict=True) if cell[0]])
        for was, cells, n in rows
        if n
    ]
    return [(was, n, sorted(each, key=lambda one: -one[1])) for was, n, each in known]


def sentences(summary: Summary) -> list[str]:
    """What happened between two nights, in words."""
    if not summary.both:
        return [_("Nobody stood in a group at both nights.")]
    told = {
        "n": words.number(summary.moved),
        "all": words.number(summary.both),
        "share": words.percent(summary.share),
    }
    moved = ngettext(
        "%(n)s of %(all)s customer moved (%(share)s).",
        "%(n)s of %(all)s customers moved (%(share)s).",
        summary.both,
    )
    found = [moved % told]
    if summary.largest:
        was, is_, n = summary.largest
        found.append(
            _("%(up)s went up, %(down)s down.")
            % {"up": words.number(summary.up), "down": words.number(summary.down)}
        )
        largest = {"was": was.name, "is": is_.name, "n": words.number(n)}
        found.append(_("The largest move: %(was)s → %(is)s, %(n)s.") % largest)
    return found


class MovementExport(StaffView):
    """All flows from night to night as a file: sums only, no customers."""

    permission = Permission.EXPORT_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        form = MovementFilter(request.GET, self.staff, dates=last_dates())
        span = form.span()
        found = movement(form.viewer, *span) if span else None
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        with transaction.atomic():
            details = {"format": kind, "part": "movement"}
            trail.record("segments.export", "segmentation.standing:*", by=self.staff, details=details)
        header = [
            _("From the night of"),
            _("to the night of"),
            _("From"),
            _("To"),
            _("Customers"),
            _("Share of those in “From”"),
        ]
        moves = form.movements(span, found) if found and span else []
        rows = [row for one in moves for row in _rows(one)]
        day = found.to_night.on.isoformat() if found else ""
        return export.download(f"{_('movement')}-{day}", kind, header, rows)


def _rows(found: Movement) -> list[list[Any]]:
    names: dict[str | None, str] = {group.code: group.name for group in found.groups} | {None: nowhere().name}
    of: dict[str | None, int] = {}
    for (was, _is), n in found.counts.items():
        of[was] = of.get(was, 0) + n
    place = {code: i for i, code in enumerate(names)}
    ordered = sorted(found.counts.items(), key=lambda one: (place[one[0][0]], place[one[0][1]]))
    span = (found.from_night.on, found.to_night.on)
    return [[*span, names[was], names[is_], n, round(n / of[was], 6)] for (was, is_), n in ordered if n]
