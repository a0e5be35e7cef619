"""The purchase state: every customer's history in a few numbers, kept up to date from what changed.

For a business date D a state looks at the purchases that count (something was kept) with business_date ≤ D. Here it is
read, computed from the purchases, compared and written; who is looked at in a night is decided in `staterun.py`, and
how a state is brought forward from what is new alone in `advancing.py`. See docs/algorithms/purchase-state.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db import connection

from crm.lib.arrays import array_text
from crm.lib.copy import DATE, INT4, INT8, TOTAL, Type, read_packed, write_columns
from crm.lib.spells import IDS, day_number
from crm.lib.statements import Statement

TABLE = "customers_purchasestate"
SLICE = 250_000  # ids of customers a slice
CHUNK = 50_000  # customers recomputed by one statement
REBUILD_SHARE = 5  # when more than one customer in five is stale, a rebuild is quicker

TYPES: dict[str, Type] = {
    "customer_id": INT8,
    "first_on": DATE,
    "last_on": DATE,
    "comeback_on": DATE,
    "count": INT4,
    "spent": INT8,
    "window_first_on": DATE,
    "window_count": INT4,
    "window_spent": INT8,
    "next_on": DATE,
    "as_on": DATE,
}
DATES = ("first_on", "last_on", "comeback_on", "window_first_on", "next_on")  # 0 in the columns: none
SCORED = (
    "customer_id",
    "first_on",
    "last_on",
    "comeback_on",
    "window_count",
    "window_spent",
)  # later steps read
WRITTEN = TYPES | {"spent": TOTAL, "window_spent": TOTAL}

# One pass over the covering index (customer, business_date) INCLUDE (amount, returned). Whoever has purchases of the
# future is looked at again with a bound: to ask of each whether it is one costs everybody a quarter more.
_AGGREGATE = """
SELECT customer_id, first_on, last_on,
       coalesce(CASE WHEN recent_on - before_on > %(lost_days)s THEN recent_on END, DATE '1970-01-01'),
       count, ((spent - coalesce(returned, 0)) * 100)::bigint,
       coalesce(window_first_on, DATE '1970-01-01'), window_count,
       ((coalesce(window_spent, 0) - coalesce(window_returned, 0)) * 100)::bigint
FROM (SELECT customer_id,
             min(business_date) AS first_on,
             max(business_date) AS last_on,
             min(business_date) FILTER (WHERE business_date > %(recent)s) AS recent_on,
             max(business_date) FILTER (WHERE business_date <= %(recent)s) AS before_on,
             count(*)::int AS count,
             sum(amount) AS spent,
             sum(returned) FILTER (WHERE returned <> 0) AS returned,
             min(business_date) FILTER (WHERE business_date >= %(start)s) AS window_first_on,
             (count(*) FILTER (WHERE business_date >= %(start)s))::int AS window_count,
             sum(amount) FILTER (WHERE business_date >= %(start)s) AS window_spent,
             sum(returned) FILTER (WHERE returned <> 0 AND business_date >= %(start)s) AS window_returned
      FROM customers_purchase
      WHERE (returned = 0 OR returned < amount) AND {which}
      GROUP BY customer_id) AS facts
"""
_KNOWN = "customer_id = ANY(%(ids)s) AND business_date <= %(on)s"
_RANGE = "customer_id >= %(low)s AND customer_id < %(high)s"
_NEXT = """
SELECT customer_id, min(business_date) FROM customers_purchase
WHERE (returned = 0 OR returned < amount) AND customer_id = ANY(%(ids)s) AND business_date > %(on)s
GROUP BY customer_id
"""
_COMPUTED = {name: kind for name, kind in TYPES.items() if name not in ("next_on", "as_on")}

# Several narrow columns travel in one: a date takes 20 bits (days since 1970, 0: none), a number of purchases 32.
_READ = """
SELECT customer_id,
       coalesce(first_on - DATE '1970-01-01', 0)::bigint * 1099511627776
           + coalesce(last_on - DATE '1970-01-01', 0)::bigint * 1048576 + coalesce(comeback_on - DATE '1970-01-01', 0),
       coalesce(window_first_on - DATE '1970-01-01', 0)::bigint * 1099511627776
           + coalesce(next_on - DATE '1970-01-01', 0)::bigint * 1048576 + coalesce(as_on - DATE '1970-01-01', 0),
       count * 4294967296 + window_count, (spent * 100)::bigint, (window_spent * 100)::bigint
FROM customers_purchasestate WHERE customer_id >= %(low)s AND customer_id < %(high)s
"""
_READ_TYPES = dict.fromkeys(("customer_id", "life", "window", "counts", "spent", "window_spent"), INT8)

# Rows change where they are: thrown out and added elsewhere they would lose their order, and reading a range its speed.
_CHANGE = f"""
UPDATE {TABLE} s SET
    first_on = DATE '1970-01-01' + nullif(new.first_on, 0), last_on = DATE '1970-01-01' + nullif(new.last_on, 0),
    comeback_on = DATE '1970-01-01' + nullif(new.comeback_on, 0), count = new.count, spent = new.spent / 100.0,
    window_first_on = DATE '1970-01-01' + nullif(new.window_first_on, 0), window_count = new.window_count,
    window_spent = new.window_spent / 100.0, next_on = DATE '1970-01-01' + nullif(new.next_on, 0),
    as_on = DATE '1970-01-01' + new.as_on
FROM unnest({", ".join(f"%({name})s::{'bigint' if kind is INT8 else 'int'}[]" for name, kind in TYPES.items())})
    AS new ({", ".join(TYPES)})
WHERE s.customer_id = new.customer_id
"""  # noqa: S608
_change_example = dict.fromkeys(TYPES, IDS)

_example = {
    "on": date(2026, 3, 10), "start": date(2025, 3, 11), "recent": date(2026, 1, 9), "lost_days": 180,
    "ids": IDS, "low": 1, "high": 250_001,
}  # fmt: skip

STATEMENTS = [
    Statement("states.aggregate_known", _AGGREGATE.format(which=_KNOWN), _example),
    Statement("states.aggregate_range", _AGGREGATE.format(which=_RANGE), _example),
    Statement("states.next", _NEXT, _example),
    Statement("states.read", _READ, _example),
    Statement("states.change", _CHANGE, _change_example),
    Statement("states.remove", f"DELETE FROM {TABLE} WHERE customer_id = ANY(%(ids)s)", _example),  # noqa: S608
]
_AGGREGATE_KNOWN, _AGGREGATE_RANGE, *_, _REMOVE = (statement.sql for statement in STATEMENTS)


@dataclass(frozen=True)
class Basis:
    """What states are computed for: the date, the window, and the rules that tell a comeback."""

    on: date
    window_days: int
    lost_days: int
    won_back_days: int

    @property
    def values(self) -> dict[str, Any]:
        """The named parameters of the statements."""
        return {
            "on": self.on,
            "start": self.on - timedelta(days=self.window_days - 1),
            "recent": self.on - timedelta(days=self.won_back_days),
            "lost_days": self.lost_days,
        }


def slices() -> list[tuple[int, int]]:
    """Ranges [low, high) of customer ids that cover everybody."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM customers_customer")
        low, high = cursor.fetchone()
    return [(start, start + SLICE) for start in range(low, high + 1, SLICE)]


def read(cursor: Any, low: int, high: int) -> dict[str, Any]:
    """The states in a range as they stand, ordered by customer. Money in cents, dates as days since 1970 (0: none)."""
    found = read_packed(cursor, _READ, _READ_TYPES, {"low": low, "high": high})
    first, last, comeback = _three_dates(found["life"])
    window_first, following, as_on = _three_dates(found["window"])
    columns = {
        "customer_id": found["customer_id"], "first_on": first, "last_on": last, "comeback_on": comeback,
        "count": found["counts"] >> 32, "spent": found["spent"], "window_first_on": window_first,
        "window_count": found["counts"] & 0xFFFFFFFF, "window_spent": found["window_spent"], "next_on": following,
        "as_on": as_on,
    }  # fmt: skip
    return _ordered(columns)


def _three_dates(packed: Any) -> tuple[Any, Any, Any]:
    return packed >> 40, packed >> 20 & 0xFFFFF, packed & 0xFFFFF


def compute(cursor: Any, basis: Basis, low: int, high: int) -> dict[str, Any]:
    """The states in a range from the purchases, ordered by customer."""
    # The planner does not choose the walk along the covering index by itself; it is several times quicker. Helpers of
    # one walk get in each other's way: ranges are computed side by side instead (`staterun`).
    plain = ("enable_hashagg", "enable_seqscan", "enable_sort")
    cursor.execute("; ".join(f"SET LOCAL {name} = off" for name in plain))
    cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
    columns = read_packed(cursor, _AGGREGATE_RANGE, _COMPUTED, basis.values | {"low": low, "high": high})
    cursor.execute("; ".join(f"SET LOCAL {name} = on" for name in plain))
    has_future = columns["last_on"] > day_number(basis.on)
    again = compute_listed(cursor, basis, np.sort(columns["customer_id"][has_future]))
    return joined(_as_of(basis, {name: values[~has_future] for name, values in columns.items()}), again)


def compute_listed(cursor: Any, basis: Basis, ids: Any) -> dict[str, Any]:
    """The states of these customers from the purchases; customers without a purchase that counts have none."""
    parts = [_compute_some(cursor, basis, ids[at : at + CHUNK]) for at in range(0, len(ids), CHUNK)]
    return joined(*parts)


def _compute_some(cursor: Any, basis: Basis, ids: Any) -> dict[str, Any]:
    values = basis.values | {"ids": array_text(ids)}
    known = _as_of(basis, read_packed(cursor, _AGGREGATE_KNOWN, _COMPUTED, values))
    coming = read_packed(cursor, _NEXT, {"customer_id": INT8, "next_on": DATE}, values)
    is_new = ~np.isin(coming["customer_id"], known["customer_id"], assume_unique=True)
    nothing = np.zeros(int(is_new.sum()), dtype=np.int64)
    new = _as_of(basis, dict.fromkeys(_COMPUTED, nothing) | {"customer_id": coming["customer_id"][is_new]})
    states = joined(known, new)
    states["next_on"][np.searchsorted(states["customer_id"], coming["customer_id"])] = coming["next_on"]
    return states


def _as_of(basis: Basis, computed: dict[str, Any]) -> dict[str, Any]:
    size = len(computed["customer_id"])
    return computed | {
        "next_on": np.zeros(size, dtype=np.int64),
        "as_on": np.full(size, day_number(basis.on)),
    }


def joined(*parts: dict[str, Any]) -> dict[str, Any]:
    """Several sets of states as one, ordered by customer."""
    empty = {name: np.zeros(0, dtype=np.int64) for name in TYPES}
    return _ordered({name: np.concatenate([part[name] for part in (empty, *parts)]) for name in TYPES})


def replace(cursor: Any, stored: Any, touched: Any, fresh: dict[str, Any]) -> None:
    """Replace the states of the touched customers; who is not in `fresh` has none any more.

    `stored` are the customers of the slice that have a state so far. All ids are in order and there once.
    """
    is_known = np.isin(fresh["customer_id"], stored, assume_unique=True)
    if is_known.sum() * REBUILD_SHARE > len(stored):
        _remove(cursor, np.intersect1d(touched, stored, assume_unique=True))
        _write(cursor, fresh)
        return
    gone = np.setdiff1d(touched, fresh["customer_id"], assume_unique=True)
    _remove(cursor, np.intersect1d(gone, stored, assume_unique=True))
    _change(cursor, {name: values[is_known] for name, values in fresh.items()})
    _write(cursor, {name: values[~is_known] for name, values in fresh.items()})


def _remove(cursor: Any, ids: Any) -> None:
    if len(ids):
        cursor.execute(_REMOVE, {"ids": array_text(ids)})


def _change(cursor: Any, columns: dict[str, Any]) -> None:
    for at in range(0, len(columns["customer_id"]), CHUNK):
        part = {name: array_text(values[at : at + CHUNK]) for name, values in columns.items()}
        cursor.execute(_CHANGE, part)


def patched(stored: dict[str, Any], touched: Any, fresh: dict[str, Any]) -> dict[str, Any]:
    """What `stored` is after `replace`: the columns that later steps look at."""
    keep = ~np.isin(stored["customer_id"], touched, assume_unique=True)
    kept = {name: stored[name][keep] for name in SCORED}
    return _ordered({name: np.concatenate([kept[name], fresh[name]]) for name in SCORED})


def difference(stored: dict[str, Any], fresh: dict[str, Any]) -> tuple[Any, Any]:
    """Ids that only `stored` has, and a mask over `fresh` of those that are missing there or differ."""
    gone, found = (
        np.setdiff1d(stored["customer_id"], fresh["customer_id"], assume_unique=True),
        differing(stored, fresh),
    )
    return gone, np.any(list(found.values()), axis=0)


def differing(stored: dict[str, Any], fresh: dict[str, Any]) -> dict[str, Any]:
    """For each column a mask over `fresh` of the customers in whose stored state it is wrong ("row": there is none).

    A state may have been computed for an earlier date, as long as that says the same: `as_on` is wrong only where the
    state would then know purchases of its future.
    """
    ids, known = fresh["customer_id"], stored["customer_id"]
    if len(known) == 0:
        return {"row": np.ones(len(ids), dtype=bool)}
    place = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    here = known[place] == ids
    at = {name: values[place] for name, values in stored.items()}
    wrong = {name: here & (at[name] != fresh[name]) for name in TYPES if name not in ("customer_id", "as_on")}
    as_on = here & ((at["as_on"] < at["last_on"]) | (at["as_on"] > fresh["as_on"]) | (at["as_on"] == 0))
    return {"row": ~here, **wrong, "as_on": as_on}


def _write(cursor: Any, columns: dict[str, Any]) -> None:
    for types, part in _by_missing(columns):
        write_columns(cursor, TABLE, types, part)


def _by_missing(columns: dict[str, Any]) -> Iterator[tuple[dict[str, Type], dict[str, Any]]]:
    """The rows parted by which dates they lack, so that every part is of fixed width: COPY's quick form."""
    pattern = np.zeros(len(columns["customer_id"]), dtype=np.int8)
    for bit, name in enumerate(DATES):
        pattern |= (columns[name] == 0).astype(np.int8) << bit
    for lacking in np.unique(pattern):
        absent = {name for bit, name in enumerate(DATES) if lacking >> bit & 1}
        types = {name: kind for name, kind in WRITTEN.items() if name not in absent}
        yield types, {name: columns[name][pattern == lacking] for name in types}


def _ordered(columns: dict[str, Any]) -> dict[str, Any]:
    ids = columns["customer_id"]
    if len(ids) > 1 and not (ids[1:] > ids[:-1]).all():
        order = np.argsort(ids, kind="stable")
        return {name: values[order] for name, values in columns.items()}
    return columns
