"""Who is in another segment, where a tree asks: by the spells that are open; of a list, by its newest version.

A segment that nobody has evaluated yet is asked for what it means: its tree stands in for it.
"""

from segmentation.models import Segment, SegmentKind, SegmentNight, SegmentSpell, SegmentVersion
from segmentation.segments.reading import InvalidSegment, read
from segmentation.segments.tree import Node

_LISTED = """SELECT customer_id, NULL::timestamptz AS since FROM segmentation_segmentlisted
    WHERE version_id = (SELECT id FROM segmentation_segmentversion WHERE segment_id = {number}
        ORDER BY number DESC LIMIT 1)"""
_SPELLS = """SELECT customer_id, began_at AS since FROM segmentation_segmentspell
    WHERE segment_id = {number} AND ended_at IS NULL"""

_NOBODY = "SELECT NULL::bigint AS customer_id, NULL::timestamptz AS since WHERE false"


def newest(segment: int) -> SegmentVersion | None:
    """What a segment means now."""
    return SegmentVersion.objects.filter(segment=segment).order_by("-number").first()


def of(segment: int) -> str | Node | None:
    """A SELECT of `customer_id` and `since` over {number}, the segment's; or its tree; None: there is no such one."""
    kind = Segment.objects.filter(pk=segment).values_list("kind", flat=True).first()
    if kind == SegmentKind.LIST:
        return _LISTED
    if kind is not None and is_evaluated(segment):
        return _SPELLS
    version = newest(segment)
    if version is None:
        return None
    try:
        return read(version.definition)
    except InvalidSegment:  # a field that it asked of was taken away before anybody was in it
        return _NOBODY


def is_evaluated(segment: int) -> bool:
    """Whether its spells say who is in it."""
    return (
        SegmentNight.objects.filter(segment=segment).exists()
        or SegmentSpell.objects.filter(segment=segment).exists()
    )
