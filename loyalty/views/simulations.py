"""The simulator: what was replayed, starting another one, its result, and two beside each other."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.audit import trail
from crm.jobs import queue
from crm.jobs.views.progress import progress_of
from crm.lib.refusals import Refusal
from crm.org.models import Staff, Store
from crm.org.permissions import Permission
from crm.ui import export, words
from crm.ui.views import StaffView
from loyalty.accrual import facts
from loyalty.liability import figures
from loyalty.models import Programme, Simulation
from loyalty.simulation import drafts, editing, groups
from loyalty.views import draftwords
from loyalty.views.base import tabs

SHOWN = 50
LINES = {
    "issued": gettext_lazy("Issued"),
    "kept": gettext_lazy("Kept after returns"),
    "growth": gettext_lazy("Growth points"),
    "outstanding": gettext_lazy("Outstanding now"),
}


class SimulatorView(StaffView):
    permission = Permission.EDIT_PROGRAMME

    def around(self, title: str = "") -> dict[str, Any]:
        crumbs = [(_("Simulator"), reverse("loyalty:simulations"))] if title else []
        return {"title": title or _("Loyalty"), "tabs": tabs(self, "simulator"), "crumbs": crumbs}


class Simulations(SimulatorView):
    """The latest ones. POST begins a draft: a copy of what is live, or of the simulation `like`."""

    def get(self, request: HttpRequest) -> HttpResponse:
        found = list(Simulation.objects.select_related("job").order_by("-pk")[:SHOWN])
        people = _people(found)
        rows = [(one, _change(one), people.get(one.created_by, "")) for one in found]
        has_programme = Programme.objects.exists()
        return self.render(
            "loyalty/simulations.html", self.around() | {"rows": rows, "has_programme": has_programme}
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        like = request.POST.get("like", "")
        known = get_object_or_404(Simulation, pk=like) if like.isdecimal() and len(like) < 19 else None
        try:
            made = (
                editing.copy(known, by=self.staff)
                if known
                else editing.begin(by=self.staff, today=figures.today())
            )
        except Refusal as refusal:
            self.say(str(refusal), error=True)
            return self.go(reverse("loyalty:simulations"))
        return self.go(reverse("loyalty:draft", args=[made.pk]))


class SimulationPage(SimulatorView):
    """A simulation; `with` sets another one beside it. DELETE cancels one that runs."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        one = get_object_or_404(Simulation.objects.select_related("job"), pk=pk)
        if one.is_draft:
            return self.go(reverse("loyalty:draft", args=[pk]))
        others = Simulation.objects.filter(result__isnull=False).exclude(pk=pk).order_by("-pk")[:SHOWN]
        asked = request.GET.get("with", "")
        other = next((row for row in others if str(row.pk) == asked), None)
        context = self.around(one.name or str(one)) | {
            "one": one, "progress": progress_of(one.job) if one.job else None, "others": others, "other": other,
            "export": reverse("loyalty:simulation-export", args=[pk]),
            "changes": draftwords.changes(drafts.of(one), pk),
        }  # fmt: skip
        if one.result is not None:
            context |= _told(one) | {"beside": _lines(other) if other else []}
        return self.render("loyalty/simulation.html", context)

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        one = get_object_or_404(Simulation.objects.select_related("job"), pk=pk)
        with transaction.atomic():
            if one.job is not None and not one.job.is_ended:
                queue.cancel(one.job, by=self.staff)
                trail.record("simulation.cancel", one, by=self.staff)
        return self.go(reverse("loyalty:simulation", args=[pk]))


class SimulationExport(SimulatorView):
    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        one = get_object_or_404(Simulation, pk=pk, result__isnull=False)
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        with transaction.atomic():
            trail.record("simulation.export", one, by=self.staff, details={"format": kind})
        head = [_("Part"), _("Name"), _("Live rules"), _("Draft"), _("More"), _("Less"), _("As much")]
        return export.download(_("simulation"), kind, head, _sheet(one))


def _sheet(one: Simulation) -> Iterator[list[Any]]:
    told = _told(one)
    for label, live, draft, _change_of, _money in told["lines"]:
        yield [_("All"), label, live, draft, "", "", ""]
    for month, (live, draft) in sorted(told["result"]["months"].items()):
        yield [_("Month"), month, live, draft, "", "", ""]
    for title, rows in ((_("Store"), told["stores"]), (_("Group"), told["groups"])):
        for name, part in rows:
            yield [title, name, *part]
    for was, now, n, _is_same in told["moves"]:
        yield [_("Tier"), f"{was} → {now}", "", n, "", "", ""]


def _told(one: Simulation) -> dict[str, Any]:
    result = one.result or {}
    names = {str(pk): name for pk, name in Store.objects.values_list("pk", "name")}
    groups_named = {code: str(name) for code, name in groups.names().items()} | {"": _("No group yet")}
    tiers = {code: str(name) for code, name in facts.tier_choices()}
    moves = [(*(tiers.get(code, code) for code in move.split(">")), n, len(set(move.split(">"))) == 1)
             for move, n in sorted(result["tiers"].items())]  # fmt: skip
    return {
        "result": result, "lines": _lines(one), "stores": _parts(result["stores"], names),
        "groups": _parts(result["groups"], groups_named), "moves": moves, "by_month": _chart(result["months"]),
        "months": [(_month(month), pair) for month, pair in sorted(result["months"].items())],
    }  # fmt: skip


def _lines(one: Simulation) -> list[tuple[Any, int, int, int, tuple[Decimal, Decimal] | None]]:
    """In words, by the live rules, by the draft, the difference, and both in money."""
    result = one.result or {}
    worth = [Decimal(result["worth"][side] or 0) for side in ("live", "draft")]
    found = []
    for key, label in LINES.items():
        live, draft = result["live"][key], result["draft"][key]
        money = (live * worth[0], draft * worth[1]) if key != "growth" and all(worth) else None
        found.append((label, live, draft, draft - live, money))
    return found


def _parts(parts: dict[str, list[int]], names: dict[str, str]) -> list[tuple[str, list[int]]]:
    """The largest change first."""
    rows = [(names.get(code, code), part) for code, part in parts.items()]
    return sorted(rows, key=lambda row: (-abs(row[1][1] - row[1][0]), row[0]))


def _chart(months: dict[str, list[int]]) -> dict[str, Any]:
    labels = sorted(months)
    sides = (_("Live rules"), _("Draft"))
    series = [{"name": name, "values": [months[m][at] for m in labels]} for at, name in enumerate(sides)]
    return {"labels": [_month(month) for month in labels], "series": series}


def _month(month: str) -> str:
    return words.month(date.fromisoformat(f"{month}-01"))


def _change(one: Simulation) -> tuple[int, int] | None:
    return (one.result["live"]["kept"], one.result["draft"]["kept"]) if one.result else None


def _people(found: list[Simulation]) -> dict[str, str]:
    ids = {one.created_by.partition(":")[2] for one in found if one.created_by.startswith("staff:")}
    return {f"staff:{pk}": name for pk, name in Staff.objects.filter(pk__in=ids).values_list("pk", "name")}
