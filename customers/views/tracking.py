"""Settings → Web tracking: sites with their snippet and what comes from them, kinds of events, what is set aside."""

from datetime import timedelta
from typing import Any

from django.db.models import Max, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.templatetags.static import static
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Refusal
from crm.org.permissions import Permission
from crm.org.views.base import RecordView, SettingsView
from customers.events import quarantine
from customers.models import EventKind, Site, SiteDay
from customers.views.tracking_forms import KindForm, SiteForm

DAYS = 30
REASONS = {
    "unknown_kind": gettext_lazy("The chain knows no such kind."),
    "unknown_store": gettext_lazy("Its store is not known."),
}


class Sites(SettingsView):
    permission = Permission.MANAGE_ORGANISATION
    tab = "tracking"

    def get(self, request: HttpRequest) -> HttpResponse:
        since = now().date() - timedelta(days=DAYS)
        recent = Q(days__day__gte=since)
        rows = Site.objects.annotate(
            events=Sum("days__events", filter=recent), last_at=Max("days__last_at")
        ).order_by("name", "pk")
        return self.render(
            "customers/sites.html",
            {
                "rows": rows,
                "kinds": EventKind.objects.order_by("name", "pk"),
                "aside": [(group, REASONS.get(group.reason, group.reason)) for group in quarantine.groups()],
                "days": DAYS,
                "title": _("Web tracking"),
            },
        )


class SiteRecord(RecordView):
    permission = Permission.MANAGE_ORGANISATION
    tab = "tracking"
    template = "customers/site.html"
    model, form = Site, SiteForm
    heading_new = gettext_lazy("New web site")
    listing = "customers:sites"

    def context(self, record: Any, name: str = "") -> dict[str, Any]:
        more: dict[str, Any] = {}
        if record.pk:
            script = self.request.build_absolute_uri(static("dist/track.js"))
            more = {"script": script, "days": days_of(record)}
        return super().context(record, name) | more

    def done(self, record: Any) -> str:
        self.say(_("Saved: %(name)s.") % {"name": record})
        return reverse("customers:site", args=[record.pk])


class Seen(SettingsView):
    """What came from a site last, asked for every few seconds."""

    permission = Permission.MANAGE_ORGANISATION
    tab = "tracking"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        site = get_object_or_404(Site, pk=pk)
        return self.render("customers/site_seen.html", {"record": site, "days": days_of(site)})


def days_of(site: Site) -> Any:
    return SiteDay.objects.filter(site=site).order_by("-day")[:7]


class KindRecord(RecordView):
    permission = Permission.MANAGE_ORGANISATION
    tab = "tracking"
    model, form = EventKind, KindForm
    heading_new = gettext_lazy("New kind of event")
    listing = "customers:sites"


class Aside(SettingsView):
    """A group of events that were set aside: POST tries them again, DELETE puts them away."""

    permission = Permission.REPLAY_QUARANTINE
    tab = "tracking"

    def _group(self, request: HttpRequest) -> tuple[str, str, str]:
        told = request.POST
        return told.get("reason", ""), told.get("kind", ""), told.get("store", "")

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            applied, stay = quarantine.replay(*self._group(request), by=self.staff)
        except Refusal as refusal:
            self.say(refusal, error=True)
        else:
            self.say(_("%(n)d applied, %(m)d stay.") % {"n": applied, "m": stay}, error=bool(stay))
        return self.go(reverse("customers:sites"))

    def delete(self, request: HttpRequest) -> HttpResponse:
        count = quarantine.discard(*self._group(request), by=self.staff)
        self.say(_("%(n)d events put away.") % {"n": count})
        return self.go(reverse("customers:sites"))
