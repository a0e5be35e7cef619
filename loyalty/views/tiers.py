"""Tiers: the ladder with its members, who moved between tiers in a period, and the people behind each number."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.audit import trail
from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui import export
from crm.ui.pages import page_of
from crm.ui.views import StaffView
from customers import nights
from customers.models import Customer
from customers.views.facts import rows_of
from customers.views.listing import COUNTED, count_of, download
from loyalty.models import Membership, Tier, TierScheme
from loyalty.tiers import keeping, movement
from loyalty.views.base import tabs
from loyalty.views.benefitwords import in_words


class Ladder(StaffView):
    """The tiers as they are valid today, how many stand on each, what each gives."""

    permission = Permission.VIEW_LOYALTY

    def get(self, request: HttpRequest) -> HttpResponse:
        on = keeping.today(now())
        tiers = movement.ladder(on)
        counts = movement.counts_now(self.staff, tiers)
        versions = TierScheme.objects.order_by("-valid_from", "-pk")[:8]
        return self.render(
            "loyalty/tiers.html",
            {
                "title": _("Loyalty"),
                "tabs": tabs(self, "tiers"),
                "scheme": TierScheme.valid_on(on),
                "rungs": [
                    (tier, counts.get(tier.code, 0), [in_words(one) for one in tier.benefits.all()])
                    for tier in _with_gifts(tiers)
                ],
                "versions": versions,
                "people": reverse("loyalty:tier-members"),
            },
        )


def _with_gifts(tiers: list[Tier]) -> list[Tier]:
    ids = [tier.pk for tier in tiers]
    return list(
        Tier.objects.filter(pk__in=ids)
        .order_by("rank")
        .prefetch_related("benefits__coupon", "benefits__reward")
    )


class Span(forms.Form):
    """From which day to which; the last three months unless something else is asked for."""

    from_on = forms.DateField(
        label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    to_on = forms.DateField(
        label=gettext_lazy("To"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, data: Any) -> None:
        today = keeping.today(now())
        first = {"from_on": today - timedelta(days=89), "to_on": today}
        super().__init__({name: data.get(name) or value for name, value in first.items()})

    def days(self) -> tuple[date, date]:
        if self.is_valid() and self.cleaned_data["from_on"] <= self.cleaned_data["to_on"]:
            return self.cleaned_data["from_on"], self.cleaned_data["to_on"]
        today = keeping.today(now())
        return today - timedelta(days=89), today


class MovementPage(StaffView):
    permission = Permission.VIEW_LOYALTY

    def get(self, request: HttpRequest) -> HttpResponse:
        form = Span(request.GET)
        from_on, to_on = form.days()
        told = movement.statement(self.staff, from_on, to_on)
        span = {"from_on": from_on.isoformat(), "to_on": to_on.isoformat()}
        rows = [(was, [_cell(told, was, to, span) for to in told.tiers]) for was in told.tiers]
        context = {
            "title": _("Loyalty"), "tabs": tabs(self, "tiers"), "form": form, "told": told, "rows": rows,
            "bought": movement.bought(self.staff, from_on, to_on), "names": {one.code: one.name for one in told.tiers},
            "export": reverse("loyalty:tier-movement-export"), "query": urlencode(span),
            "crumbs": [(_("Tiers"), reverse("loyalty:tiers"))],
        }  # fmt: skip
        return self.render("loyalty/tier_movement.html", context)


def _cell(told: movement.Movement, was: Tier, to: Tier, span: dict[str, str]) -> tuple[int, str, bool]:
    query = urlencode({**span, "was": was.code, "now": to.code})
    return told.count(was.code, to.code), f"{reverse('loyalty:tier-members')}?{query}", was.code == to.code


class MovementExport(StaffView):
    """The matrix as a file: sums, no customers."""

    permission = Permission.VIEW_LOYALTY

    def get(self, request: HttpRequest) -> HttpResponseBase:
        told = movement.statement(self.staff, *Span(request.GET).days())
        names = {tier.code: tier.name for tier in told.tiers}
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        with transaction.atomic():
            trail.record("tiers.export", "loyalty.tierchange:*", by=self.staff, details={"format": kind})
        rows = ([names.get(a, a), names.get(b, b), n] for (a, b), n in sorted(told.counts.items()))
        return export.download(_("tiers"), kind, [_("From"), _("To"), _("Customers")], rows)


class Asked:
    """The people that the address names: those on a tier now, or those who moved from one to another."""

    def __init__(self, request: HttpRequest, staff: Staff) -> None:
        self.staff, self.data = staff, request.GET
        self.wanted = {
            key: request.GET[key]
            for key in ("tier", "was", "now", "from_on", "to_on")
            if request.GET.get(key)
        }

    def people(self) -> QuerySet[Customer]:
        if tier := self.data.get("tier"):
            return _standing(self.staff, tier)
        days = Span(self.data).days()
        rows = movement.movers(self.staff, *days, self.data.get("was", ""), self.data.get("now", ""))
        return rows.select_related("home_store")

    def name(self) -> str:
        names = {tier.code: tier.name for tier in movement.ladder(keeping.today(now()))}
        codes = [self.data.get(key, "") for key in ("tier", "was", "now")]
        return " → ".join(names.get(code, code) for code in codes if code)


def _standing(staff: Staff, tier: str) -> QuerySet[Customer]:
    people = Customer.objects.visible_to(staff).living().filter(is_stub=False).select_related("home_store")
    lowest = next((one.code for one in movement.ladder(keeping.today(now()))), "")
    if tier == lowest:
        return people.exclude(pk__in=Membership.objects.exclude(tier=tier).values("customer_id"))
    return people.filter(pk__in=Membership.objects.filter(tier=tier).values("customer_id"))


class Members(StaffView):
    permission = Permission.VIEW_CUSTOMERS

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = Asked(request, self.staff)
        people = asked.people()
        page = page_of(people, request, "-pk")
        labels, shown = rows_of(self.staff, page.rows)
        query = request.GET.copy()
        query.pop("after", None)
        context = {
            "page": page, "rows": shown, "labels": labels, "count": count_of(people), "counted": COUNTED,
            "night": nights.published(), "query": query.urlencode(), "title": asked.name(),
            "export": reverse("loyalty:tier-members-export"), "crumbs": [(_("Tiers"), reverse("loyalty:tiers"))],
        }  # fmt: skip
        return self.render("loyalty/people.html", context)


class MembersExport(StaffView):
    permission = Permission.EXPORT_CUSTOMERS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        asked = Asked(request, self.staff)
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        details = {"format": kind, "part": asked.wanted}
        with transaction.atomic():
            trail.record("customers.export", "customers.customer:*", by=self.staff, details=details)
        return download(self.staff, asked.people().order_by("pk"), kind, _("customers"))
