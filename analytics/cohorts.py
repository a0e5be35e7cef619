"""Cohorts: those who stood in a group, or were in a segment, at a night, and what became of them.

The customers are those whose home store is among the viewer's, as on the other pages of groups; what they bought counts
wherever they bought it. Blocks of days begin on the day after the night. Beside those of a segment stand all others who
were in a group that night, so that one sees whether the segment is anything special.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from analytics.reading import COUNTS, RECEIPT_CENTS, rows
from crm.lib.statements import Statement
from crm.org.scope import Viewer
from customers import nights
from customers.models import Night
from segmentation.models import Group, Segment, SegmentNight
from segmentation.segments import timetravel

WEEK, MONTH = 7, 28
FEW = 12  # blocks up to which weeks are shown
OTHERS, MEMBERS = 0, 1  # the kinds of people beside a segment
LEFT, STAYED = 0, 1

# Each customer with what they were: a group, or of a segment MEMBERS or OTHERS.
_THEN = "was.night_id <= %(night)s AND (was.ended_night IS NULL OR was.ended_night > %(night)s)"
_OF_GROUPS = f"""
    SELECT was.customer_id, was.group_id AS kind
    FROM segmentation_standing was JOIN customers_customer c ON c.id = was.customer_id
        AND (%(stores)s::bigint[] IS NULL OR c.home_store_id = ANY(%(stores)s::bigint[]))
    WHERE {_THEN}
"""  # noqa: S608  the parts are constants
_OF_SEGMENT = f"""
    SELECT c.id AS customer_id, CASE WHEN s.customer_id IS NULL THEN {OTHERS} ELSE {MEMBERS} END AS kind
    FROM customers_customer c
        LEFT JOIN segmentation_segmentspell s ON s.customer_id = c.id AND s.segment_id = %(segment)s
            AND s.began_at <= %(at)s AND (s.ended_at IS NULL OR s.ended_at > %(at)s)
        LEFT JOIN segmentation_standing was ON was.customer_id = c.id AND {_THEN}
    WHERE (s.customer_id IS NOT NULL OR was.customer_id IS NOT NULL)
        AND c.merged_into_id IS NULL AND c.erased_at IS NULL
        AND (%(stores)s::bigint[] IS NULL OR c.home_store_id = ANY(%(stores)s::bigint[]))
"""  # noqa: S608  the parts are constants


def _each_bought(people: str) -> str:
    return f"""
    SELECT p.customer_id, was.kind, (p.business_date - %(on)s::date - 1) / %(days)s AS block, count(*) AS visits,
           sum({RECEIPT_CENTS}) AS cents
    FROM ({people}) AS was JOIN customers_purchase p ON p.customer_id = was.customer_id
    WHERE {COUNTS} AND p.business_date > %(on)s::date AND p.business_date <= %(until)s::date
    GROUP BY p.customer_id, was.kind, 3
    """  # noqa: S608  the parts are constants


def _each_later(people: str) -> str:
    """Of one kind of them: in which group each stands in a later night."""
    return f"""
    SELECT was.customer_id, later.group_id
    FROM ({people}) AS was LEFT JOIN segmentation_standing later ON later.customer_id = was.customer_id
        AND later.night_id <= %(then)s AND (later.ended_night IS NULL OR later.ended_night > %(then)s)
    WHERE was.kind = %(kind)s
    """  # noqa: S608  the parts are constants


_EACH_STAYED = f"""
    SELECT was.customer_id, CASE WHEN now.customer_id IS NULL THEN {LEFT} ELSE {STAYED} END AS stayed
    FROM ({_OF_SEGMENT}) AS was LEFT JOIN segmentation_segmentspell now
        ON now.customer_id = was.customer_id AND now.segment_id = %(segment)s
            AND now.began_at <= %(later)s AND (now.ended_at IS NULL OR now.ended_at > %(later)s)
    WHERE was.kind = {MEMBERS}
"""  # noqa: S608  the parts are constants
_STAYED = f"SELECT stayed, count(*) FROM ({_EACH_STAYED}) AS people GROUP BY stayed"  # noqa: S608  the same


def _sizes(people: str) -> str:
    return f"SELECT kind, count(*) FROM ({people}) AS people GROUP BY kind"  # noqa: S608  the parts are constants


def _bought(people: str) -> str:
    return f"""
    SELECT kind, block, count(*), sum(visits), sum(cents) FROM ({_each_bought(people)}) AS people GROUP BY kind, block
    """  # noqa: S608  the parts are constants


def _later(people: str) -> str:
    return f"SELECT group_id, count(*) FROM ({_each_later(people)}) AS people GROUP BY group_id"  # noqa: S608  the same


_EXAMPLE = {
    "stores": [1], "night": 1, "then": 2, "kind": 1, "on": date(2026, 1, 1), "until": date(2026, 3, 1), "days": 28,
    "segment": 1, "at": datetime(2026, 1, 1), "later": datetime(2026, 3, 1),
}  # fmt: skip
# What each machine does of its own customers when the database is spread; what comes out is summed over them.
STATEMENTS = [
    Statement("cohorts.then", _OF_GROUPS, _EXAMPLE),
    Statement("cohorts.bought", _each_bought(_OF_GROUPS), _EXAMPLE),
    Statement("cohorts.later", _each_later(_OF_GROUPS), _EXAMPLE),
    Statement("cohorts.segment", _OF_SEGMENT, _EXAMPLE),
    Statement("cohorts.segment_bought", _each_bought(_OF_SEGMENT), _EXAMPLE),
    Statement("cohorts.segment_later", _each_later(_OF_SEGMENT), _EXAMPLE),
    Statement("cohorts.segment_stayed", _EACH_STAYED, _EXAMPLE),
]


@dataclass(frozen=True)
class Block:
    """So many days of a cohort."""

    number: int
    since: date
    until: date
    buyers: int
    visits: int
    revenue: Decimal


@dataclass(frozen=True)
class Cohort:
    """`of`: the group or the segment; None: the others beside a segment."""

    of: Group | Segment | None
    kind: int
    customers: int
    blocks: list[Block]


@dataclass(frozen=True)
class Cohorts:
    """`cohorts`: those that had anybody, in their order, at `night`; where they stand now is that of `last`.

    `days`: those of a block. `people` and `values`: what was asked.
    """

    night: Night
    last: Night
    until: date
    days: int
    cohorts: list[Cohort]
    people: str
    values: dict[str, Any]


def of_groups(viewer: Viewer, on: date, until: date) -> Cohorts | None:
    """All groups as of the night of `on`; `until`: the last day of which there are receipts.

    None without such a night or days after it.
    """
    kinds = [(group, group.pk) for group in Group.objects.all()]
    return _cohorts(viewer, nights.night_of(on), until, _Asked(_OF_GROUPS, kinds, {}))


def first_night(segment: Segment) -> date | None:
    """The earliest date at which it is known who was in it."""
    known = SegmentNight.objects.filter(segment=segment, night__published_at__isnull=False)
    return known.order_by("night__on").values_list("night__on", flat=True).first()


def of_segment(viewer: Viewer, on: date, until: date, segment: Segment) -> Cohorts | None:
    """Those who were in a segment at its newest night up to `on`, and the others; None: nothing is known of then."""
    then, last = timetravel.night_of(segment, on), nights.published()
    later = timetravel.moment_of(segment, last.on) if last else None
    if then is None or later is None:
        return None
    values = {"segment": segment.pk, "at": then.at, "later": later}
    kinds: list[tuple[Segment | None, int]] = [(segment, MEMBERS), (None, OTHERS)]
    return _cohorts(viewer, then.night, until, _Asked(_OF_SEGMENT, kinds, values))


class _Asked(NamedTuple):
    """The statement that finds the people of then, with its values; of what each kind of them is."""

    people: str
    kinds: Sequence[tuple[Any, int]]
    values: dict[str, Any]


def _cohorts(viewer: Viewer, night: Night | None, until: date, asked: _Asked) -> Cohorts | None:
    last = nights.published()
    if night is None or last is None or night.on >= until:
        return None
    days = WEEK if (until - night.on).days <= WEEK * FEW else MONTH
    span = {"night": night.pk, "then": last.pk, "on": night.on, "until": until, "days": days}
    values, people = _scope(viewer) | span | asked.values, asked.people
    bought = {(kind, block): numbers for kind, block, *numbers in rows(_bought(people), values)}
    sizes = dict(rows(_sizes(people), values))
    ends = _blocks(night.on, until, days)
    found = [
        Cohort(of, kind, sizes[kind], [_block(bought.get((kind, i)), i, ends[i]) for i in range(len(ends))])
        for of, kind in asked.kinds
        if sizes.get(kind)
    ]
    return Cohorts(night, last, until, days, found, people, values)


def became(found: Cohorts, cohort: Cohort) -> dict[int | None, int]:
    """Group (None: no longer anywhere) to how many of the cohort stand in it in the last night."""
    return dict(rows(_later(found.people), found.values | {"kind": cohort.kind}))


def stayed(found: Cohorts) -> dict[int, int]:
    """How many of the segment's members were in it at its last night (STAYED) and how many not (LEFT)."""
    return dict(rows(_STAYED, found.values))


def _scope(viewer: Viewer) -> dict[str, Any]:
    stores = viewer.scope().store_ids
    return {"stores": None if stores is None else sorted(stores)}


def _blocks(on: date, until: date, days: int) -> list[tuple[date, date]]:
    """First and last day of each; what is not a full block at the end is left out, unless there is no other."""
    count = max((until - on).days // days, 1)
    starts = [on + timedelta(days=1 + days * i) for i in range(count)]
    return [(start, min(start + timedelta(days=days - 1), until)) for start in starts]


def _block(row: Sequence[Any] | None, number: int, ends: tuple[date, date]) -> Block:
    buyers, visits, cents = row or (0, 0, 0)
    return Block(number, *ends, buyers, int(visits), Decimal(int(cents)).scaleb(-2))
