"""What came in and could not be applied: why, what it was, and trying it again."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Refusal
from crm.org.permissions import Permission
from crm.ui.pages import page_of
from crm.ui.views import StaffView
from customers.models import Arrival, ArrivalState
from customers.receiving import quarantine
from customers.views.imports import tabs

REASONS = {
    "return_exceeds_receipt": gettext_lazy("It brings back more than the receipt has left."),
    "unknown_store": gettext_lazy("Its store is not known."),
    "waits": gettext_lazy("Its receipt has not come yet. It is applied by itself when it does."),
}
PERSONAL = ("customer",)  # parts of an event that name a person


class Quarantine(StaffView):
    permission = Permission.VIEW_IMPORTS

    def get(self, request: HttpRequest) -> HttpResponse:
        page = page_of(quarantine.listed(self.staff), request, "-pk")
        rows = [(arrival, reason_of(arrival), shown(arrival)) for arrival in page.rows]
        context = {"rows": rows, "page": page, "title": _("Imports"), "tabs": tabs(self, "quarantine")}
        return self.render("customers/quarantine.html", context)


class Replay(StaffView):
    """POST tries the event again."""

    permission = Permission.REPLAY_QUARANTINE

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        arrival = get_object_or_404(Arrival.objects.visible_to(self.staff), pk=pk)
        try:
            state = quarantine.replay(arrival, by=self.staff)
        except Refusal as refusal:
            self.say(_("It stays set aside: %(why)s") % {"why": why(refusal)}, error=True)
        else:
            applied = state == ArrivalState.APPLIED
            self.say(
                _("Applied.") if applied else _("It stays set aside: %(why)s") % {"why": reason_of(arrival)},
                error=not applied,
            )
        return self.go(reverse("customers:quarantine"))


def why(refusal: Refusal) -> str:
    """What is wrong with the event's parts; else what is wrong with all of it."""
    return " ".join(str(fault.detail) for fault in refusal.faults) or str(refusal)


def reason_of(arrival: Arrival) -> Any:
    if arrival.state == ArrivalState.WAITING:
        return REASONS["waits"]
    return REASONS.get(arrival.reason) or arrival.reason.replace("_", " ").capitalize()


def shown(arrival: Arrival) -> str:
    """The event as it came, without whom it names."""
    raw = arrival.raw if isinstance(arrival.raw, dict) else {}
    return json.dumps(
        {key: "…" if key in PERSONAL and value else value for key, value in raw.items()},
        indent=2,
        ensure_ascii=False,
    )
