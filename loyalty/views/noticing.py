"""What the bell says of adjustments."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.notices import kinds
from crm.notices.models import Notice
from crm.org.models import Staff
from crm.ui.words import number
from loyalty.models import Adjustment


def fill() -> None:
    kinds.register(
        kinds.Kind(
            "points.approve",
            gettext_lazy("Points wait for my approval"),
            icon="checks",
            show=approve,
            order=40,
        )
    )
    kinds.register(
        kinds.Kind(
            "points.decided",
            gettext_lazy("My points were decided about"),
            icon="checks",
            show=decided,
            order=41,
        )
    )


def approve(reader: Staff, notices: list[Notice]) -> dict[int, kinds.Shown]:
    return {
        pk: (_("Points wait for approval: %(points)s") % {"points": number(points)}, address)
        for pk, points, address, _state in _seen(reader, notices)
    }


def decided(reader: Staff, notices: list[Notice]) -> dict[int, kinds.Shown]:
    told = {}
    for pk, points, address, state in _seen(reader, notices):
        words = _("Approved: %(points)s points") if state == "applied" else _("Rejected: %(points)s points")
        told[pk] = (words % {"points": number(points)}, address)
    return told


def _seen(reader: Staff, notices: list[Notice]) -> list[tuple[int, int, str, str]]:
    ids = {notice.pk: int(notice.about.rpartition(":")[2]) for notice in notices}
    visible = set(
        Adjustment.objects.visible_to(reader).filter(pk__in=ids.values()).values_list("pk", flat=True)
    )
    address = reverse("loyalty:approvals")
    return [
        (notice.pk, int(notice.params["points"]), address, str(notice.params.get("state", "")))
        for notice in notices
        if ids[notice.pk] in visible
    ]
