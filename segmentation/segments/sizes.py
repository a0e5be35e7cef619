"""How many are in segments now, and how many more or fewer than a week ago: the same number wherever one looks.

The night wrote how many there were. Who came and went since is counted from the spells of that short time, so nobody
counts millions for a list of segments, and a change that the follower settled a second ago is in the number. A store's
people are counted from the spells of its customers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from crm.org.scope import Viewer
from customers import nights
from segmentation.models import Segment, SegmentNight, SegmentVersion
from segmentation.segments import timetravel

WEEK = timedelta(days=7)
EVER = "-infinity"
_CAME = """
SELECT s.segment_id, count(*) FROM segmentation_segmentspell s
JOIN unnest(%(segments)s::bigint[], %(since)s::timestamptz[]) AS b (segment_id, at) ON b.segment_id = s.segment_id
WHERE s.began_at > b.at AND s.ended_at IS NULL
GROUP BY s.segment_id
"""
_WENT = """
SELECT s.segment_id, count(*) FROM segmentation_segmentspell s
JOIN unnest(%(segments)s::bigint[], %(since)s::timestamptz[]) AS b (segment_id, at) ON b.segment_id = s.segment_id
WHERE s.ended_at > b.at AND s.began_at <= b.at
GROUP BY s.segment_id
"""
# A store's people are few, and what happened since a night is little: each machine counts its part, and few rows meet.
# `b.at` is the moment a week ago, NULL where nothing is known of it.
_OF_STORES = """
SELECT s.segment_id,
    count(*) FILTER (WHERE s.ended_at IS NULL),
    count(*) FILTER (WHERE s.began_at <= b.at AND (s.ended_at IS NULL OR s.ended_at > b.at))
FROM customers_customer c
JOIN segmentation_segmentspell s ON s.customer_id = c.id
JOIN unnest(%(segments)s::bigint[], %(since)s::timestamptz[]) AS b (segment_id, at) ON b.segment_id = s.segment_id
WHERE c.home_store_id = ANY(%(stores)s) AND (s.ended_at IS NULL OR s.ended_at > b.at)
GROUP BY s.segment_id
"""


@dataclass(frozen=True)
class Size:
    """`now`: None until somebody settled it, which takes seconds. `change` in a week: None where it was not there."""

    now: int | None = None
    change: int | None = None


def sizes(segments: Iterable[Segment], viewer: Viewer, at: datetime) -> dict[int, Size]:
    """By the segment's number, of the customers that the viewer may see, as of now.

    The change is against the end of the newest night whose business date is a week before the one that is due.
    """
    ids, stores = [one.pk for one in segments], viewer.scope().store_ids
    then = _newest_nights(ids, nights.due_date(at) - WEEK)
    if stores is None:
        found = {pk: (now, then[pk].customers if pk in then else 0) for pk, now in _of_chain(ids).items()}
    else:
        moments = [then[pk].at.isoformat() if pk in then else None for pk in ids]
        told = {"segments": ids, "since": moments, "stores": sorted(stores)}
        found = {pk: (now, before) for pk, now, before in _rows(_OF_STORES, told)}
    known = _settled(ids) | found.keys()
    return {pk: _size(*found.get(pk, (0, 0)), has_change=pk in then) if pk in known else Size() for pk in ids}


def _size(now: int, then: int, *, has_change: bool) -> Size:
    return Size(now, now - then if has_change else None)


def _of_chain(ids: list[int]) -> dict[int, int]:
    """What the newest night wrote, with who came and without who went since. Without any, nobody is left out."""
    last = _newest_nights(ids)
    since = [last[pk].at.isoformat() if pk in last else EVER for pk in ids]
    found = {pk: night.customers for pk, night in last.items()}
    for sql, sign in ((_CAME, 1), (_WENT, -1)):
        for pk, many in _rows(sql, {"segments": ids, "since": since}):
            found[pk] = found.get(pk, 0) + sign * many
    return found


def _rows(sql: str, told: Mapping[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, told)
        return cursor.fetchall()


def _newest_nights(ids: list[int], until: date = date.max) -> dict[int, SegmentNight]:
    return {one.segment_id: one for one in timetravel.newest_nights(until).filter(segment__in=ids)}


def _settled(ids: list[int]) -> set[int]:
    """Those of which it is written down who is in them, nobody included."""
    done = SegmentVersion.objects.filter(segment__in=ids, settled_at__isnull=False)
    told = SegmentNight.objects.filter(segment__in=ids)
    return {
        *done.values_list("segment_id", flat=True),
        *told.values_list("segment_id", flat=True).distinct(),
    }
