"""Those who stood in a group at a night, or were in a segment: what became of them."""

from datetime import date
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import cohorts
from analytics.cohorts import Cohort, Cohorts
from analytics.questions import Question
from analytics.views.base import Page, Table
from analytics.views.filters import Filters, last_day
from crm.org.models import Staff
from crm.ui import words
from customers.models import Night
from segmentation.models import Group, Segment
from segmentation.views.sankey import GREY
from segmentation.views.scope import last_dates

ACCENT = "#0f766e"  # a segment has no colour of its own


class CohortFilters(Filters):
    without = frozenset({"period", "since", "until", "against", "channel", "category", "brand"})

    on = forms.ChoiceField(label=gettext_lazy("As of the night"), required=False)
    field_order = ["on", "segment", "group", "region", "store"]

    def __init__(self, data: Any, staff: Staff) -> None:
        super().__init__(data, staff)
        self.dates = last_dates()
        earlier = [(day.isoformat(), words.day(day)) for day in self.dates[1:]]
        self.fields["on"].choices = [("", _("The earliest")), *earlier]  # type: ignore[attr-defined]
        known = self.fields["segment"].choices[1:]  # type: ignore[attr-defined]
        self.fields["segment"].choices = [("", _("None: the groups")), *known]  # type: ignore[attr-defined]
        if "store" in self.fields:
            self.fields["store"].label = _("Home store")

    def clean(self) -> dict[str, Any]:
        wanted = super().clean()
        if wanted.get("segment") and wanted.get("group"):
            self.add_error(
                "group", _("A segment is followed as a whole, whatever group its customers stood in.")
            )
        return wanted

    def found(self, last: Night) -> Cohorts | None:
        """The earliest night of the list when none is asked for; of a segment its earliest."""
        wanted, segment = self.wanted.get("on"), self.wanted.get("segment")
        if not self.dates:
            return None
        if segment is None:
            on = date.fromisoformat(wanted) if wanted else self.dates[-1]
            return cohorts.of_groups(self.viewer, on, last_day(last))
        day = date.fromisoformat(wanted) if wanted else cohorts.first_night(segment)
        return cohorts.of_segment(self.viewer, day, last_day(last), segment) if day else None


class Later(NamedTuple):
    """Where some of a cohort are now; `link`: to these people, where there is such a list."""

    name: str
    colour: str
    customers: int
    share: float
    link: str = ""


class CohortsPage(Page):
    key = "cohorts"
    filters = CohortFilters

    def shown(self, question: Question, form: Any) -> dict[str, Any]:
        found = form.found(question.night)
        if found is None or not found.cohorts:
            return {"found": None}
        of = question.segment or question.group
        chosen = next((one for one in found.cohorts if of and one.of == of), found.cohorts[0])
        return {
            "found": found,
            "rows": [
                (name_of(one), colour_of(one), one, [(block, block.buyers / one.customers) for block in one.blocks])
                for one in found.cohorts
            ],
            "chart": _chart(found),
            "chosen": chosen,
            "name": name_of(chosen),
            "blocks": [
                (block, block.buyers / chosen.customers, block.revenue / chosen.customers) for block in chosen.blocks
            ],
            "stayed": _stayed(found, chosen),
            "became": self._became(found, chosen),
        }  # fmt: skip

    def _became(self, found: Cohorts, chosen: Cohort) -> list[Later]:
        """The groups they stand in now, each with its people (the page of movement knows those of groups)."""
        counts = cohorts.became(found, chosen)
        return [
            Later(group.name, group.colour, n, n / chosen.customers, self._movers(found, chosen, group))
            for group in Group.objects.all()
            if (n := counts.get(group.pk, 0))
        ]

    def _movers(self, found: Cohorts, chosen: Cohort, group: Group) -> str:
        if not isinstance(chosen.of, Group):
            return ""
        span = {"from": found.night.on.isoformat(), "to": found.last.on.isoformat()}
        where = {k: v for k, v in self.request.GET.items() if k in ("store", "region") and v}
        query = urlencode({**span, "was": chosen.of.code, "is": group.code, **where})
        return f"{reverse('segmentation:movers')}?{query}"


def _stayed(found: Cohorts, chosen: Cohort) -> list[Later]:
    """Of a segment: who is still in it, and who left."""
    if not isinstance(chosen.of, Segment):
        return []
    counts = cohorts.stayed(found)
    names = ((cohorts.STAYED, _("Still in the segment"), ACCENT), (cohorts.LEFT, _("No longer in it"), GREY))
    return [
        Later(name, colour, n, n / chosen.customers)
        for kind, name, colour in names
        if (n := counts.get(kind, 0))
    ]


def name_of(cohort: Cohort) -> str:
    return cohort.of.name if cohort.of else _("All others in a group")


def colour_of(cohort: Cohort) -> str:
    if isinstance(cohort.of, Group):
        return cohort.of.colour
    return ACCENT if cohort.of else GREY


def _chart(found: Cohorts) -> dict[str, Any]:
    """How many of each bought, block by block."""
    return {
        "labels": [words.month_day(block.since) for block in found.cohorts[0].blocks],
        "percent": True,
        "series": [
            {
                "name": name_of(one),
                "colour": colour_of(one),
                "values": [block.buyers / one.customers for block in one.blocks],
            }
            for one in found.cohorts
        ],
    }


def table(question: Question, form: Any) -> Table:
    found = form.found(question.night)
    header = [
        _("Segment") if question.segment else _("Group"),
        _("Customers then"),
        _("First day"),
        _("Last day"),
        _("Buyers"),
        _("Visits"),
        _("Sales"),
    ]
    rows = [
        [name_of(one), one.customers, block.since, block.until, block.buyers, block.visits, block.revenue]
        for one in (found.cohorts if found else [])
        for block in one.blocks
    ]
    days = (found.night.on, found.until) if found else ()
    return Table(_("what-became-of-them"), header, rows, days)
