"""Whether the trail is whole: the card of the last verification, and asking for one."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.audit import sealing, verifying
from crm.audit.models import Seal, Verification
from crm.jobs.models import Job
from crm.jobs.views.progress import progress_of
from crm.org.permissions import Permission
from crm.org.views.base import SettingsView

SHOWN = 20  # findings


def state() -> dict[str, Any]:
    """What the card shows: three queries."""
    last = Verification.objects.order_by("-pk").first()
    seal = Seal.objects.order_by("-number").defer("leaves").first()
    job = Job.objects.filter(kind=verifying.KIND).order_by("-pk").first()
    return {
        "last": last,
        "findings": [sentence(what, where) for what, where, _seal in last.findings[:SHOWN]] if last else [],
        "seal": seal,
        "anchor": sealing.anchor(seal) if seal else "",
        "job": job,
        "progress": progress_of(job) if job else None,
    }


def sentence(what: str, where: str) -> str:
    """A finding in the reader's language."""
    told = {
        "changed": _("Entry %(where)s is not what was sealed."),
        "missing": _("Entry %(where)s is gone."),
        "inserted": _("Entry %(where)s stands among sealed ones and no seal has it."),
        "forged": _("Entry %(where)s does not carry the signature of this installation."),
        "copied": _("Entry %(where)s has the signature of another entry."),
        "unknown_key": _("Entry %(where)s was signed with a key that is not known here."),
        "seal_altered": _("Seal %(where)s is not what was signed."),
        "seal_missing": _("Seal %(where)s is gone."),
        "seal_unknown_key": _("Seal %(where)s was signed with a key that is not known here."),
        "anchor_missing": _(
            "Seal %(where)s was noted elsewhere and is gone: the end of the trail is cut off."
        ),
        "anchor_differs": _("Seal %(where)s is not the one that was noted elsewhere."),
        "capture_off": _("The database does not watch %(where)s."),
    }
    return told.get(what, what) % {"where": where}


class Verifications(SettingsView):
    """GET is the card, which asks for itself while a verification runs; POST asks for one."""

    permission = Permission.VIEW_AUDIT
    tab = "audit"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render("audit/state.html", state())

    def post(self, request: HttpRequest) -> HttpResponse:
        verifying.ask(by=self.staff)
        return self.go(reverse("audit:trail"))
