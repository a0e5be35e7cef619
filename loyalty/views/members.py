"""One customer's tier and adjustments: history, by hand, a lock, points given or taken."""

from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from crm.org.permissions import Permission
from crm.ui.words import number
from customers.models import Customer
from customers.views.base import CustomerView
from loyalty import adjustments
from loyalty.forms import AdjustmentForm, ByHandForm, UndoForm
from loyalty.models import Adjustment, AdjustmentState, Membership, Tier, TierChange
from loyalty.tiers import changing, keeping, movement
from loyalty.views.words import people_of

SHOWN = 50


class TierRecord(CustomerView):
    """GET shows where they stand and how they came there; POST puts them on a tier; DELETE ends a lock."""

    permission = Permission.ADJUST_POINTS
    template = "loyalty/customer_tier.html"

    def get(self, request: HttpRequest, customer: str) -> HttpResponse:
        person = self.customer(customer)
        tiers = movement.ladder(keeping.today(now()))
        return self.render(
            self.template, {"form": ByHandForm(None, tiers=tiers)} | self.around(person, tiers)
        )

    def post(self, request: HttpRequest, customer: str) -> HttpResponse:
        person = self.customer(customer)
        tiers = movement.ladder(keeping.today(now()))
        form = ByHandForm(request.POST, tiers=tiers)
        change = lambda: changing.change(person, by=self.staff, at=now(), **form.cleaned_data)  # noqa: E731
        return self.answer(
            form, change, done=lambda _kept: self.back(person), context=lambda: self.around(person, tiers)
        )

    def delete(self, request: HttpRequest, customer: str) -> HttpResponse:
        person = self.customer(customer)
        try:
            changing.unlock(person, by=self.staff, at=now())
        except Refusal as refusal:
            self.say(str(refusal), error=True)
        return self.go(self.back(person))

    def back(self, person: Customer) -> str:
        return reverse("loyalty:customer-tier", args=[person.public_id])

    def around(self, person: Customer, tiers: list[Tier]) -> dict[str, Any]:
        on = keeping.today(now())
        now_is = Membership.objects.filter(customer=person).first()
        history = list(TierChange.objects.filter(customer=person).order_by("-at", "-pk")[:SHOWN])
        by_code = {tier.code: tier for tier in tiers}
        lowest = tiers[0].code if tiers else ""
        return {
            "title": _("Tier"), "person": person, "now_is": now_is,
            "tier": by_code.get(now_is.tier if now_is else lowest),
            "is_locked": bool(now_is and now_is.is_locked(on)), "history": history, "by_code": by_code,
            "people": people_of(one.actor for one in history), "crumbs": crumbs(person), "tiers": tiers,
        }  # fmt: skip


class Adjustments(CustomerView):
    """GET lists what was given and taken by hand; POST asks for more."""

    permission = Permission.ADJUST_POINTS
    template = "loyalty/customer_adjustments.html"

    def get(self, request: HttpRequest, customer: str) -> HttpResponse:
        form = AdjustmentForm(None, staff=self.staff, source=f"page:{uuid4().hex}")
        return self.render(self.template, {"form": form} | self.around(self.customer(customer)))

    def post(self, request: HttpRequest, customer: str) -> HttpResponse:
        person = self.customer(customer)
        form = AdjustmentForm(request.POST, staff=self.staff)
        ask = lambda: adjustments.ask(person, by=self.staff, at=now(), **form.cleaned_data)  # noqa: E731
        return self.answer(form, ask, done=self.done, context=lambda: self.around(person))

    def done(self, made: Adjustment) -> str:
        if made.is_waiting:
            self.say(_("That is above your limit: it waits for somebody else's approval."))
        else:
            self.say(_("Booked: %(points)s points.") % {"points": number(made.points)})
        return reverse("loyalty:adjustments", args=[made.customer.public_id])

    def around(self, person: Customer) -> dict[str, Any]:
        rows = list(Adjustment.objects.filter(customer=person).order_by("-pk")[:SHOWN])
        return {
            "title": _("Points by hand"), "person": person, "rows": rows, "crumbs": crumbs(person),
            "people": people_of(name for one in rows for name in (one.asked_by, one.decided_by, one.undone_by)),
            "reasons": {one.code: str(one) for one in adjustments.reasons()},
            "limit": adjustments.limit_of(self.staff), "undo": UndoForm(), "applied": AdjustmentState.APPLIED,
        }  # fmt: skip


class Undoing(CustomerView):
    """POST undoes an adjustment of a customer."""

    permission = Permission.ADJUST_POINTS

    def post(self, request: HttpRequest, customer: str, adjustment: str) -> HttpResponse:
        person = self.customer(customer)
        made = get_object_or_404(Adjustment, customer=person, pk=Adjustment.row_id(adjustment))
        form = UndoForm(request.POST)
        try:
            reason = form.cleaned_data["reason"] if form.is_valid() else ""
            adjustments.undo(made, by=self.staff, at=now(), reason=reason)
        except Refusal as refusal:
            self.say(str(refusal), error=True)
        else:
            self.say(_("Undone."))
        return self.go(reverse("loyalty:adjustments", args=[person.public_id]))


def crumbs(person: Customer) -> list[tuple[str, str]]:
    return [(person.name or person.public_id, reverse("customers:customer", args=[person.public_id]))]
