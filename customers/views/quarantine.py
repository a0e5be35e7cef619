"""What came in and could not be applied: why, what it was, trying it again, dismissing it."""

import json
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
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
    "return_line_unknown": gettext_lazy("The receipt has no such line."),
    "unknown_store": gettext_lazy("Its store is not known."),
    "waits": gettext_lazy("Its receipt has not come yet. It is applied by itself when it does."),
}
PERSONAL = ("customer",)  # parts of an event that name a person


class ShowForm(forms.Form):
    """Which part of the list; what stands in the address and is none of these is the first."""

    show = forms.ChoiceField(
        label=gettext_lazy("Show"),
        required=False,
        choices=(("", gettext_lazy("Needs a look")), ("dismissed", gettext_lazy("Dismissed"))),
    )


class DismissalForm(forms.Form):
    why = forms.CharField(
        label=gettext_lazy("Why nothing more is to be done"),
        max_length=200,
        error_messages={"required": gettext_lazy("Say why, so that whoever finds it later knows.")},
    )


class Quarantine(StaffView):
    permission = Permission.VIEW_IMPORTS

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render("customers/quarantine.html", around(self))


def around(view: StaffView, refused: tuple[Arrival, DismissalForm] | None = None) -> dict[str, Any]:
    """The list, as the address asks for it; `refused` is a dismissal that came back with errors."""
    is_dismissed = view.request.GET.get("show") == "dismissed"
    page = page_of(quarantine.listed(view.staff, dismissed=is_dismissed), view.request, "-pk")
    dismissals = quarantine.dismissals(page.rows) if is_dismissed else {}
    others = [row for row in page.rows if not (is_dismissed or (refused and row == refused[0]))]
    return {
        "rows": [(row, reason_of(row), shown(row), dismissals.get(row.pk)) for row in page.rows],
        "dialogs": [(row, _form_of(row), False) for row in others] + ([(*refused, True)] if refused else []),
        "is_dismissed": is_dismissed,
        "filter": ShowForm({"show": "dismissed" if is_dismissed else ""}),
        "page": page,
        "title": _("Imports"),
        "tabs": tabs(view, "quarantine"),
    }


def _form_of(arrival: Arrival, data: Any = None) -> DismissalForm:
    return DismissalForm(data, auto_id=f"dismissal-{arrival.pk}-%s")


class Dismissal(StaffView):
    """The dismissal of an event: POST puts it away with a reason, DELETE opens it again."""

    permission = Permission.REPLAY_QUARANTINE
    template = "customers/quarantine.html"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        arrival = get_object_or_404(Arrival.objects.visible_to(self.staff), pk=pk)
        form = _form_of(arrival, request.POST)
        return self.answer(
            form,
            lambda: quarantine.dismiss(arrival, why=form.cleaned_data["why"], by=self.staff, at=now()),
            done=lambda _made: self.done(arrival),
            context=lambda: around(self, (arrival, form)),
        )

    def done(self, arrival: Arrival) -> str:
        self.say(_("Dismissed."), undo=reverse("customers:dismissal", args=[arrival.pk]))
        return reverse("customers:quarantine")

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        arrival = get_object_or_404(Arrival.objects.visible_to(self.staff), pk=pk)
        try:
            quarantine.reopen(arrival, by=self.staff, at=now())
            self.say(_("It is on the list again."))
        except Refusal as refusal:
            self.say(refusal, error=True)
        return self.go(reverse("customers:quarantine"))


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
