"""Purchases of a period through the rules of a draft, and beside it what the ledger holds of them. Writes nothing.

Limits of a day and a month look back, so whole months are replayed, in the order in which their receipts were earned:
the number of a movement tells it. Receipts without a movement earned nothing, so they come last and change nothing.
What came late goes into a later *pass*, so that each pass is in the order of `loading` (business date, time, number).
What a merge carried over is replayed as whose it was, and counts for the survivor from then on (`joined`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from django.db import connection

from crm.lib.arrays import array_text
from crm.lib.copy import INT8, read_packed
from crm.lib.statements import Statement
from customers import states
from customers.receiving import database
from loyalty.accrual import loading, returning
from loyalty.accrual.columns import earn, fits_columns
from loyalty.accrual.limits import Used
from loyalty.accrual.loading import EPOCH, Loaded
from loyalty.accrual.rulesets import RuleSet
from loyalty.simulation.drafts import DraftBook
from loyalty.simulation.joined import Joined

SLICE = 10_000  # purchases
NONE = np.iinfo(np.int64).max


@dataclass
class Replayed:
    """Equally long columns, a purchase each. `live`: what the ledger holds of it. `left`, `expired`: of its lots now.

    `points` and `growth` as earned, `kept` and `growth_kept` after what came back. `is_counted`: within the period.
    """

    customer: Any
    purchase: Any
    day: Any
    store: Any
    points: Any
    growth: Any
    kept: Any
    growth_kept: Any
    live: dict[str, Any]
    is_counted: Any

    def __len__(self) -> int:
        return len(self.purchase)


def purchases(from_on: date, to_on: date, after: int = 0) -> Iterator[tuple[Any, Any]]:
    """(customers, purchases) of whole months up to a day, some thousands at a time; a customer is never parted."""
    for low, high in states.slices():
        if high <= after:
            continue
        given = {"low": max(low, after + 1), "high": high, "from": from_on.replace(day=1), "to": to_on}
        with connection.cursor() as cursor:
            found = read_packed(cursor, BOUGHT.sql, {"customer": INT8, "purchase": INT8}, given)
        order = np.lexsort((found["purchase"], found["customer"]))
        customers, ids, start = found["customer"][order], found["purchase"][order], 0
        while start < len(customers):
            last = min(start + SLICE, len(customers)) - 1
            end = int(np.searchsorted(customers, customers[last], side="right"))
            yield customers[start:end], ids[start:end]
            start = end


def count(from_on: date, to_on: date) -> int:
    """How many purchases `purchases` gives."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"from": from_on.replace(day=1), "to": to_on})
        return int(cursor.fetchone()[0])


def replay(customers: Any, ids: Any, book: DraftBook, from_on: date) -> Replayed:
    """What these purchases, whole months of some customers, earn by the rules of a book."""
    cur = database.cursor()
    joined = Joined.of(customers)
    loaded = loading.load(cur, customers, ids, book, again=True, owners=joined.owners)
    pairs = {"customers": array_text(customers), "purchases": array_text(ids)}
    live = _live(cur, pairs, loaded.purchase)
    owner = dict(zip(ids.tolist(), customers.tolist(), strict=True))
    earned = _earned(loaded, book, joined, live)
    kept, growth_kept = _kept(cur, pairs, loaded, book, earned)
    return Replayed(
        np.array([owner[pk] for pk in loaded.purchase.tolist()], dtype=np.int64), loaded.purchase, loaded.receipts.day,
        loaded.receipts.store, *earned[:2], kept, growth_kept, live,
        loaded.receipts.day >= from_on.toordinal() - EPOCH,
    )  # fmt: skip


def _earned(
    loaded: Loaded, book: DraftBook, joined: Joined, live: dict[str, Any]
) -> tuple[Any, Any, tuple[Any, Any]]:
    used = Used(book.watched)
    points, growth = np.zeros((2, len(loaded)), dtype=np.int64)
    line_points, line_growth = np.zeros((2, len(loaded.number)), dtype=np.int64)
    line_of = np.repeat(np.arange(len(loaded)), np.diff(loaded.receipts.starts))
    epochs = joined.epochs(loaded, live["at"])
    passes = _passes(loaded, live["movement"], epochs)
    for epoch in range(int(epochs.max(initial=0)) + 1):
        joined.carry(used, epoch)
        for number in np.unique(passes[epochs == epoch]):
            for rules, at in _by_rules(loaded, book, (epochs == epoch) & (passes == number)):
                part = loaded.part(at)
                if not fits_columns(rules, part.receipts).all():
                    raise OverflowError("amounts that do not fit into columns")
                found = earn(rules, part.receipts, used)
                points[at], growth[at] = found.points, found.growth
                lines = np.isin(line_of, at)
                line_points[lines], line_growth[lines] = found.line_points, found.line_growth
    return points, growth, (line_points, line_growth)


def _passes(loaded: Loaded, movement: Any, epochs: Any) -> Any:
    """By receipt its pass: in the order of earning, one more each time it goes back in the order of `loaded`."""
    r, place = loaded.receipts, np.arange(len(loaded))
    order = np.lexsort((place, movement, epochs, r.month, r.customer))
    found = np.zeros(len(order), dtype=np.int64)
    if len(order):
        keys = np.stack((r.customer, r.month, epochs))[:, order]
        same = np.all(np.diff(keys) == 0, axis=0)
        running = np.concatenate(([0], np.cumsum(same & (np.diff(place[order]) < 0))))
        begins = np.concatenate(([0], np.flatnonzero(~same) + 1))
        found[order] = running - np.repeat(running[begins], np.diff(np.append(begins, len(order))))
    return found


def _by_rules(loaded: Loaded, book: DraftBook, there: Any) -> Iterator[tuple[RuleSet, Any]]:
    """Places in stretches of days on which the same rules hold."""
    at = np.flatnonzero(there)
    days, begins = np.unique(loaded.receipts.day[at], return_index=True)
    stretches: list[tuple[RuleSet, list[Any]]] = []
    for part, day in zip(np.split(at, begins[1:]), days.tolist(), strict=True):
        rules = book.on(date.fromordinal(EPOCH + day))
        if rules is not None and stretches and stretches[-1][0] is rules:
            stretches[-1][1].append(part)
        elif rules is not None:
            stretches.append((rules, [part]))
    for rules, parts in stretches:
        yield rules, np.concatenate(parts)


def _kept(cur: Any, pairs: dict[str, str], loaded: Loaded, book: DraftBook, earned: Any) -> tuple[Any, Any]:
    """What goods that came back leave of it: few receipts, one by one, as `returning` does it."""
    points, growth, lines = earned
    kept, growth_kept = points.copy(), growth.copy()
    r = loaded.receipts
    cur.execute(BACK.sql, pairs)
    back: dict[int, dict[int, int]] = {}
    for purchase, number, cents in cur.fetchall():
        back.setdefault(purchase, {})[number] = cents
    places = {pk: place for place, pk in enumerate(loaded.purchase.tolist())}
    for purchase, returned in back.items():
        place = places[purchase]
        rules = book.on(date.fromordinal(EPOCH + int(r.day[place])))
        span = slice(int(r.starts[place]), int(r.starts[place + 1]))
        columns = (loaded.number[span], lines[0][span], lines[1][span], r.cents[span])
        sold = list(zip(*(column.tolist() for column in columns), strict=True))
        amounts = {number: (cents, returned.get(number, 0)) for number, _p, _g, cents in sold}
        if rules is not None:
            earned = [(number, p, g) for number, p, g, _cents in sold if p]
            kept[place], growth_kept[place] = returning.left(earned, amounts, rules.programme.rounding)
    return kept, growth_kept


def _live(cur: Any, pairs: dict[str, str], wanted: Any) -> dict[str, Any]:
    """What the ledger holds of these purchases, in the order of `wanted`; zeros where nothing was earned."""
    cur.execute(HELD.sql, pairs)
    known = {row[0]: row[1:] for row in cur.fetchall()}
    rows = np.array([known.get(pk, _NOTHING) for pk in wanted.tolist()], dtype=np.int64).reshape(
        -1, len(_HELD)
    )
    return dict(zip(_HELD, rows.T, strict=True))


_HELD = (
    "movement",
    "points",
    "growth",
    "issued",
    "grown",
    "kept",
    "growth_kept",
    "left",
    "expired",
    "is_earned",
    "at",
)
_NOTHING = (NONE, 0, 0, 0, 0, 0, 0, 0, 0, 0, NONE)
_PAIRS = "unnest(%(customers)s::bigint[], %(purchases)s::bigint[]) AS wanted (customer_id, purchase_id)"
_EXAMPLE = {"customers": "{1}", "purchases": "{1}"}
BOUGHT = Statement(
    "simulation.bought",
    """
SELECT p.customer_id, p.id FROM customers_purchase p
JOIN customers_customer c ON c.id = p.customer_id AND c.erased_at IS NULL
WHERE p.customer_id >= %(low)s AND p.customer_id < %(high)s AND c.id >= %(low)s AND c.id < %(high)s
    AND p.business_date >= %(from)s AND p.business_date <= %(to)s
""",
    {"low": 1, "high": 250_001, "from": "2026-01-01", "to": "2026-03-31"},
)
_COUNT = """
SELECT count(*) FROM customers_purchase p JOIN customers_customer c ON c.id = p.customer_id AND c.erased_at IS NULL
WHERE p.business_date >= %(from)s AND p.business_date <= %(to)s
"""
BACK = Statement(
    "simulation.came_back",
    f"""
SELECT l.purchase_id, l.number, (l.returned_amount * 100)::bigint
FROM {_PAIRS}
JOIN customers_line l ON l.customer_id = wanted.customer_id AND l.purchase_id = wanted.purchase_id
WHERE l.returned_amount > 0
""",  # noqa: S608
    _EXAMPLE,
)
# Of the purchase's earnings: a return that was withdrawn gave a lot of its own.
HELD = Statement(
    "simulation.held",
    f"""
SELECT a.purchase_id, coalesce(a.movement_id, {NONE}), a.points, a.growth, coalesce(-m.contra, 0)::bigint,
    coalesce(-g.contra, 0)::bigint, a.kept, a.growth_kept, coalesce(l.there, 0)::bigint,
    coalesce(x.ended, 0)::bigint, 1,
    (extract(epoch FROM coalesce(m.recorded_at, p.recorded_at)) * 1000000)::bigint
FROM {_PAIRS}
JOIN customers_purchase p ON p.customer_id = wanted.customer_id AND p.id = wanted.purchase_id
JOIN loyalty_accrual a ON a.customer_id = wanted.customer_id AND a.purchase_id = wanted.purchase_id
LEFT JOIN loyalty_movement m ON m.customer_id = a.customer_id AND m.id = a.movement_id
LEFT JOIN loyalty_movement g ON g.customer_id = a.customer_id AND g.id = a.growth_movement_id
LEFT JOIN LATERAL (
    SELECT sum(o.pending + o.available + o.held) AS there FROM loyalty_movement e
    JOIN loyalty_lot o ON o.customer_id = e.customer_id AND o.movement_id = e.id
    WHERE e.customer_id = a.customer_id AND e.purchase_id = a.purchase_id AND e.unit = 1 AND e.kind = 1
) l ON true
LEFT JOIN LATERAL (
    SELECT -sum(t.available) AS ended FROM loyalty_movement e
    JOIN loyalty_lot o ON o.customer_id = e.customer_id AND o.movement_id = e.id
    JOIN loyalty_trace t ON t.customer_id = o.customer_id AND t.lot_id = o.id
    JOIN loyalty_movement q ON q.customer_id = t.customer_id AND q.id = t.movement_id AND q.kind = 7
    WHERE e.customer_id = a.customer_id AND e.purchase_id = a.purchase_id AND e.unit = 1 AND e.kind = 1
) x ON true
""",  # noqa: S608  our own words
    _EXAMPLE,
)
STATEMENTS = [BOUGHT, BACK]
