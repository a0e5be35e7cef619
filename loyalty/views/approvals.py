"""Adjustments that wait for another person, and what was decided lately."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from crm.org.permissions import Permission
from crm.ui.views import StaffView
from loyalty import adjustments
from loyalty.forms import DecisionForm, LimitsForm
from loyalty.models import Adjustment, AdjustmentState
from loyalty.views.base import tabs
from loyalty.views.words import people_of

SHOWN = 100


class Approvals(StaffView):
    permission = Permission.APPROVE_POINTS

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = Adjustment.objects.visible_to(self.staff).select_related("customer", "store")
        waiting = list(rows.filter(state=AdjustmentState.WAITING).order_by("pk")[:SHOWN])
        decided = list(rows.exclude(decided_by="").order_by("-decided_at")[:20])
        both = waiting + decided
        return self.render("loyalty/approvals.html", self.around(waiting, decided) | {
            "people": people_of(name for one in both for name in (one.asked_by, one.decided_by)),
        })  # fmt: skip

    def around(self, waiting: list[Adjustment], decided: list[Adjustment]) -> dict[str, Any]:
        return {
            "title": _("Loyalty"), "tabs": tabs(self, "approvals"), "waiting": waiting, "decided": decided,
            "reasons": {one.code: str(one) for one in adjustments.reasons()}, "me": f"staff:{self.staff.pk}",
        }  # fmt: skip


class Decision(StaffView):
    """POST decides about one that waits."""

    permission = Permission.APPROVE_POINTS

    def post(self, request: HttpRequest, adjustment: str) -> HttpResponse:
        rows = Adjustment.objects.visible_to(self.staff)
        made = get_object_or_404(rows, pk=Adjustment.row_id(adjustment))
        form = DecisionForm(request.POST)
        if form.is_valid():
            told = form.cleaned_data
            decide = adjustments.approve if told["decision"] == "approve" else adjustments.reject
            try:
                decide(made, by=self.staff, at=now(), note=told["note"])
            except Refusal as refusal:
                first = f" {refusal.faults[0].detail}" if refusal.faults else ""
                self.say(f"{refusal}{first}", error=True)
            else:
                self.say(_("Approved and booked.") if told["decision"] == "approve" else _("Rejected."))
        return self.go(reverse("loyalty:approvals"))


class Limits(StaffView):
    """How many points each role may move alone."""

    permission = Permission.EDIT_PROGRAMME
    template = "loyalty/limits.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render(
            self.template, {"form": LimitsForm(None, limits=adjustments.of_roles())} | self.around()
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        form = LimitsForm(request.POST, limits=adjustments.of_roles())
        change = lambda: adjustments.change_limits(form.wanted(), by=self.staff)  # noqa: E731
        return self.answer(form, change, done=self.done, context=self.around)

    def done(self, _nothing: Any) -> str:
        self.say(_("Saved."))
        return reverse("loyalty:limits")

    def around(self) -> dict[str, Any]:
        crumbs = [(_("Approvals"), reverse("loyalty:approvals"))]
        return {"title": _("Limits"), "tabs": tabs(self, "approvals"), "crumbs": crumbs}
