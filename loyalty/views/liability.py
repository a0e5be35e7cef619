"""Overview and liability: what members have, how it came about, what will end, what is left unspent."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm.audit import trail
from crm.org.models import Chain, Store
from crm.org.permissions import Permission
from crm.ui import export, words
from crm.ui.views import StaffView
from loyalty.liability import breakage, figures
from loyalty.liability.breakage import Estimate
from loyalty.liability.figures import Figures, Sums, first_of
from loyalty.models import Programme, Unit
from loyalty.models.liability import BY_ACTIVITY, NEVER
from loyalty.views.base import tabs

SHOWN = 12  # months of a chart
ALSO = (Unit.GROWTH, Unit.STORED, Unit.BONUS)  # beside points, on the overview
COINS = 100  # in a unit of the chain's money
FLOW_WORDS = {
    "issued": gettext_lazy("Issued"),
    "reversed": gettext_lazy("Taken back"),
    "redeemed": gettext_lazy("Redeemed"),
    "expired": gettext_lazy("Expired"),
    "adjusted": gettext_lazy("Adjusted"),
}
STATES = {
    "available": gettext_lazy("To spend"),
    "pending": gettext_lazy("Pending points"),
    "held": pgettext_lazy("points", "Set aside"),
    "debt": gettext_lazy("Owed by members"),
}
WHY_NOT = {
    "spent": gettext_lazy(
        "No estimate: fewer than %(spent)s redemptions so far. It learns from what members spend."
    ),
    "months": gettext_lazy(
        "No estimate: too few months are over. It needs %(months)s months of enough points."
    ),
}


class Asked(forms.Form):
    """As of which day, and what is counted."""

    on = forms.DateField(
        label=gettext_lazy("As of the end of"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    unit = forms.TypedChoiceField(
        label=gettext_lazy("Unit"), choices=Unit.choices, coerce=lambda n: Unit(int(n))
    )

    def __init__(self, data: Any) -> None:
        self.today = figures.today()
        first = {"on": self.today.isoformat(), "unit": str(Unit.POINTS.value)}
        super().__init__({name: data.get(name) or value for name, value in first.items()})
        self.fields["on"].widget.attrs["max"] = self.today.isoformat()

    def clean_on(self) -> date:
        if self.cleaned_data["on"] > self.today:
            raise forms.ValidationError(_("This day has not begun yet."))
        return self.cleaned_data["on"]

    def wanted(self) -> tuple[Unit, date]:
        """What can be read of it; today's points otherwise."""
        found = self.cleaned_data if self.is_valid() else {}
        return found.get("unit", Unit.POINTS), found.get("on", self.today)


class LiabilityView(StaffView):
    permission = Permission.VIEW_LIABILITY


class Overview(LiabilityView):
    """How the programme stands today, in a minute."""

    def get(self, request: HttpRequest) -> HttpResponse:
        on = figures.today()
        each = figures.of_each(self.staff, [Unit.POINTS, *ALSO], on)
        found = each[Unit.POINTS]
        context = {
            "title": _("Loyalty"), "tabs": tabs(self, "overview"), "found": found, "flows": flows_chart(found),
            "ahead": ahead_rows(found), "ahead_chart": ahead_chart(found), "has_programme": Programme.objects.exists(),
            "soon": sum(n for month, n in found.ahead.items() if 0 < month <= figures.month_of(on)),
            "estimate": breakage.estimate(found.rows, on), "value": found.money(found.total.outstanding),
            "months": month_rows(found), "flow_words": FLOW_WORDS.values(), "also": also_rows(each),
        }  # fmt: skip
        return self.render("loyalty/overview.html", context)


class Liability(LiabilityView):
    """As of a day: what stands, by store, by month, and what will end."""

    def get(self, request: HttpRequest) -> HttpResponse:
        form = Asked(request.GET)
        unit, on = form.wanted()
        found = figures.of(self.staff, unit, on)
        estimate = breakage.estimate(found.rows, on)
        context = {
            "title": _("Loyalty"), "tabs": tabs(self, "liability"), "form": form, "found": found,
            "states": [(words, told(found, getattr(found.total, name))) for name, words in STATES.items()],
            "outstanding": told(found, found.total.outstanding),
            "value": None if unit.is_money else found.money(found.total.outstanding), "months": month_rows(found),
            "estimate": estimate, "why": why_not(estimate), "curve": curve_chart(estimate), "stores": store_rows(found),
            "unspent_value": found.money(estimate.points),
            "ahead": ahead_rows(found), "ahead_chart": ahead_chart(found), "flow_words": FLOW_WORDS.values(),
            "export": reverse("loyalty:liability-export"), "has_worth": found.worth is not None and not unit.is_money,
            "query": urlencode({"on": on.isoformat(), "unit": unit}),
        }  # fmt: skip
        return self.render("loyalty/liability.html", context)


class LiabilityExport(LiabilityView):
    """Every store and month as a file: sums, no customers."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        unit, on = Asked(request.GET).wanted()
        found = figures.of(self.staff, unit, on)
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        with transaction.atomic():
            details = {"format": kind, "on": on.isoformat(), "unit": unit.code}
            trail.record("liability.export", "loyalty.ledgerday:*", by=self.staff, details=details)
        head = [
            _("As of"),
            _("Unit"),
            _("Store"),
            _("Month"),
            *FLOW_WORDS.values(),
            _("Change"),
            _("Redeemed here"),
        ]
        states = [*STATES.values()]
        return export.download(_("liability"), kind, [*head, *states], _export_rows(found))


def _export_rows(found: Figures) -> Any:
    by: dict[tuple[int, int], Sums] = {}
    for row in found.rows:
        by.setdefault((row.store, row.month), Sums()).add(row)
    names = _names({store for store, _month in by})
    amount = lambda n: Decimal(n) / COINS if found.unit.is_money else n  # noqa: E731
    for (store, month), sums in sorted(by.items()):
        yield [
            found.on.isoformat(), found.unit.label, names.get(store, ""), f"{first_of(month):%Y-%m}",
            *(amount(n) for n in (*sums.flows.values(), sums.net, sums.spent_here)),
            *(amount(getattr(sums, name)) for name in STATES),
        ]  # fmt: skip


def told(found: Figures, n: int) -> str:
    """A sum in words: of money as money, for its unit is the smallest coin."""
    return (
        words.money(Decimal(n) / COINS, Chain.current().currency) if found.unit.is_money else words.number(n)
    )


def drawn(found: Figures, n: int) -> float:
    """A sum for a chart, in the same measure."""
    return n / COINS if found.unit.is_money else n


def also_rows(each: Mapping[Unit, Figures]) -> list[tuple[Unit, list[str]]]:
    """The other currencies that members have: outstanding, issued and spent in twelve months."""
    rows = []
    for unit in ALSO:
        found = each[unit]
        if found.rows:
            year = found.year.values()
            issued, spent = (sum(one.flows[name] for one in year) for name in ("issued", "redeemed"))
            rows.append((unit, [told(found, n) for n in (found.total.outstanding, issued, spent)]))
    return rows


def month_rows(found: Figures) -> list[tuple[str, list[str], str]]:
    """The latest months, the newest first: its name, its flows, and what members had at its end."""
    rows, net = [], 0
    for month in _span(found):
        sums = found.months.get(month, Sums())
        net += sums.net
        flows = [told(found, n) if n else "" for n in sums.flows.values()]
        rows.append((_month(month), flows, told(found, net)))
    return rows[::-1][:SHOWN]


def flows_chart(found: Figures) -> dict[str, Any]:
    months = _span(found)[-SHOWN:]
    names = [name for name in FLOWS_SHOWN if any(found.months.get(m, Sums()).flows[name] for m in months)]
    series = [
        {
            "name": str(FLOW_WORDS[name]),
            "values": [drawn(found, found.months.get(m, Sums()).flows[name]) for m in months],
        }
        for name in names
    ]
    return {"labels": [_month(m) for m in months], "series": series}


FLOWS_SHOWN = ("issued", "redeemed", "expired", "reversed")


def ahead_rows(found: Figures) -> list[tuple[str, str]]:
    """What ends, by month; what has no month comes last."""
    rows = [(_month(month), told(found, n)) for month, n in sorted(found.ahead.items()) if month > 0 and n]
    for month, name in ((BY_ACTIVITY, _("with the member’s activity")), (NEVER, _("never"))):
        if found.ahead.get(month):
            rows.append((name, told(found, found.ahead[month])))
    return rows


def ahead_chart(found: Figures) -> dict[str, Any]:
    months = [month for month, n in sorted(found.ahead.items()) if month > 0 and n]
    if not months:
        return {}
    span = list(range(months[0], months[-1] + 1))[: 2 * SHOWN]
    ending = _("Stored value that ends") if found.unit.is_money else _("Points that end")
    series = [{"name": str(ending), "values": [drawn(found, found.ahead.get(m, 0)) for m in span]}]
    return {"labels": [_month(m) for m in span], "series": series}


def curve_chart(estimate: Estimate) -> dict[str, Any]:
    labels = ["0", *(str(one.month + 1) for one in estimate.ages)]
    values = [1.0, *(float(round(one.unspent, 4)) for one in estimate.ages)]
    return {"labels": labels, "percent": True, "series": [{"name": str(_("Not spent")), "values": values}]}


def store_rows(found: Figures) -> list[dict[str, Any]]:
    """By store: the last twelve months and what stands, the largest first; what belongs to no store last."""
    names = _names(set(found.stores))
    rows = []
    for store, sums in found.stores.items():
        year = found.year.get(store, Sums())
        rows.append({
            "name": names.get(store) or _("No store"), "is_none": store not in names,
            "issued": told(found, year.flows["issued"]), "reversed": told(found, year.flows["reversed"]),
            "expired": told(found, year.flows["expired"]), "here": told(found, year.spent_here),
            "cost": found.money(year.spent_here), "outstanding": told(found, sums.outstanding),
            "value": found.money(sums.outstanding), "size": sums.outstanding,
        })  # fmt: skip
    return sorted(rows, key=lambda row: (row["is_none"], -row["size"], row["name"]))


def why_not(estimate: Estimate) -> str:
    if not estimate.why:
        return ""
    least = {"spent": breakage.LEAST_SPENT, "months": breakage.LEAST_MONTHS}
    return str(WHY_NOT[estimate.why]) % least


def _names(stores: set[int]) -> dict[int, str]:
    return dict(Store.objects.filter(pk__in=stores).values_list("pk", "name"))


def _span(found: Figures) -> list[int]:
    if not found.months:
        return []
    return list(range(min(found.months), max(*found.months, figures.month_of(found.on)) + 1))


def _month(month: int) -> str:
    return words.month(first_of(month))
