"""Which segments ask which, by their newest descriptions. A circle would have no meaning, and is refused."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from segmentation.models import Segment, SegmentKind
from segmentation.segments.members import newest
from segmentation.segments.tree import MemberOf, Node, conditions


class Circular(Refusal):
    """A segment would ask itself, at once or through others."""

    code: ClassVar[str] = "segment_circular"


def askers(segment: Segment) -> list[Segment]:
    """The segments in use whose newest version asks this one."""
    found = []
    for other in (
        Segment.objects.in_use().exclude(pk=segment.pk).filter(kind=SegmentKind.RULES).order_by("pk")
    ):
        version = newest(other.pk)
        if version and segment.pk in asked_by(version.definition):
            found.append(other)
    return found


def asked_by(definition: dict[str, Any]) -> set[int]:
    """The row numbers of the segments that a stored description asks."""
    return {number for text in _named(definition) if (number := Segment.row_id(text)) is not None}


def _named(given: Any) -> Iterator[str]:
    if isinstance(given, dict):
        if isinstance(given.get("member_of"), str):
            yield given["member_of"]
        for value in given.values():
            yield from _named(value)
    elif isinstance(given, list):
        for value in given:
            yield from _named(value)


def refuse_circles(segment: int, tree: Node | None) -> None:
    """Follow what it asks, and what that asks."""
    waiting = {one.segment for one in conditions(tree) if isinstance(one, MemberOf)} if tree else set()
    seen: set[int] = set()
    while waiting:
        asked = waiting.pop()
        if asked == segment:
            raise Circular(_("A segment cannot ask itself, at once or through others."))
        seen.add(asked)
        version = newest(asked)
        waiting |= (asked_by(version.definition) if version else set()) - seen


def names_of(found: list[Segment], by: Any) -> str:
    seen = Segment.objects.filter(pk__in=[one.pk for one in found])
    names = [one.name for one in (seen.visible_to(by) if hasattr(by, "may") else seen).order_by("name", "pk")]
    return (
        _("%(names)s and others") % {"names": ", ".join(names)}
        if len(names) < len(found)
        else ", ".join(names)
    )
