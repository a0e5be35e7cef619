"""Who is in a segment, page by page: by its spells now or at a moment; before anybody evaluated it, as it holds now.

A list is what its newest version lists; after it has been evaluated, its spells say so, as of any other.
"""

from datetime import datetime
from typing import NamedTuple

from crm.org.scope import Viewer
from customers.models import Customer
from segmentation.models import Segment, SegmentKind, SegmentListed, SegmentSpell
from segmentation.segments import evaluating
from segmentation.segments.members import is_evaluated, newest
from segmentation.segments.reading import read


class Member(NamedTuple):
    """A customer's row number, and since when they are in it (None: it was never evaluated)."""

    customer_id: int
    since: datetime | None


def members(
    segment: Segment, viewer: Viewer, *, at: datetime | None = None, after: int = 0, limit: int | None = None
) -> list[Member]:
    """Those of the viewer's stores, by rising number, from above `after` on."""
    if is_evaluated(segment.pk):
        spells = SegmentSpell.objects.filter(segment=segment).at(at).visible_to(viewer)
        rows = (
            spells.filter(customer_id__gt=after)
            .order_by("customer_id")
            .values_list("customer_id", "began_at")
        )
        return [Member(*row) for row in rows[:limit]]
    if at is not None:
        return []
    found = [pk for pk in now(segment, viewer) if pk > after]
    return [Member(pk, None) for pk in found[:limit]]


def count(segment: Segment, viewer: Viewer) -> int:
    """How many are in it now."""
    if is_evaluated(segment.pk):
        return SegmentSpell.objects.filter(segment=segment).at().visible_to(viewer).count()
    version = newest(segment.pk)
    if version is None or segment.kind == SegmentKind.LIST:
        return len(now(segment, viewer))
    return evaluating.count(read(version.definition), viewer, evaluating.moment())


def now(segment: Segment, viewer: Viewer | None) -> list[int]:
    """The row numbers of those in it now by what it means, rising; `viewer` None: of the whole chain."""
    version = newest(segment.pk)
    if version is None:
        return []
    if segment.kind != SegmentKind.LIST:
        return evaluating.ids(read(version.definition), evaluating.moment(), viewer=viewer)
    living = Customer.objects.living() if viewer is None else Customer.objects.visible_to(viewer).living()
    listed = SegmentListed.objects.filter(version=version).values("customer_id")
    return list(living.filter(pk__in=listed).order_by("pk").values_list("pk", flat=True))
