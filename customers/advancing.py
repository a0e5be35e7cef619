"""Bringing states forward from what is new alone, instead of reading a whole history again.

Every state says for which date it was computed (`as_on`): it counts all purchases up to that day, and no later one.
When nothing up to that day has changed since, the state at a later date D follows from three small readings:

    arrived   the purchases dated after `as_on`
    left      those that counted in the window and are dated before its new start
    first     of those, the first that is still inside

Sums add up, `first_on` and `last_on` meet the new days, and a comeback is a new purchase more than `lost_days` after
the one before it (rules keep won_back_days ≤ dormant_days < lost_days, so no window of "won back" holds two of them).
Whoever had an older day changed (a late receipt, a return, a merge) is computed anew. All numbers are whole; nothing
drifts, and `verify_state` proves it. See docs/algorithms/purchase-state.md.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from crm.lib.arrays import array_text
from crm.lib.copy import DATE, INT4, INT8, read_packed
from crm.lib.spells import IDS, day_number
from crm.lib.statements import Statement
from customers.stale import Queued
from customers.states import Basis

_ARRIVED = """
SELECT p.customer_id, p.business_date, ((p.amount - p.returned) * 100)::bigint
FROM customers_purchasestate s
JOIN customers_purchase p ON p.customer_id = s.customer_id AND p.business_date > s.as_on
WHERE s.customer_id = ANY(%(ids)s) AND (p.returned = 0 OR p.returned < p.amount)
"""
_LEFT = """
SELECT s.customer_id,
       (count(*) FILTER (WHERE p.business_date < %(start)s))::int,
       (coalesce(sum(p.amount - p.returned) FILTER (WHERE p.business_date < %(start)s), 0) * 100)::bigint,
       coalesce(min(p.business_date) FILTER (WHERE p.business_date >= %(start)s), DATE '1970-01-01')
FROM customers_purchasestate s
JOIN customers_purchase p ON p.customer_id = s.customer_id
     AND p.business_date >= s.window_first_on AND p.business_date <= s.as_on
WHERE s.customer_id = ANY(%(ids)s) AND p.business_date < %(until)s AND (p.returned = 0 OR p.returned < p.amount)
GROUP BY s.customer_id
"""
NEXT_VISIT = timedelta(days=45)  # most customers who leave a purchase behind have another within this time
_example = {"ids": IDS, "start": date(2025, 3, 11), "until": date(2025, 4, 25)}
STATEMENTS = [
    Statement("advancing.arrived", _ARRIVED, _example),
    Statement("advancing.left", _LEFT, _example),
]


@dataclass(frozen=True)
class Plan:
    """Whom a night looks at: customers to bring forward, and customers to compute anew; ordered, once each.

    `arriving` are those of the first who may have purchases that their states do not count yet.
    """

    forward: Any
    arriving: Any
    anew: Any

    @property
    def customers(self) -> Any:
        return np.union1d(self.forward, self.anew)


def plan(basis: Basis, stored: dict[str, Any], queued: Queued) -> Plan:
    """Who of a slice needs what: the queued, and those whom the new date changes by itself."""
    ids, as_on = stored["customer_id"], stored["as_on"]
    since = np.full(len(ids), np.iinfo(np.int64).max)
    is_known = np.isin(queued.customer, ids, assume_unique=True)
    since[np.searchsorted(ids, queued.customer[is_known])] = queued.since[is_known]
    is_arriving = np.isin(ids, queued.customer, assume_unique=True) | _has_come(basis, stored)
    is_touched = is_arriving | _has_left(basis, stored) | _has_faded(basis, stored)
    is_behind = (since <= as_on) | (as_on == 0)  # 0: kept by a release that did not write the date down
    anew = np.union1d(ids[is_touched & is_behind], queued.customer[~is_known])
    return Plan(ids[is_touched & ~is_behind], ids[is_arriving & ~is_behind], anew)


def advance(cursor: Any, basis: Basis, stored: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """The states at the basis of the customers to bring forward, from the stored ones and what is new."""
    ids = plan.forward
    rows = {name: values[np.searchsorted(stored["customer_id"], ids)] for name, values in stored.items()}
    rows = {name: values.astype(np.int64) for name, values in rows.items()}
    _take_out(cursor, basis, rows)
    _take_in(cursor, basis, rows, plan.arriving)
    rows["comeback_on"] = np.where(rows["comeback_on"] > _recent(basis), rows["comeback_on"], 0)
    rows["as_on"] = np.full(len(ids), day_number(basis.on))
    return rows


# Whom the date alone changes: a purchase comes of age or leaves the window, a comeback is no longer recent.


def _has_come(basis: Basis, rows: dict[str, Any]) -> Any:
    return (rows["next_on"] != 0) & (rows["next_on"] <= day_number(basis.on))


def _has_left(basis: Basis, rows: dict[str, Any]) -> Any:
    return (rows["window_first_on"] != 0) & (rows["window_first_on"] < day_number(basis.values["start"]))


def _has_faded(basis: Basis, rows: dict[str, Any]) -> Any:
    return (rows["comeback_on"] != 0) & (rows["comeback_on"] <= _recent(basis))


def _recent(basis: Basis) -> int:
    return day_number(basis.values["recent"])


def _take_out(cursor: Any, basis: Basis, rows: dict[str, Any]) -> None:
    """Subtract what has left the window, and find the first day of what is still in it (0: nothing)."""
    ids, start = rows["customer_id"], basis.values["start"]
    leaving = ids[_has_left(basis, rows)]
    left = _left(cursor, start, start + NEXT_VISIT, leaving)
    at = np.searchsorted(ids, left["customer_id"])
    rows["window_count"][at] -= left["count"]
    rows["window_spent"][at] -= left["spent"]
    rows["window_first_on"][at] = left["first"]
    later = _left(cursor, start, date.max, ids[(rows["window_first_on"] == 0) & (rows["window_count"] > 0)])
    rows["window_first_on"][np.searchsorted(ids, later["customer_id"])] = later["first"]


def _left(cursor: Any, start: date, until: date, ids: Any) -> dict[str, Any]:
    types = {"customer_id": INT8, "count": INT4, "spent": INT8, "first": DATE}
    if len(ids) == 0:
        return {name: np.zeros(0, dtype=np.int64) for name in types}
    return read_packed(cursor, _LEFT, types, {"ids": array_text(ids), "start": start, "until": until})


def _take_in(cursor: Any, basis: Basis, rows: dict[str, Any], arriving: Any) -> None:
    """Add the purchases dated after the states."""
    if len(arriving) == 0:
        return
    ids = rows["customer_id"]
    arrived = read_packed(
        cursor, _ARRIVED, {"customer_id": INT8, "day": DATE, "cents": INT8}, {"ids": array_text(arriving)}
    )
    order = np.lexsort((arrived["day"], arrived["customer_id"]))
    at = np.searchsorted(ids, arrived["customer_id"][order])
    day, cents = arrived["day"][order].astype(np.int64), arrived["cents"][order]
    on, start = day_number(basis.on), day_number(basis.values["start"])
    rows["next_on"][np.searchsorted(ids, arriving)] = 0
    rows["next_on"] = _earliest(rows["next_on"], at[day > on], day[day > on])
    at, day, cents = at[day <= on], day[day <= on], cents[day <= on]
    _see_comebacks(basis, rows, at, day)
    rows["first_on"] = _earliest(rows["first_on"], at, day)
    np.maximum.at(rows["last_on"], at, day)
    np.add.at(rows["count"], at, 1)
    np.add.at(rows["spent"], at, cents)
    inside = day >= start
    rows["window_first_on"] = _earliest(rows["window_first_on"], at[inside], day[inside])
    np.add.at(rows["window_count"], at[inside], 1)
    np.add.at(rows["window_spent"], at[inside], cents[inside])


def _see_comebacks(basis: Basis, rows: dict[str, Any], at: Any, day: Any) -> None:
    """`day` rises within each customer; the one before the first is the last that the state knows."""
    is_first = np.append(True, at[1:] != at[:-1])[: len(at)]
    before = np.where(is_first, rows["last_on"][at], np.append(0, day[:-1])[: len(day)])
    comes_back = (before != 0) & (day - before > basis.lost_days) & (day > _recent(basis))
    rows["comeback_on"][at[comes_back]] = day[comes_back]


def _earliest(known: Any, at: Any, day: Any) -> Any:
    """The earlier of the known day (0: none) and the days given, by customer."""
    none = np.iinfo(np.int64).max
    first = np.where(known == 0, none, known)
    np.minimum.at(first, at, day)
    return np.where(first == none, 0, first)
