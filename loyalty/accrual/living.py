"""Points that live as long as their member buys (Ending.ACTIVITY), for many members at once."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from crm.lib.arrays import array_text
from crm.lib.statements import Statement
from loyalty import endings
from loyalty.accrual.loading import EPOCH, Loaded
from loyalty.models import Ending, Programme, Unit

_NEVER = np.iinfo(np.int64).max
_1970 = datetime(1970, 1, 1, tzinfo=UTC)


def untils(programme: Programme, loaded: Loaded) -> Any:
    """By receipt, until when it lets the points of its member live; microseconds since 1970."""
    r, known = loaded.receipts, {}
    found = np.empty(len(loaded), dtype=np.int64)
    for place, key in enumerate(zip(r.day.tolist(), r.store.tolist(), strict=True)):
        if key not in known:
            on = date.fromordinal(EPOCH + key[0])
            until = endings.expires_at(Ending.ACTIVITY, programme.ending_count, on, loaded.zones[key[1]])
            known[key] = _NEVER if until is None else _micros(until)
        found[place] = known[key]
    return found


def lapsed(cur: Any, programme: Programme, loaded: Loaded) -> Any:
    """Customers whose points had ended when they bought again: these are worked out one purchase after the other."""
    if programme.ending != Ending.ACTIVITY or not len(loaded):
        return np.empty(0, np.int64)
    customer = loaded.receipts.customer
    order = np.lexsort((np.arange(len(loaded)), customer))
    mine, until = customer[order], untils(programme, loaded)[order]
    is_start = np.concatenate(([True], np.diff(mine) != 0))
    standing = _standing(cur, mine[is_start])[np.cumsum(is_start) - 1]
    place = np.arange(len(order))
    first = np.maximum.accumulate(np.where(is_start, place, 0))
    last = np.maximum.accumulate(np.where(loaded.is_back[order], -1, place))
    before = np.concatenate(
        ([-1], last[:-1])
    )  # the last one before that was kept, of the same customer or not
    ends = np.where(before >= first, until[before], standing)
    return np.unique(mine[loaded.occurred[order] >= ends])


def extend(cur: Any, programme: Programme, loaded: Loaded) -> None:
    if programme.ending != Ending.ACTIVITY:
        return
    loaded = loaded.part(np.flatnonzero(~loaded.is_back))
    if not len(loaded):
        return
    until = untils(programme, loaded)
    order = np.lexsort((until, loaded.receipts.customer))
    customer = loaded.receipts.customer[order]
    last = np.append(np.diff(customer) != 0, True)
    at = [datetime.fromtimestamp(us / 1e6, UTC) for us in until[order][last].tolist() if us != _NEVER]
    if len(at) == int(last.sum()):
        cur.execute(EXTEND.sql, {"customers": customer[last].tolist(), "until": at, "unit": int(Unit.POINTS)})


def _standing(cur: Any, customers: Any) -> Any:
    """Until when the points of these customers live so far."""
    cur.execute(STANDING.sql, {"customers": array_text(customers), "unit": int(Unit.POINTS)})
    known = {customer: _micros(until) for customer, until in cur.fetchall()}
    return np.array([known.get(one, _NEVER) for one in customers.tolist()], dtype=np.int64)


def _micros(at: datetime) -> int:
    return int((at - _1970).total_seconds()) * 1_000_000


_EXAMPLE = {"customers": "{1}", "unit": 1}
STANDING = Statement(
    "loyalty.living_until",
    """
SELECT customer_id, extended_to FROM loyalty_balance
WHERE customer_id = ANY(%(customers)s::bigint[]) AND unit = %(unit)s AND extended_to IS NOT NULL
""",
    _EXAMPLE,
)
EXTEND = Statement(
    "loyalty.extend_many",
    """
UPDATE loyalty_balance b SET extended_to = greatest(b.extended_to, g.until)
FROM unnest(%(customers)s::bigint[], %(until)s::timestamptz[]) AS g (customer_id, until)
WHERE b.customer_id = g.customer_id AND b.unit = %(unit)s
""",
    _EXAMPLE | {"until": ["2026-03-10T00:00Z"]},
)
STATEMENTS = [STANDING, EXTEND]
