"""Editing the tiers: a new version, what it would move, publishing it."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

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
        publish = lambda: schemes.publish(form.rules(), form.drafts(), by=self.staff, at=now())  # noqa: E731
        return self.answer(form, publish, done=self.done, context=self.around)

    def preview(self, form: SchemeForm) -> HttpResponse:
        found = None
        if form.is_valid():
            try:
                found = schemes.preview(form.rules(), form.drafts(), by=self.staff, at=now())
            except Refusal as refusal:
                explain(form, refusal)
        status = 200 if found else 422
        return self.render(
            self.template, {"form": form, "found": found, "moves": _moves(found)} | self.around(), status
        )

    def form(self, data: Any) -> SchemeForm:
        scheme = TierScheme.objects.order_by("-pk").first()
        tiers = list(Tier.objects.filter(scheme=scheme).order_by("rank").prefetch_related("benefits"))
        if draft := drafted.of(self.request):
            for tier in tiers:
                tier.threshold = draft.tiers.get(tier.code, tier.threshold)
        form = SchemeForm(data, scheme=scheme, tiers=tiers)
        form.initial["valid_from"] = programmes.today(now()) + timedelta(days=1 if scheme else 0)
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
