"""Segments at a glance: what each means, which others ask it, what it was used for. (How many: `sizes.py`.)"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count, Max, OuterRef, Subquery

from segmentation.models import Segment, SegmentUse, SegmentVersion
from segmentation.segments.asking import asked_by


def newest_versions(segments: Iterable[Segment]) -> dict[int, SegmentVersion]:
    """By the segment's number."""
    newest = SegmentVersion.objects.filter(segment=OuterRef("pk")).order_by("-number")
    rows = Segment.objects.filter(pk__in=[one.pk for one in segments])
    chosen = rows.annotate(newest=Subquery(newest.values("pk")[:1])).values_list("newest", flat=True)
    return {one.segment_id: one for one in SegmentVersion.objects.filter(pk__in=list(chosen))}


def askers(segments: Iterable[Segment], versions: Mapping[int, SegmentVersion]) -> dict[int, list[Segment]]:
    """By the segment's number: those of these segments that ask it."""
    found: dict[int, list[Segment]] = {}
    for one in segments:
        for asked in asked_by(versions[one.pk].definition) if one.pk in versions else ():
            found.setdefault(asked, []).append(one)
    return found


def uses(segments: Iterable[Segment]) -> dict[int, dict[str, Any]]:
    """How often each was used for something, and when last."""
    rows = SegmentUse.objects.filter(segment__in=[one.pk for one in segments]).values("segment")
    return {row["segment"]: dict(row) for row in rows.annotate(times=Count("pk"), last_at=Max("at"))}
