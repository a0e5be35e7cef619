"""Those who stood in a group at a night: what became of them."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import cohorts
from analytics.cohorts import Cohort, Cohorts
from analytics.questions import Question
from analytics.views.base import Page, Table
from analytics.views.filters import Filters
from crm.org.models import Staff
from crm.ui import words
from segmentation.models import Group
from segmentation.views.scope import last_dates


class CohortFilters(Filters):
    without = frozenset({"period", "since", "until", "against", "channel", "category", "brand"})

    on = forms.ChoiceField(label=gettext_lazy("As of the night"), required=False)
    field_order = ["on", "group", "region", "store"]

    def __init__(self, data: Any, staff: Staff) -> None:
        super().__init__(data, staff)
        self.dates = last_dates()
        earlier = [(day.isoformat(), words.day(day)) for day in self.dates[1:]]
        self.fields["on"].choices = [("", _("The earliest")), *earlier]  # type: ignore[attr-defined]
        if "store" in self.fields:
            self.fields["store"].label = _("Home store")

    @property
    def day(self) -> date | None:
        """The earliest night of the list when none is asked for."""
        wanted = self.wanted.get("on")
        return date.fromisoformat(wanted) if wanted else (self.dates[-1] if self.dates else None)


class CohortsPage(Page):
    key = "cohorts"
    filters = CohortFilters

    def shown(self, question: Question, form: Any) -> dict[str, Any]:
        found = cohorts.cohorts(form.viewer, form.day) if form.day else None
        if found is None or not found.cohorts:
            return {"found": None}
        chosen = next((one for one in found.cohorts if one.group == question.group), found.cohorts[0])
        return {
            "found": found,
            "rows": [(one, [(block, block.buyers / one.customers) for block in one.blocks]) for one in found.cohorts],
            "chart": _chart(found),
            "chosen": chosen,
            "blocks": [
                (block, block.buyers / chosen.customers, block.revenue / chosen.customers) for block in chosen.blocks
            ],
            "became": self._became(found, chosen, form),
        }  # fmt: skip

    def _became(
        self, found: Cohorts, chosen: Cohort, form: CohortFilters
    ) -> list[tuple[Group, int, float, str]]:
        """Where they stand now, each with its people (the page of movement knows them)."""
        counts = cohorts.became(form.viewer, found.night.on, chosen.group)
        span = {"from": found.night.on.isoformat(), "to": found.until.isoformat(), "was": chosen.group.code}
        where = {k: v for k, v in self.request.GET.items() if k in ("store", "region") and v}
        members = reverse("segmentation:movers")
        return [
            (group, n, n / chosen.customers, f"{members}?{urlencode({**span, 'is': group.code, **where})}")
            for group in Group.objects.all()
            if (n := counts.get(group.pk, 0))
        ]


def _chart(found: Cohorts) -> dict[str, Any]:
    """How many of each group bought, block by block."""
    return {
        "labels": [words.month_day(block.since) for block in found.cohorts[0].blocks],
        "percent": True,
        "series": [
            {
                "name": one.group.name,
                "colour": one.group.colour,
                "values": [block.buyers / one.customers for block in one.blocks],
            }
            for one in found.cohorts
        ],
    }


def table(question: Question, form: Any) -> Table:
    found = cohorts.cohorts(form.viewer, form.day) if form.day else None
    header = [
        _("Group"),
        _("Customers then"),
        _("First day"),
        _("Last day"),
        _("Buyers"),
        _("Visits"),
        _("Sales"),
    ]
    rows = [
        [one.group.name, one.customers, block.since, block.until, block.buyers, block.visits, block.revenue]
        for one in (found.cohorts if found else [])
        for block in one.blocks
    ]
    return Table(_("groups-later"), header, rows)
