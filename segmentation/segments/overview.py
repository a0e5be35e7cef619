"""Segments at a glance: what each means, how many are in it, how that changed in a week, what it was used for.

Whoever sees the whole chain gets the sums of the nights. A store's people are counted from the spells of its customers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, F, Max, OuterRef, Subquery

from crm.org.scope import Viewer
from segmentation.models import Segment, SegmentNight, SegmentUse, SegmentVersion
from segmentation.segments.asking import asked_by

WEEK = timedelta(days=7)
_OF_STORES = """
SELECT s.segment_id,
    count(*) FILTER (WHERE s.ended_at IS NULL),
    count(*) FILTER (WHERE s.began_at <= %(then)s AND (s.ended_at IS NULL OR s.ended_at > %(then)s))
FROM customers_customer c JOIN segmentation_segmentspell s ON s.customer_id = c.id
WHERE c.home_store_id = ANY(%(stores)s) AND (s.ended_at IS NULL OR s.ended_at > %(then)s)
    AND s.segment_id = ANY(%(segments)s)
GROUP BY s.segment_id
"""


@dataclass(frozen=True)
class Size:
    """`now` and `change` in a week; None: not known yet."""

    now: int | None = None
    change: int | None = None


def newest_versions(segments: Iterable[Segment]) -> dict[int, SegmentVersion]:
    """By the segment's number."""
    newest = SegmentVersion.objects.filter(segment=OuterRef("pk")).order_by("-number")
    rows = Segment.objects.filter(pk__in=[one.pk for one in segments])
    chosen = rows.annotate(newest=Subquery(newest.values("pk")[:1])).values_list("newest", flat=True)
    return {one.segment_id: one for one in SegmentVersion.objects.filter(pk__in=list(chosen))}


def sizes(segments: Iterable[Segment], viewer: Viewer, at: datetime) -> dict[int, Size]:
    """By the segment's number, of the customers that the viewer may see."""
    ids, stores = [one.pk for one in segments], viewer.scope().store_ids
    if stores is None:
        return _of_nights(ids)
    with connection.cursor() as cursor:
        cursor.execute(_OF_STORES, {"stores": list(stores), "segments": ids, "then": at - WEEK})
        counted = {segment: Size(now, now - then) for segment, now, then in cursor.fetchall()}
    known = set(SegmentNight.objects.filter(segment__in=ids).values_list("segment_id", flat=True).distinct())
    return {pk: counted.get(pk, Size(0, 0) if pk in known else Size()) for pk in ids}


def _of_nights(ids: list[int]) -> dict[int, Size]:
    """Of the newest night of each, and of the newest that was a week before it."""
    rows = SegmentNight.objects.filter(segment__in=ids)
    newest = rows.filter(segment=OuterRef("segment")).order_by("-at")
    last = {
        one.segment_id: one
        for one in rows.annotate(last=Subquery(newest.values("at")[:1])).filter(at=F("last"))
    }
    earlier = rows.annotate(last=Subquery(newest.values("at")[:1])).filter(at__lte=F("last") - WEEK)
    then_at = dict(earlier.values("segment").annotate(at_most=Max("at")).values_list("segment", "at_most"))
    then = {(one.segment_id, one.at): one.customers for one in rows.filter(at__in=then_at.values())}
    return {
        pk: Size(one.customers, one.customers - then[pk, then_at[pk]] if pk in then_at else None)
        for pk, one in last.items()
    }


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
