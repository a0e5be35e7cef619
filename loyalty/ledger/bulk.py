"""Issuing points to many members at once, some thousands a statement.

It makes the entries that `moving.earn` makes one by one; accounts that owe something pay as they do there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from crm.audit.trail import actor_name
from crm.lib.arrays import array_text, moments, texts
from crm.lib.statements import Statement
from loyalty.ledger import accounts, upkeep
from loyalty.models import Unit

SLICE = 8000
_1970 = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Earning:
    """One lot to issue. `vests_at` empty: available at once. See `posting.NewLot` and `posting.Cause`."""

    customer_id: int
    points: int
    source: str
    at: datetime
    store_id: int | None = None
    purchase_id: int | None = None
    vests_at: datetime | None = None
    expires_at: datetime | None = None
    is_extended: bool = False


@dataclass(frozen=True)
class Earnings:
    """Many of them in numpy columns, some masked; moments are microseconds since 1970. `source`: a list of texts."""

    customer: Any
    unit: Any
    points: Any
    source: list[str]
    at: Any
    store: Any
    purchase: Any
    vests: Any
    ends: Any
    extended: Any

    def __len__(self) -> int:
        return len(self.source)

    def at_places(self, places: Any) -> "Earnings":
        source = [self.source[place] for place in places.tolist()]
        others = {name: column[places] for name, column in self.__dict__.items() if name != "source"}
        return Earnings(source=source, **others)

    @property
    def keys(self) -> list[tuple[int, int, str]]:
        return list(zip(self.customer.tolist(), self.unit.tolist(), self.source, strict=True))


def earn_many(
    cur: Any, earnings: Sequence[Earning], *, by: Any, unit: int = Unit.POINTS
) -> dict[tuple[int, str], int]:
    """Issue all of them in the caller's transaction, which has entered the gate before it read whose they are.

    Returns the movement of each by (customer, source), of sources that were booked before too. Points of customers
    who were erased are not issued. A cursor that binds on the server is asked for (`receiving.database.cursor`).
    """
    made = earn_columns(cur, _in_columns(earnings, unit), by=by)
    found = zip(earnings, made.tolist(), strict=True)
    return {(one.customer_id, one.source): movement_id for one, movement_id in found if movement_id}


def earn_columns(cur: Any, earnings: Earnings, *, by: Any) -> Any:
    """The same of columns; the movement of each, 0 where nothing was issued."""
    import numpy as np

    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("earn_many belongs into a transaction")
    made = np.zeros(len(earnings), dtype=np.int64)
    order = np.lexsort((np.array(earnings.source), earnings.at, earnings.unit, earnings.customer))
    for start in range(0, len(order), SLICE):
        places = order[start : start + SLICE]
        made[places] = _earn_slice(cur, earnings.at_places(places), actor_name(by))
    return made


def _in_columns(earnings: Sequence[Earning], unit: int) -> Earnings:
    import numpy as np

    def column(values: list[Any]) -> Any:
        mask = [value is None for value in values]
        return np.ma.array([value or 0 for value in values], mask=mask, dtype=np.int64)

    def micros(moment: datetime | None) -> int | None:
        return None if moment is None else (moment - _1970) // timedelta(microseconds=1)

    return Earnings(
        customer=np.array([one.customer_id for one in earnings], dtype=np.int64),
        unit=np.full(len(earnings), int(unit)),
        points=np.array([one.points for one in earnings], dtype=np.int64),
        source=[one.source for one in earnings],
        at=np.array([micros(one.at) for one in earnings], dtype=np.int64),
        store=column([one.store_id for one in earnings]),
        purchase=column([one.purchase_id for one in earnings]),
        vests=column([micros(one.vests_at) for one in earnings]),
        ends=column([micros(one.expires_at) for one in earnings]),
        extended=np.array([one.is_extended for one in earnings], dtype=bool),
    )


def _earn_slice(cur: Any, earnings: Earnings, actor: str) -> list[int]:
    import numpy as np

    keys = earnings.keys
    # Of several of one source the first: which of them a statement would take is not said.
    firsts = {key: place for place, key in reversed(list(enumerate(keys)))}
    earnings = earnings.at_places(np.array(sorted(firsts.values())))
    owing = _lock_all(cur, earnings)
    asked = {
        "customers": array_text(earnings.customer), "units": array_text(earnings.unit),
        "sources": texts(earnings.source),
    }  # fmt: skip
    made = _made(cur, MOVE, asked | _moves(earnings) | {"actor": actor})
    _issue(cur, earnings, made)
    if len(made) < len(firsts):  # booked before, or of somebody who is erased
        made |= _made(cur, BOOKED, asked)
    for customer_id, unit in sorted(owing):
        latest = int(earnings.at[(earnings.customer == customer_id) & (earnings.unit == unit)].max())
        upkeep.settle(accounts.locked(customer_id, unit), _1970 + timedelta(microseconds=latest), actor)
    return [made.get(key, 0) for key in keys]


def _made(cur: Any, statement: Statement, asked: dict[str, Any]) -> dict[tuple[int, int, str], int]:
    cur.execute(statement.sql, asked)
    return {(who, unit, source): movement_id for who, unit, source, movement_id in cur.fetchall()}


def _moves(earnings: Earnings) -> dict[str, str]:
    import numpy as np

    is_pending = ~np.ma.getmaskarray(earnings.vests)
    return {
        "at": moments(earnings.at), "stores": array_text(earnings.store),
        "purchases": array_text(earnings.purchase),
        "available": array_text(np.where(is_pending, 0, earnings.points)),
        "pending": array_text(np.where(is_pending, earnings.points, 0)),
    }  # fmt: skip


def _issue(cur: Any, earnings: Earnings, made: dict[Any, int]) -> None:
    """Lots and traces of movements that were written just now."""
    import numpy as np

    places = [place for place, key in enumerate(earnings.keys) if key in made]
    if not places:
        return
    new = earnings.at_places(np.array(places))
    cur.execute(
        LOTS.sql,
        {
            "customers": array_text(new.customer), "units": array_text(new.unit),
            "movements": array_text(np.array([made[key] for key in new.keys])),
            "points": array_text(new.points), "earned": moments(new.at), "vests": moments(new.vests),
            "ends": moments(new.ends), "extended": array_text(new.extended),
        },
    )  # fmt: skip
    who, movement, lot, pending, available = map(array_text, np.array(cur.fetchall(), dtype=np.int64).T)
    cur.execute(
        TRACES.sql,
        {"customers": who, "movements": movement, "lots": lot, "pending": pending, "available": available},
    )


def _lock_all(cur: Any, earnings: Earnings) -> set[tuple[int, int]]:
    """Lock the accounts that these go to, opening those that are not there; which of them owe something."""
    pairs = sorted({(who, unit) for who, unit, _source in earnings.keys})
    given = {"customers": [who for who, _unit in pairs], "units": [unit for _who, unit in pairs]}
    cur.execute(OPEN.sql, given)
    cur.execute(LOCK.sql, given)
    return {(who, unit) for who, unit, debt in cur.fetchall() if debt}


def lock(cur: Any, customer_ids: Sequence[int], unit: int) -> set[int]:
    """Lock the accounts of these customers (sorted), who have points; who of them owes something."""
    given = {"customers": list(customer_ids), "units": [int(unit)] * len(customer_ids)}
    cur.execute(LOCK.sql, given)
    return {customer_id for customer_id, _unit, debt in cur.fetchall() if debt}


_EXAMPLE = {"customers": "{1}", "units": "{1}"}
OPEN = Statement(
    "loyalty.open_accounts",
    """
INSERT INTO loyalty_balance (customer_id, unit)
SELECT g.customer_id, g.unit
FROM unnest(%(customers)s::bigint[], %(units)s::smallint[]) AS g (customer_id, unit)
JOIN customers_customer c ON c.id = g.customer_id AND c.erased_at IS NULL
ON CONFLICT (customer_id, unit) DO NOTHING
""",
    _EXAMPLE,
)
LOCK = Statement(
    "loyalty.lock_accounts",
    """
SELECT b.customer_id, b.unit, b.debt
FROM unnest(%(customers)s::bigint[], %(units)s::smallint[]) AS g (customer_id, unit)
JOIN loyalty_balance b ON b.customer_id = g.customer_id AND b.unit = g.unit
ORDER BY b.customer_id, b.unit FOR UPDATE OF b
""",
    _EXAMPLE,
)
_MADE = {"customers": "{1}", "movements": "{1}"}
MOVE = Statement(
    "loyalty.earn_many",
    """
INSERT INTO loyalty_movement (
    customer_id, unit, kind, source, purchase_id, store_id, occurred_at, actor, available, pending, contra
)
SELECT g.customer_id, g.unit, 1, g.source, g.purchase_id, g.store_id, g.at, %(actor)s, g.available, g.pending,
    -g.available - g.pending
FROM unnest(
    %(customers)s::bigint[], %(units)s::smallint[], %(sources)s::text[], %(at)s::timestamptz[], %(stores)s::bigint[],
    %(purchases)s::bigint[], %(available)s::bigint[], %(pending)s::bigint[]
) AS g (customer_id, unit, source, at, store_id, purchase_id, available, pending)
JOIN customers_customer c ON c.id = g.customer_id AND c.erased_at IS NULL
ON CONFLICT (customer_id, unit, kind, source) DO NOTHING
RETURNING customer_id, unit, source, id
""",
    _EXAMPLE
    | {
        "sources": "{receipt:1}", "at": "{2026-03-10T04:00Z}", "stores": "{1}", "purchases": "{1}",
        "available": "{5}", "pending": "{0}", "actor": "system:night",
    },
)  # fmt: skip
LOTS = Statement(
    "loyalty.lots_of_many",
    """
INSERT INTO loyalty_lot (customer_id, unit, movement_id, points, earned_at, vests_at, expires_at, is_extended)
SELECT * FROM unnest(
    %(customers)s::bigint[], %(units)s::smallint[], %(movements)s::bigint[], %(points)s::bigint[],
    %(earned)s::timestamptz[], %(vests)s::timestamptz[], %(ends)s::timestamptz[], %(extended)s::boolean[]
)
RETURNING customer_id, movement_id, id, CASE WHEN vests_at IS NULL THEN 0 ELSE points END,
    CASE WHEN vests_at IS NULL THEN points ELSE 0 END
""",
    _MADE
    | {
        "points": "{5}", "earned": "{2026-03-10T04:00Z}", "vests": "{NULL}", "ends": "{NULL}",
        "extended": "{False}", "units": "{1}",
    },
)  # fmt: skip
TRACES = Statement(
    "loyalty.traces_of_many",
    """
INSERT INTO loyalty_trace (customer_id, movement_id, lot_id, pending, available)
SELECT * FROM unnest(
    %(customers)s::bigint[], %(movements)s::bigint[], %(lots)s::bigint[], %(pending)s::bigint[],
    %(available)s::bigint[]
)
""",
    _MADE | {"lots": "{1}", "pending": "{0}", "available": "{5}"},
)
BOOKED = Statement(
    "loyalty.booked",
    """
SELECT m.customer_id, m.unit, m.source, m.id
FROM unnest(%(customers)s::bigint[], %(units)s::smallint[], %(sources)s::text[]) AS wanted (customer_id, unit, source)
JOIN loyalty_movement m ON m.customer_id = wanted.customer_id AND m.unit = wanted.unit AND m.kind = 1
    AND m.source = wanted.source
""",
    _EXAMPLE | {"sources": "{receipt:1}"},
)

STATEMENTS = [OPEN, LOCK, MOVE, LOTS, TRACES, BOOKED]
