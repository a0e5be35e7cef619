"""How a segment grew, night by night: of the whole chain as the nights wrote it, of some stores from the spells.

What the follower settled in the day counts for the night that ends the day, so that each night's customers are those of
the night before and who came, without who went. Somebody who came and went between two nights counts in neither.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any

from django.db import connection

from crm.lib.statements import Statement
from crm.org.scope import Viewer
from customers import nights
from segmentation.models import Segment, SegmentNight

YEAR = 366
# Since a moment: open spells that began after it, of customers who had none then; and the other way round.
_CAME = """
SELECT count(*) FROM segmentation_segmentspell s
WHERE s.segment_id = %(segment)s AND s.began_at > %(since)s AND s.ended_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM segmentation_segmentspell was WHERE was.customer_id = s.customer_id
        AND was.segment_id = %(segment)s AND was.began_at <= %(since)s AND was.ended_at > %(since)s)
"""
_WENT = """
SELECT count(*) FROM segmentation_segmentspell s
WHERE s.segment_id = %(segment)s AND s.ended_at > %(since)s AND s.began_at <= %(since)s AND NOT EXISTS (
    SELECT 1 FROM segmentation_segmentspell now WHERE now.customer_id = s.customer_id
        AND now.segment_id = %(segment)s AND now.ended_at IS NULL)
"""
# Each spell as the numbers of the first night that sees it and of the first that does not see it any more. A spell that
# goes on where the one before it ended, as nights see it, is one with it.
_SEEN = """
    SELECT customer_id, entered, gone, lag(gone) OVER spells AS gone_before, lead(entered) OVER spells AS entered_again
    FROM (
        SELECT s.customer_id,
            width_bucket(s.began_at - interval '1 microsecond', %(moments)s::timestamptz[]) + 1 AS entered,
            width_bucket(coalesce(s.ended_at, 'infinity') - interval '1 microsecond', %(moments)s::timestamptz[]) + 1
                AS gone
        FROM customers_customer c
        JOIN segmentation_segmentspell s ON s.customer_id = c.id AND s.segment_id = %(segment)s
        WHERE c.home_store_id = ANY(%(stores)s::bigint[])
    ) AS numbered WHERE entered < gone
    WINDOW spells AS (PARTITION BY customer_id ORDER BY entered)
"""
_BY_NIGHT = f"""
SELECT number, sum(came), sum(went) FROM (
    SELECT entered AS number, 1 AS came, 0 AS went FROM ({_SEEN}) AS a WHERE gone_before IS DISTINCT FROM entered
    UNION ALL
    SELECT gone, 0, 1 FROM ({_SEEN}) AS b WHERE entered_again IS DISTINCT FROM gone
) AS moves GROUP BY number
"""  # noqa: S608  the parts are constants
_MOMENTS = [datetime(2026, 3, day) for day in (1, 2, 3)]
STATEMENTS = [Statement("growth.seen", _SEEN, {"segment": 1, "stores": [1, 2], "moments": _MOMENTS})]


@dataclass(frozen=True)
class Point:
    """A segment at the end of a night: how many, and who came and went since the night before."""

    on: date
    customers: int
    came: int
    went: int


def moved(cursor: Any, segment_id: int, since: datetime) -> tuple[int, int]:
    """How many came and how many went since a moment, of the whole chain."""
    counts = []
    for sql in (_CAME, _WENT):
        cursor.execute(sql, {"segment": segment_id, "since": since})
        counts.append(int(cursor.fetchone()[0]))
    return counts[0], counts[1]


def growth(segment: Segment, viewer: Viewer, days: int = YEAR) -> list[Point]:
    """Its nights of the last days, the oldest first; of two runs for a date the later."""
    last = nights.published()
    if last is None:
        return []
    rows = SegmentNight.objects.filter(segment=segment, night_id__lte=last.pk)
    found: dict[date, SegmentNight] = {}
    for row in rows.select_related("night").order_by("night_id"):
        found[row.night.on] = row
    told = [found[on] for on in sorted(found)]
    stores = viewer.scope().store_ids
    points = _as_written(told) if stores is None else _of_stores(segment, told, sorted(stores))
    return [point for point in points if point.on > last.on - timedelta(days=days)]


def _as_written(told: list[SegmentNight]) -> list[Point]:
    return [Point(row.night.on, row.customers, row.came, row.went) for row in told]


def _of_stores(segment: Segment, told: list[SegmentNight], stores: list[int]) -> list[Point]:
    """The customers whose home store it is now."""
    if not told:
        return []
    with connection.cursor() as cursor:
        asked: dict[str, Any] = {"segment": segment.pk, "stores": stores, "moments": [row.at for row in told]}
        cursor.execute(_BY_NIGHT, asked)
        moves = {number: (int(came), int(went)) for number, came, went in cursor.fetchall()}
    each = [moves.get(number, (0, 0)) for number in range(1, len(told) + 1)]
    sizes = accumulate(came - went for came, went in each)
    return [
        Point(row.night.on, size, came, went)
        for row, size, (came, went) in zip(told, sizes, each, strict=True)
    ]
