"""How a segment grew, night by night: of the whole chain as the nights wrote it, of some stores from the spells.

What the follower settled in the day counts for the night that ends the day, so that each night's customers are those of
the night before and who came, without who went. Somebody who came and went between two nights counts in neither.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any

from django.db import connection, transaction

from crm.lib.statements import Statement
from crm.org.scope import Viewer
from customers import nights
from segmentation.models import Segment, SegmentNight

YEAR = 366
CHUNK = 10_000  # spells
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
_SPELLS = """
SELECT s.customer_id, s.began_at, s.ended_at
FROM customers_customer c
JOIN segmentation_segmentspell s ON s.customer_id = c.id AND s.segment_id = %(segment)s
WHERE c.home_store_id = ANY(%(stores)s::bigint[])
"""
STATEMENTS = [Statement("growth.spells", _SPELLS, {"segment": 1, "stores": [1, 2]})]


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
    moments = [row.at for row in told]
    places = len(told) + 1  # the last one: what no night has seen yet
    came, went = [0] * places, [0] * places
    for entered, gone in _seen(segment, moments, stores):
        came[entered] += 1
        went[gone] += 1
    sizes = accumulate(n - m for n, m in zip(came, went, strict=True))
    return [Point(row.night.on, *numbers) for row, *numbers in zip(told, sizes, came, went, strict=False)]


def _seen(segment: Segment, moments: list[datetime], stores: list[int]) -> Iterator[tuple[int, int]]:
    """Of each time that nights saw somebody in it: the places of the first night that did and the first that did not.

    A spell that goes on where the one before it ended, as nights see it, is one with it.
    """
    whose, entered, gone = 0, 0, 0
    for customer, began_at, ended_at in _spells(segment, stores):
        first = bisect_left(moments, began_at)
        end = bisect_left(moments, ended_at) if ended_at else len(moments)
        if first == end:
            continue
        if customer != whose or first != gone:
            if entered != gone:
                yield entered, gone
            whose, entered = customer, first
        gone = end
    if entered != gone:
        yield entered, gone


def _spells(segment: Segment, stores: list[int]) -> Iterator[Any]:
    asked: dict[str, Any] = {"segment": segment.pk, "stores": stores}
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(f"{_SPELLS} ORDER BY s.customer_id, s.began_at", asked)
        while rows := cursor.fetchmany(CHUNK):
            yield from rows
