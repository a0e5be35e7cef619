"""The segments that can be named in a description."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from crm.org.models import Staff
from segmentation.building.shape import Json
from segmentation.models import Segment
from segmentation.segments.asking import asked_by


@dataclass(frozen=True)
class Nameable:
    """`seen`: those in use that the writer sees. `held`: what the description asked already, and the writer could not
    choose: the names by the public ids."""

    seen: list[Segment]
    held: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> dict[str, str]:
        return {one.public_id: one.name for one in self.seen} | self.held


def nameable(staff: Staff, segment: Segment | None, saved: Json) -> Nameable:
    """In the description of this segment, None for a new one; `saved` is what its writer started from."""
    visible = Segment.objects.visible_to(staff)
    seen = list(visible.in_use().exclude(pk=segment.pk if segment else 0).order_by("name", "pk"))
    missing = asked_by(saved) - {one.pk for one in seen}
    names = dict(visible.filter(pk__in=missing).values_list("pk", "name")) if missing else {}
    rows = Segment.objects.filter(pk__in=missing).order_by("pk") if missing else ()
    held = {one.public_id: names.get(one.pk, _("a segment that is not shown to you")) for one in rows}
    return Nameable(seen, held)
