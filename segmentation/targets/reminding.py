"""A target whose day of review has come is told once to whoever looks after it, else to whoever decided last.

Asked every morning; asking twice tells nothing new. A new day of review is told again when it comes.
"""

from datetime import date

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.notices import kinds
from crm.notices.kinds import Kind, Shown
from crm.notices.models import Notice
from crm.notices.telling import Told, tell_each
from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui import words
from segmentation.models import Target, TargetDecision, TargetStatus
from segmentation.targets.candidates import visible_segments

KIND = "targets.review"


def remind(today: date) -> int:
    """Tell of targets to be reviewed by now; how many notices were made."""
    with transaction.atomic():
        due = Target.objects.filter(review_on__lte=today).exclude(status=TargetStatus.DROPPED)
        told: list[Told] = [
            (reader, f"segmentation.target:{one.pk}", {}, f"{one.review_on:%Y%m%d}")
            for one in due.select_related("owner").order_by("review_on", "pk")
            if (reader := _reader(one))
        ]
        return tell_each(KIND, told)


def _reader(target: Target) -> int | None:
    if target.owner and target.owner.is_active:
        return target.owner.pk
    last = (
        TargetDecision.objects.filter(target=target)
        .order_by("-pk")
        .values_list("created_by", flat=True)
        .first()
    )
    kind, _colon, number = (last or target.created_by).partition(":")
    return int(number) if kind == "staff" and number.isdigit() else None


def _shown(reader: Staff, notices: list[Notice]) -> dict[int, Shown]:
    if not reader.may(Permission.VIEW_SEGMENTS):
        return {}
    numbers = {one.pk: int(one.about.rpartition(":")[2]) for one in notices}
    known = Target.objects.select_related("group", "segment").in_bulk(set(numbers.values()))
    seen = set(visible_segments(reader).filter(pk__in=[one.segment_id for one in known.values() if one.segment_id])
               .values_list("pk", flat=True))  # fmt: skip
    return {
        one.pk: (_sentence(found), reverse("segmentation:target", args=[found.key]))
        for one in notices
        if (found := known.get(numbers[one.pk])) and (found.group_id or found.segment_id in seen)
    }


def _sentence(target: Target) -> str:
    name = str(target.group or target.segment)
    return _("Target market to be reviewed since %(day)s: %(name)s") % {
        "name": name, "day": words.day(target.review_on),
    }  # fmt: skip


def fill() -> None:
    kinds.register(
        Kind(
            KIND,
            gettext_lazy("A target market is to be reviewed"),
            icon="target-arrow",
            show=_shown,
            order=60,
        )
    )
