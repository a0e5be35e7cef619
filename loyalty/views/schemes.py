"""Editing the tiers: a new version, what it would move, publishing it."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from crm.lib.edits import ChangedMeanwhile
from crm.lib.refusals import Refusal
from crm.org.permissions import Permission
from crm.ui.views import StaffView, explain
from loyalty import programmes
from loyalty.forms import SchemeForm
from loyalty.models import Tier, TierScheme
from loyalty.tiers import schemes
from loyalty.views import drafted
from loyalty.views.base import tabs


class SchemePage(StaffView):
    """GET shows the newest version as a draft; POST with `preview` counts, without it publishes."""

    permission = Permission.EDIT_PROGRAMME
    template = "loyalty/tier_scheme.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render(self.template, {"form": self.form(None)} | self.around())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.form(request.POST)
        if "preview" in request.POST:
            return self.preview(form)
        publish = lambda: schemes.publish(  # noqa: E731
            form.rules(), form.drafts(), by=self.staff, at=now(), based_on=self.based_on()
        )
        return self.answer(form, publish, done=self.done, context=self.around)

    def preview(self, form: SchemeForm) -> HttpResponse:
        found, status = None, 422
        if form.is_valid():
            try:
                found = schemes.preview(
                    form.rules(), form.drafts(), by=self.staff, at=now(), based_on=self.based_on()
                )
            except Refusal as refusal:
                explain(form, refusal)
                status = 409 if isinstance(refusal, ChangedMeanwhile) else 422
            else:
                status = 200
        return self.render(
            self.template, {"form": form, "found": found, "moves": _moves(found)} | self.around(), status
        )

    def based_on(self) -> dict[str, Any] | None:
        """What the version said that was shown, if the form tells which; an empty number: there was none yet."""
        seen = self.request.POST.get("seen")
        if seen is None:
            return None
        return schemes.settings(TierScheme.objects.filter(pk=seen).first() if seen else None)

    def form(self, data: Any) -> SchemeForm:
        scheme = schemes.latest()
        tiers = list(Tier.objects.filter(scheme=scheme).order_by("rank").prefetch_related("benefits"))
        if draft := drafted.of(self.request):
            for tier in tiers:
                tier.threshold = draft.tiers.get(tier.code, tier.threshold)
        form = SchemeForm(data, scheme=scheme, tiers=tiers)
        first = programmes.today(now()) + timedelta(days=1 if scheme else 0)
        form.initial["valid_from"] = max(first, scheme.valid_from) if scheme else first
        return form

    def done(self, scheme: TierScheme) -> str:
        self.say(
            _("Published. From its first day on, purchases raise at once; the night places everybody else.")
        )
        return reverse("loyalty:tiers")

    def around(self) -> dict[str, Any]:
        return {
            "title": _("Loyalty"), "tabs": tabs(self, "tiers"),
            "crumbs": [(_("Tiers"), reverse("loyalty:tiers"))],
        }  # fmt: skip


def _moves(found: schemes.Preview | None) -> list[tuple[str, str, int]]:
    return sorted((was, to, n) for (was, to), n in found.up.items()) if found else []
