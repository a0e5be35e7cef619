"""The purchase state: every customer's history in a few numbers, kept up to date from what changed.

For a business date D a state looks at the purchases that count (something was kept) with business_date ≤ D. It changes
only when (1) purchases or returns were applied: the customer is in the stale queue; (2) the window's oldest purchase
leaves the window; (3) a purchase dated later than the last night comes of age; (4) a comeback stops being recent. The
last three are read off the states themselves, so nothing else has to be looked at. The customers found are recomputed
from an index that holds all that is needed; a rebuild does the same for everybody and writes what differs.

Guarantee: a row of the stale queue is removed only in the transaction that recomputed its customer from a snapshot
taken after the row was read. Whoever appends later leaves a row for the next night.
See docs/algorithms/purchase-state.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db import connection

from crm.lib.copy import DATE, INT4, INT8, TOTAL, Type, read_all, read_packed, write_columns
from crm.lib.spells import IDS
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
}
DATES = ("first_on", "last_on", "comeback_on", "window_first_on", "next_on")  # 0 in the columns: none
WRITTEN = TYPES | {"spent": TOTAL, "window_spent": TOTAL}

# One pass over the covering index (customer, business_date) INCLUDE (amount, returned).
_AGGREGATE = """
SELECT customer_id,
       coalesce(CASE WHEN first_on <= %(on)s THEN first_on END, DATE '1970-01-01') AS first_on,
       coalesce(last_on, DATE '1970-01-01') AS last_on,
       coalesce(CASE WHEN recent_on - before_on > %(lost_days)s THEN recent_on END, DATE '1970-01-01') AS comeback_on,
       (old_count + window_count)::int AS count,
       ((coalesce(old_spent, 0) + coalesce(window_spent, 0)) * 100)::bigint AS spent,
       coalesce(window_first_on, DATE '1970-01-01') AS window_first_on,
       window_count::int AS window_count,
       (coalesce(window_spent, 0) * 100)::bigint AS window_spent,
       coalesce(next_on, DATE '1970-01-01') AS next_on
FROM (SELECT customer_id,
             min(business_date) AS first_on,
             max(business_date) FILTER (WHERE business_date <= %(on)s) AS last_on,
             min(business_date) FILTER (WHERE business_date > %(recent)s AND business_date <= %(on)s) AS recent_on,
             max(business_date) FILTER (WHERE business_date <= %(recent)s) AS before_on,
             count(*) FILTER (WHERE business_date < %(start)s) AS old_count,
             sum(amount - returned) FILTER (WHERE business_date < %(start)s) AS old_spent,
             min(business_date) FILTER (WHERE business_date BETWEEN %(start)s AND %(on)s) AS window_first_on,
             count(*) FILTER (WHERE business_date BETWEEN %(start)s AND %(on)s) AS window_count,
             sum(amount - returned) FILTER (WHERE business_date BETWEEN %(start)s AND %(on)s) AS window_spent,
             min(business_date) FILTER (WHERE business_date > %(on)s) AS next_on
      FROM customers_purchase
      WHERE (returned = 0 OR returned < amount) AND {which}
      GROUP BY customer_id) AS facts
"""
_LISTED = "customer_id = ANY(%(ids)s)"
_RANGE = "customer_id >= %(low)s AND customer_id < %(high)s"

_READ = """
SELECT customer_id, coalesce(first_on, DATE '1970-01-01'), coalesce(last_on, DATE '1970-01-01'),
       coalesce(comeback_on, DATE '1970-01-01'), count, (spent * 100)::bigint,
       coalesce(window_first_on, DATE '1970-01-01'), window_count, (window_spent * 100)::bigint,
       coalesce(next_on, DATE '1970-01-01')
FROM customers_purchasestate WHERE customer_id >= %(low)s AND customer_id < %(high)s
"""

_READ_SCORES = """
SELECT customer_id, coalesce(first_on, DATE '1970-01-01'), coalesce(last_on, DATE '1970-01-01'),
       coalesce(comeback_on, DATE '1970-01-01'), window_count, (window_spent * 100)::bigint
FROM customers_purchasestate WHERE customer_id >= %(low)s AND customer_id < %(high)s
"""

_DUE = """
SELECT customer_id FROM customers_purchasestate
WHERE window_first_on < %(start)s OR next_on <= %(on)s OR comeback_on <= %(recent)s
"""

_example = {
    "on": date(2026, 3, 10), "start": date(2025, 3, 11), "recent": date(2026, 1, 9), "lost_days": 180,
    "ids": IDS, "low": 1, "high": 250_001,
}  # fmt: skip

STATEMENTS = [
    Statement("states.aggregate_listed", _AGGREGATE.format(which=_LISTED), _example),
    Statement("states.aggregate_range", _AGGREGATE.format(which=_RANGE), _example),
    Statement("states.read", _READ, _example),
    Statement("states.read_scores", _READ_SCORES, _example),
    Statement("states.due", _DUE, _example),
    Statement("states.remove", f"DELETE FROM {TABLE} WHERE customer_id = ANY(%(ids)s)", _example),  # noqa: S608
]
_AGGREGATE_LISTED, _AGGREGATE_RANGE, _, _, _, _REMOVE = (statement.sql for statement in STATEMENTS)


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
    return _ordered(read_packed(cursor, _READ, TYPES, {"low": low, "high": high}))


def read_scores(cursor: Any, low: int, high: int) -> dict[str, Any]:
    """Those columns of the states that lifecycle and scores look at."""
    names = ("customer_id", "first_on", "last_on", "comeback_on", "window_count", "window_spent")
    types = {name: TYPES[name] for name in names}
    return _ordered(read_packed(cursor, _READ_SCORES, types, {"low": low, "high": high}))


def compute(cursor: Any, basis: Basis, low: int, high: int) -> dict[str, Any]:
    """The states in a range from the purchases, ordered by customer."""
    # The planner does not choose the walk along the covering index by itself; it is several times quicker.
    cursor.execute(
        "SET LOCAL enable_hashagg = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"
    )
    columns = read_packed(cursor, _AGGREGATE_RANGE, TYPES, basis.values | {"low": low, "high": high})
    cursor.execute("SET LOCAL enable_hashagg = on; SET LOCAL enable_seqscan = on; SET LOCAL enable_sort = on")
    return _ordered(columns)


def compute_listed(cursor: Any, basis: Basis, ids: Any) -> dict[str, Any]:
    """The states of these customers from the purchases; customers without a purchase that counts have none."""
    cursor.execute("SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0.001")
    return _ordered(read_packed(cursor, _AGGREGATE_LISTED, TYPES, basis.values | {"ids": ids.tolist()}))


def recompute(cursor: Any, basis: Basis, ids: Any) -> None:
    """Replace the states of these customers (a sorted array of ids)."""
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        fresh = compute_listed(cursor, basis, part)
        cursor.execute(_REMOVE, {"ids": part.tolist()})
        _write(cursor, fresh)


def replace_differing(cursor: Any, stored: dict[str, Any], fresh: dict[str, Any]) -> int:
    """Make the stored states equal to the fresh ones, writing only those that differ. Returns how many."""
    gone, changed = difference(stored, fresh)
    rewritten = fresh["customer_id"][changed]
    removed = np.union1d(gone, np.intersect1d(rewritten, stored["customer_id"], assume_unique=True))
    if len(removed):
        cursor.execute(_REMOVE, {"ids": removed.tolist()})
    _write(cursor, {name: values[changed] for name, values in fresh.items()})
    return len(gone) + int(changed.sum())


def difference(stored: dict[str, Any], fresh: dict[str, Any]) -> tuple[Any, Any]:
    """Ids that only `stored` has, and a mask over `fresh` of those that are missing there or differ."""
    ids, known = fresh["customer_id"], stored["customer_id"]
    gone = np.setdiff1d(known, ids, assume_unique=True)
    if len(known) == 0:
        return gone, np.ones(len(ids), dtype=bool)
    place = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    changed = known[place] != ids
    for name in TYPES:
        changed |= stored[name][place] != fresh[name]
    return gone, changed


def take_stale(cursor: Any, low: int, high: int) -> Any:
    """Remove the stale queue's rows with ids in [low, high) and return their customers, sorted and once each."""
    cursor.execute(
        "DELETE FROM customers_stalestate WHERE id >= %s AND id < %s RETURNING customer_id", [low, high]
    )
    return np.unique(np.array([row[0] for row in cursor.fetchall()], dtype=np.int64))


def stale_range() -> tuple[int, int, int]:
    """Lowest id, highest id + 1 and number of rows of the stale queue as of now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(min(id), 0), coalesce(max(id), -1) + 1, count(*) FROM customers_stalestate"
        )
        low, high, rows = cursor.fetchone()
        return low, high, rows


def drop_stale_of(cursor: Any, low: int, high: int) -> None:
    """Remove the queue's rows of the customers in a range, which the same transaction recomputes afterwards."""
    cursor.execute(
        "DELETE FROM customers_stalestate WHERE customer_id >= %s AND customer_id < %s", [low, high]
    )


def due(cursor: Any, basis: Basis) -> Any:
    """Customers whose states the new date changes by itself, sorted."""
    return np.sort(read_all(cursor, _DUE, {"customer_id": INT8}, basis.values)["customer_id"])


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
