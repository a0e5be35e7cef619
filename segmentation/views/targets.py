"""Target markets: the matrix and the table of all segments, one target, and both as a file."""

from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.org.permissions import Permission
from crm.ui import export
from crm.ui.staff import chain_of
from crm.ui.views import StaffView
from segmentation.models import Mode, TargetDecision, TargetStatus
from segmentation.targets import editing, history, measures, scoring
from segmentation.targets.candidates import Candidate, Market, market
from segmentation.targets.measures import CHURN, VALUE
from segmentation.targets.weighing import weights_of
from segmentation.views.base import tabs
from segmentation.views.lifecycle import names_of
from segmentation.views.scope import Filter
from segmentation.views.targetplans import plan, strategy_of
from segmentation.views.targetwords import COLUMNS, FACTORS, MODES, RISING, STATUSES, WALLET, ZONES, explained


class Part(Filter):
    """Whose stores; figures are of the last night that measured."""

    def __init__(self, data: Any, staff: Any) -> None:
        super().__init__(data, staff, dates=[])
        del self.fields["on"]


class Targets(StaffView):
    """All segments as markets: matrix, table, what the columns mean."""

    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        form = Part(request.GET, self.staff)
        found = market(form.viewer, self.staff)
        query = {name: request.GET[name] for name in form.fields if request.GET.get(name)}
        sort, is_falling = sorting(request)
        rows = [row_of(one) for one in in_order(found.candidates, sort, is_falling)]
        return self.render(
            "segmentation/targets.html",
            {
                "form": form, "market": found, "measured": found.measured, "rows": rows, "query": urlencode(query),
                "tabs": tabs(self, "targets"), "title": _("Segments"), "columns": heads(sort, is_falling, query),
                "chart": bubbles(found, chain_of(request).currency),
                "drawn": [row for row in rows if row["one"].scores.zone],
                "mode": MODES[Mode(found.targeting.mode)], "plan": plan(form.viewer, found),
                "explained": explained(weights_of(found.targeting)),
                "wallet": WALLET.values(), "zones": ZONES.values(), "by": labels_of(found),
                "export": reverse("segmentation:targets-export"),
            },
        )  # fmt: skip


class Export(StaffView):
    """The same table as a file: sums only, no customers."""

    permission = Permission.EXPORT_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        form = Part(request.GET, self.staff)
        found = market(form.viewer, self.staff)
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        with transaction.atomic():
            trail.record("targets.export", "segmentation.target:*", by=self.staff, details={"format": kind})
        header = [
            *(column.label for column in COLUMNS), *(label for label, _text in WALLET.values()), _("Advice"), _("Goal"),
            _("Product"), _("Price"), _("Channel"), _("Promotion"), _("Looked after by"), _("Review on"),
        ]  # fmt: skip
        day = found.measured.night.on.isoformat() if found.measured else ""
        name = _("targets")
        return export.download(f"{name}-{day}", kind, header, map(_line, found.candidates))


class Target(StaffView):
    """One segment as a market: its figures, what was decided, the strategy, and who said what when."""

    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest, target: str) -> HttpResponse:
        found = market(self.staff)
        one = found.named(target)
        if one is None:
            raise Http404
        return self.render("segmentation/target.html", around(self, one, found))


def around(view: StaffView, one: Candidate, found: Market) -> dict[str, Any]:
    """What the page of a target shows."""
    since, told = history.since_chosen(view.staff, one.target), history.told(one.target)
    names = names_of(row.created_by for row in told)
    kinds = [(row, isinstance(row, TargetDecision), names.get(row.created_by, "")) for row in told]
    review = one.target.review_on if one.target else None
    return {
        "one": one, "row": row_of(one), "measured": found.measured, "by": labels_of(found), "since": since,
        "told": [(row, decided, who, _tone(row) if decided else "") for row, decided, who in kinds],
        "is_due": bool(review and review <= editing.today(now()) and one.status != TargetStatus.DROPPED),
        "strategy": [(name, text) for name, text in strategy_of(one.target) if text],
        "factors": [(FACTORS[name][0], FACTORS[name][1], score) for name, score in _in_axes(one)],
        "wallet": [(*WALLET[name], getattr(one.figures, name) if one.figures else None) for name in WALLET],
        "people": _people(one), "crumbs": [(_("Target markets"), reverse("segmentation:targets"))],
        "tabs": tabs(view, "targets"), "title": one.name,
    }  # fmt: skip


def _in_axes(one: Candidate) -> list[tuple[str, float | None]]:
    return [(name, one.scores.factors[name]) for name in scoring.FACTORS]


def row_of(one: Candidate) -> dict[str, Any]:
    """A candidate as tables show it."""
    zone = one.scores.zone
    return {
        "one": one, "href": reverse("segmentation:target", args=[one.key]), "tone": STATUSES[one.status],
        "zone": ZONES[zone] if zone else None, "is_group": one.kind == "group",
        "cells": [(each.label, each.said(each.value(one)), each.is_wide) for each in COLUMNS[2:]],
    }  # fmt: skip


def labels_of(found: Market) -> dict[str, Any]:
    """What churn and value are, by the sources of the night."""
    if found.measured is None:
        return {}
    by = {CHURN: found.measured.churn_by, VALUE: found.measured.value_by}
    return {name: measures.label_of(name, code) for name, code in by.items()}


def sorting(request: HttpRequest) -> tuple[str, bool]:
    """By which column, and whether from the most down: "?sort=-size"."""
    told = request.GET.get("sort", "")
    name = told.removeprefix("-")
    return (name, told.startswith("-")) if name in {one.key for one in COLUMNS} else ("attractiveness", True)


def in_order(candidates: list[Candidate], sort: str, is_falling: bool) -> list[Candidate]:
    """What is not known comes last either way."""
    value = next(column.value for column in COLUMNS if column.key == sort)
    known = [one for one in candidates if value(one) is not None]
    unknown = [one for one in candidates if value(one) is None]
    return [*sorted(known, key=value, reverse=is_falling), *unknown]


def heads(sort: str, is_falling: bool, query: dict[str, str]) -> list[dict[str, Any]]:
    """The heads of the table: a click sorts, a second one turns round."""
    found = []
    for column in COLUMNS:
        is_own = column.key == sort
        falls = not is_falling if is_own else column.key not in RISING
        address = "?" + urlencode({**query, "sort": ("-" if falls else "") + column.key})
        state = ("descending" if is_falling else "ascending") if is_own else ""
        found.append({"column": column, "href": address, "state": state})
    return found


def bubbles(found: Market, currency: str) -> dict[str, Any]:
    """The matrix as the chart draws it: across our strength, up the attractiveness, as large as the revenue."""
    points = [
        {
            "name": one.name, "x": round(one.scores.strength, 1), "y": round(one.scores.attractiveness, 1),
            "size": float(one.figures.revenue), "chosen": one.status == TargetStatus.CHOSEN,
            "href": reverse("segmentation:target", args=[one.key]),
        }
        for one in found.candidates
        if one.figures and one.scores.strength is not None and one.scores.attractiveness is not None
    ]  # fmt: skip
    return {
        "points": points, "across": _("Our strength"), "up": _("Attractiveness"), "chosen": _("chosen"),
        "others": _("not chosen"), "size": _("Revenue"), "currency": currency,
    }  # fmt: skip


def _line(one: Candidate) -> list[Any]:
    """Known figures as numbers; shares as parts of 1."""
    zone, target = one.scores.zone, one.target
    cells = [column.value(one) for column in COLUMNS]
    cells[0], cells[1] = one.name, str(one.status.label)
    wallet = [getattr(one.figures, name) if one.figures else None for name in WALLET]
    notes = [text for _label, text in strategy_of(one.target)]
    return [
        *(round(cell, 6) if isinstance(cell, float) else cell for cell in (*cells, *wallet)),
        ZONES[zone][0] if zone else "", target.goal if target else "", *notes,
        target.owner.name if target and target.owner else "", target.review_on if target else None,
    ]  # fmt: skip


def _people(one: Candidate) -> str:
    """The list of its customers; of saved segments their own page has it."""
    return f"{reverse('segmentation:members')}?{urlencode({'group': one.key})}" if one.kind == "group" else ""


def _tone(decision: Any) -> str:
    return STATUSES[TargetStatus(decision.status)]
