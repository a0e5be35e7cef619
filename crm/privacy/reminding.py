"""Requests whose last day comes near or has passed are told to whom they are given, or to all who may answer them.

Each is told once a stage. Asked every night; asking twice tells nothing new.
"""

from datetime import date, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.notices import kinds
from crm.notices.kinds import Kind, Shown
from crm.notices.models import Notice
from crm.notices.telling import Told, tell_each
from crm.org.models import Staff
from crm.org.permissions import GRANTS, Permission
from crm.privacy.models import Request, RequestState
from crm.ui import words

KIND = "privacy.request"
SOON = timedelta(days=3)
HANDLERS = [role for role, granted in GRANTS.items() if Permission.HANDLE_PRIVACY in granted]


def stage_of(request: Request, today: date) -> str:
    """ "soon": its last day is within three days; "overdue": it has passed; "" before."""
    if request.due_on < today:
        return "overdue"
    return "soon" if request.due_on <= today + SOON else ""


def remind(today: date) -> int:
    """Tell of open requests; how many notices were made."""
    with transaction.atomic():
        near = Request.objects.filter(state=RequestState.OPEN, due_on__lte=today + SOON).select_related(
            "owner"
        )
        everybody = list(Staff.objects.filter(role__in=HANDLERS, is_active=True).values_list("pk", flat=True))
        told: list[Told] = []
        for one in near.order_by("due_on", "pk"):
            stage = stage_of(one, today)
            owner = one.owner if one.owner and one.owner.is_active else None
            readers = [owner.pk] if owner else everybody
            told += [(reader, f"privacy.request:{one.pk}", {"stage": stage}, stage) for reader in readers]
        return tell_each(KIND, told)


def _shown(reader: Staff, notices: list[Notice]) -> dict[int, Shown]:
    if not reader.may(Permission.RECORD_PRIVACY):
        return {}
    numbers = {one.pk: int(one.about.rpartition(":")[2]) for one in notices}
    known = Request.objects.visible_to(reader).in_bulk(set(numbers.values()))
    return {
        one.pk: (_sentence(one, found), reverse("privacy:request", args=[found.key]))
        for one in notices
        if (found := known.get(numbers[one.pk]))
    }


def _sentence(notice: Notice, found: Request) -> str:
    told = {"request": str(found), "day": words.day(found.due_on)}
    if notice.params.get("stage") == "overdue":
        return _("Privacy request overdue since %(day)s: %(request)s") % told
    return _("Privacy request to be answered by %(day)s: %(request)s") % told


kinds.register(
    Kind(KIND, gettext_lazy("A privacy request must be answered"), icon="shield-lock", show=_shown, order=50)
)
