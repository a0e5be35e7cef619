"""Cohorts of groups: those who stood in a group at a night, and what became of them.

The customers are those whose home store is among the viewer's, as on the other pages of groups; what they bought counts
wherever they bought it. Blocks of days begin on the day after the night.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from analytics.reading import COUNTS, RECEIPT_CENTS, rows
from crm.lib.statements import Statement
from crm.org.scope import Viewer
from customers import nights
from customers.models import Night
from segmentation.models import Group

WEEK, MONTH = 7, 28
FEW = 12  # blocks up to which weeks are shown

_STOOD = """segmentation_standing was JOIN customers_customer c ON c.id = was.customer_id
    AND (%(stores)s::bigint[] IS NULL OR c.home_store_id = ANY(%(stores)s::bigint[]))"""
_THEN = "was.night_id <= %(night)s AND (was.ended_night IS NULL OR was.ended_night > %(night)s)"
_EACH_THEN = f"SELECT was.customer_id, was.group_id FROM {_STOOD} WHERE {_THEN}"  # noqa: S608  the parts are constants
_EACH_BOUGHT = f"""
    SELECT p.customer_id, was.group_id, (p.business_date - %(on)s::date - 1) / %(days)s AS block, count(*) AS visits,
           sum({RECEIPT_CENTS}) AS cents
    FROM {_STOOD} JOIN customers_purchase p ON p.customer_id = was.customer_id
    WHERE {_THEN} AND {COUNTS} AND p.business_date > %(on)s::date AND p.business_date <= %(until)s::date
    GROUP BY p.customer_id, was.group_id, 3
"""  # noqa: S608  the parts are constants
_EACH_LATER = f"""
    SELECT was.customer_id, later.group_id
    FROM {_STOOD} LEFT JOIN segmentation_standing later ON later.customer_id = was.customer_id
        AND later.night_id <= %(then)s AND (later.ended_night IS NULL OR later.ended_night > %(then)s)
    WHERE {_THEN} AND was.group_id = %(group)s
"""  # noqa: S608  the parts are constants
_SIZES = f"SELECT group_id, count(*) FROM ({_EACH_THEN}) AS people GROUP BY group_id"  # noqa: S608  the same
_BOUGHT = f"""
SELECT group_id, block, count(*), sum(visits), sum(cents) FROM ({_EACH_BOUGHT}) AS people GROUP BY group_id, block
"""  # noqa: S608  the parts are constants
_LATER = f"SELECT group_id, count(*) FROM ({_EACH_LATER}) AS people GROUP BY group_id"  # noqa: S608  the same
_EXAMPLE = {
    "stores": [1], "night": 1, "then": 2, "group": 1, "on": date(2026, 1, 1), "until": date(2026, 3, 1), "days": 28,
}  # fmt: skip
# What each machine does of its own customers when the database is spread; what comes out is summed over them.
STATEMENTS = [
    Statement("cohorts.then", _EACH_THEN, _EXAMPLE),
    Statement("cohorts.bought", _EACH_BOUGHT, _EXAMPLE),
    Statement("cohorts.later", _EACH_LATER, _EXAMPLE),
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
    group: Group
    customers: int
    blocks: list[Block]


@dataclass(frozen=True)
class Cohorts:
    """`cohorts`: the groups that had anybody, in their order. `days`: those of a block."""

    night: Night
    until: date
    days: int
    cohorts: list[Cohort]


def cohorts(viewer: Viewer, on: date) -> Cohorts | None:
    """All groups as of the night of `on`, up to the last business day; None without such a night or days after it."""
    night, last = nights.night_of(on), nights.published()
    if night is None or last is None or night.on >= last.on:
        return None
    span = (last.on - night.on).days
    days = WEEK if span <= WEEK * FEW else MONTH
    values = _scope(viewer) | {"night": night.pk, "on": night.on, "until": last.on, "days": days}
    bought = {(group, block): numbers for group, block, *numbers in rows(_BOUGHT, values)}
    sizes = dict(rows(_SIZES, values))
    ends = _blocks(night.on, last.on, days)
    return Cohorts(
        night,
        last.on,
        days,
        [
            Cohort(group, sizes[group.pk], [_block(bought.get((group.pk, i)), i, ends[i]) for i in range(len(ends))])
            for group in Group.objects.all()
            if sizes.get(group.pk)
        ],
    )  # fmt: skip


def became(viewer: Viewer, on: date, group: Group) -> dict[int | None, int]:
    """Group (None: no longer anywhere) to how many of the cohort stand in it in the last night."""
    night, last = nights.night_of(on), nights.published()
    if night is None or last is None:
        return {}
    return dict(rows(_LATER, _scope(viewer) | {"night": night.pk, "then": last.pk, "group": group.pk}))


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
