"""What the measures are made of, a range of customers at a time: people, and which segments they are or were in."""

from datetime import date, datetime
from typing import Any

import numpy as np
from django.db import connection

from crm.lib.copy import FLOAT8, INT4, INT8, read_packed
from crm.lib.statements import Statement
from customers import consents
from customers.consents.cells import CHANNELS
from customers.models import ContactChannel, Stage
from segmentation.targets.measures import Source

ACTIVE = (Stage.NEW, Stage.ACTIVE, Stage.WON_BACK)
GONE = (Stage.DORMANT, Stage.LOST)
NOW, MONTH, QUARTER = 1, 2, 4  # bits of when somebody is or was in a segment

_RANGE = "customer_id >= %(low)s AND customer_id < %(high)s"
_LIVING = "c.id >= %(low)s AND c.id < %(high)s AND c.merged_into_id IS NULL AND c.erased_at IS NULL"
# Of the income band only whether two are the same matters.
_PEOPLE = f"""
SELECT c.id, coalesce(c.home_store_id, 0)::int, coalesce(c.household_size, 0)::int,
       CASE WHEN c.income_band = '' THEN 0 ELSE hashtext(c.income_band) END, (c.address <> '')::int
FROM customers_customer c WHERE {_LIVING}
"""  # noqa: S608  our own words
_PEOPLE_TYPES = {"id": INT8, "store": INT4, "household": INT4, "income": INT4, "address": INT4}
# A bit a channel. Most customers never said yes: one probe finds that out.
_AGREED = f"""
SELECT c.id, {" + ".join(f"{1 << n} * ({consents.condition(one, 'marketing')})::int" for n, one in enumerate(CHANNELS))}
FROM customers_customer c WHERE {_LIVING} AND EXISTS (
    SELECT FROM customers_consent word WHERE word.customer_id = c.id AND word.purpose = 1 AND word.is_given)
"""  # noqa: S608  our own words
_IDENTIFIED = f"""
SELECT customer_id, CASE kind WHEN 'phone' THEN 3 WHEN 'email' THEN 4 WHEN 'openid' THEN 8 ELSE 16 END
FROM customers_identity WHERE kind IN ('phone', 'email', 'openid', 'device') AND {_RANGE}
"""  # noqa: S608  our own words
_STAGES = f"""
SELECT customer_id, CASE WHEN ended_night IS NULL THEN stage ELSE 0 END::int,
       CASE WHEN began_on <= %(then)s AND (ended_on IS NULL OR ended_on > %(then)s) THEN stage ELSE 0 END::int
FROM customers_lifecycle WHERE {_RANGE}
"""  # noqa: S608  our own words
_BOUGHT = f"""
SELECT customer_id, window_count, (window_spent * 100)::bigint FROM customers_purchasestate WHERE {_RANGE}
"""  # noqa: S608  our own words
_CYCLES = f"""
SELECT customer_id, cycle_days::int FROM customers_persona
WHERE ended_night IS NULL AND cycle_days IS NOT NULL AND {_RANGE}
"""  # noqa: S608  our own words
_GROUPS = f"""
SELECT customer_id, group_id::int, (ended_night IS NULL)::int
       + 2 * (night_id <= %(month)s AND (ended_night IS NULL OR ended_night > %(month)s))::int
       + 4 * (night_id <= %(quarter)s AND (ended_night IS NULL OR ended_night > %(quarter)s))::int
FROM segmentation_standing WHERE {_RANGE}
"""  # noqa: S608  our own words
_SEGMENTS = f"""
SELECT s.customer_id, s.segment_id::int, (s.ended_at IS NULL)::int
       + 2 * coalesce(s.began_at <= t.month_at AND (s.ended_at IS NULL OR s.ended_at > t.month_at), false)::int
       + 4 * coalesce(s.began_at <= t.quarter_at AND (s.ended_at IS NULL OR s.ended_at > t.quarter_at), false)::int
FROM segmentation_segmentspell s
LEFT JOIN unnest(%(segments)s::bigint[], %(months)s::timestamptz[], %(quarters)s::timestamptz[])
    AS t (segment_id, month_at, quarter_at) ON t.segment_id = s.segment_id
WHERE {_RANGE}
"""  # noqa: S608  our own words
_example = {
    "low": 1, "high": 25_001, "then": date(2025, 12, 9), "month": 1, "quarter": 1,
    "segments": [1], "months": [datetime(2026, 2, 11)], "quarters": [datetime(2025, 12, 10)],
}  # fmt: skip
STATEMENTS = [
    Statement(f"targets.{name}", sql, {k: v for k, v in _example.items() if f"%({k})s" in sql})
    for name, sql in (
        ("people", _PEOPLE), ("agreed", _AGREED), ("identified", _IDENTIFIED), ("stages", _STAGES),
        ("bought", _BOUGHT), ("cycles", _CYCLES), ("groups", _GROUPS), ("segments", _SEGMENTS),
    )
]  # fmt: skip


def people(low: int, high: int, then: date) -> dict[str, Any]:
    """Living customers of a range, ordered: `id`, `store` (0: none), `band` of their peers (0: not known), `count` and
    `cents` of the window, `cycle` (0: not known), `stage` now, `stage_then`, `reach` (a bit a channel)."""
    bounds = {"low": low, "high": high}
    with connection.cursor() as cursor:
        found = _sorted(read_packed(cursor, _PEOPLE, _PEOPLE_TYPES, bounds))
        ids = found["id"]
        bought = read_packed(cursor, _BOUGHT, {"id": INT8, "count": INT4, "cents": INT8}, bounds)
        cycles = read_packed(cursor, _CYCLES, {"id": INT8, "cycle": INT4}, bounds)
        stages = read_packed(
            cursor, _STAGES, {"id": INT8, "now": INT4, "then": INT4}, bounds | {"then": then}
        )
        agreed = read_packed(cursor, _AGREED, {"id": INT8, "bits": INT4}, bounds)
        known = read_packed(cursor, _IDENTIFIED, {"id": INT8, "bits": INT4}, bounds)
    may_write = np.where(found["address"] > 0, 1 << (ContactChannel.POST - 1), 0)
    reach = (_united(ids, known["id"], known["bits"]) | may_write) & _united(
        ids, agreed["id"], agreed["bits"]
    )
    return {
        "id": ids, "store": found["store"].astype(np.int64), "band": _bands(found["household"], found["income"]),
        "count": _of(ids, bought["id"], bought["count"]), "cents": _of(ids, bought["id"], bought["cents"]),
        "cycle": _of(ids, cycles["id"], cycles["cycle"]), "reach": reach,
        "stage": _united(ids, stages["id"], stages["now"]), "stage_then": _united(ids, stages["id"], stages["then"]),
    }  # fmt: skip


def members(low: int, high: int, ids: Any, when: dict[str, Any]) -> dict[str, Any]:
    """Who is or was in what: `place` among `ids`, `kind` (0: a group, 1: a segment), `of` (its number), `bits`."""
    parts = []
    with connection.cursor() as cursor:
        for kind, sql in enumerate((_GROUPS, _SEGMENTS)):
            asked = {name: value for name, value in when.items() if f"%({name})s" in sql}
            rows = read_packed(
                cursor, sql, {"id": INT8, "of": INT4, "bits": INT4}, {"low": low, "high": high, **asked}
            )
            place, is_there = places(ids, rows["id"])
            keep = is_there & (rows["bits"] > 0)
            parts.append((place[keep], np.full(int(keep.sum()), kind), rows["of"][keep], rows["bits"][keep]))
    columns = (np.concatenate(column).astype(np.int64) for column in zip(*parts, strict=True))
    return dict(zip(("place", "kind", "of", "bits"), columns, strict=True))


def scored(source: Source, generation: int, low: int, high: int, ids: Any) -> Any:
    """The figure of each of `ids`; NaN where the source has none."""
    with connection.cursor() as cursor:
        params = {"low": low, "high": high, "night": generation}
        rows = read_packed(cursor, source.sql, {"id": INT8, "figure": FLOAT8}, params)
    figures = np.full(len(ids), np.nan)
    place, is_there = places(ids, rows["id"])
    figures[place[is_there]] = rows["figure"][is_there]
    return figures


def _sorted(columns: dict[str, Any]) -> dict[str, Any]:
    order = np.argsort(columns["id"])
    return {name: values[order] for name, values in columns.items()}


def places(ids: Any, wanted: Any) -> tuple[Any, Any]:
    """Where each of `wanted` stands among `ids`, and whether it is there."""
    if len(ids) == 0:
        return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=bool)
    place = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return place, ids[place] == wanted


def _of(ids: Any, owners: Any, values: Any) -> Any:
    found = np.zeros(len(ids), dtype=np.int64)
    place, is_there = places(ids, owners)
    found[place[is_there]] = values[is_there]
    return found


def _united(ids: Any, owners: Any, bits: Any) -> Any:
    """The bits of all rows of each customer together; of stages at most one row says one."""
    found = np.zeros(len(ids), dtype=np.int64)
    place, is_there = places(ids, owners)
    np.bitwise_or.at(found, place[is_there], bits[is_there].astype(np.int64))
    return found


def _bands(household: Any, income: Any) -> Any:
    """One number for each pair of household size and income; 0 where neither is known."""
    return household.astype(np.int64) << 32 | income.astype(np.int64) & 0xFFFFFFFF
