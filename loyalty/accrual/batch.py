"""What many purchases earn, set-based: read in columns, worked out by `columns.earn`, written through the bulk ledger.

It makes the entries that `single.earn_for` makes of the same purchases in the order of business date, time and number.
Three kinds are left to that one: amounts that do not fit into columns, members whose points ended between two of these
purchases (what lives by activity), and what was brought back.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np

from crm.lib.arrays import array_text
from crm.lib.statements import Statement
from loyalty.accrual import living, loading, rulesets, single, writing
from loyalty.accrual.columns import earn, fits_columns
from loyalty.accrual.loading import EPOCH, Loaded
from loyalty.accrual.rulesets import Book, RuleSet


class Done(NamedTuple):
    """Purchases that were earned, those corrected for what came back, and points that were issued."""

    purchases: int
    corrected: int
    points: int


def earn_many(cur: Any, customers: Any, purchases: Any, *, at: datetime) -> Done:
    """Earn these purchases, or correct what returns have left of them. Columns of numbers, some thousands at a time.

    The caller's transaction has entered the gate. The customers are locked here, in their order.
    """
    book = rulesets.book()
    if book.begins_on is None or not len(customers):
        return Done(0, 0, 0)
    cur.execute(LOCK.sql, {"customers": array_text(np.unique(customers))})
    loaded = loading.load(cur, customers, purchases, book)
    ours, theirs = _parted(cur, loaded, book)
    points = _earn(cur, ours, book, at) if len(ours) else 0
    pairs = [*zip(theirs.receipts.customer.tolist(), theirs.purchase.tolist(), strict=True)]
    points += sum(single.earn_for(pairs, at=at).values())
    corrected = _correct(cur, customers, purchases, at)
    return Done(len(loaded), corrected, points)


def columns_of(pairs: Iterable[tuple[int, int]]) -> tuple[Any, Any]:
    """(customer, purchase) as two columns."""
    found = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _parted(cur: Any, loaded: Loaded, book: Book) -> tuple[Loaded, Loaded]:
    """Those of customers whom columns can do, and the others."""
    odd = [np.empty(0, np.int64)]
    for rules, part in _by_rules(loaded, book):
        odd.append(part.receipts.customer[~fits_columns(rules, part.receipts)])
        odd.append(living.lapsed(cur, rules.programme, part))
    others = np.isin(loaded.receipts.customer, np.concatenate(odd))
    return loaded.part(np.flatnonzero(~others)), loaded.part(np.flatnonzero(others))


def _earn(cur: Any, loaded: Loaded, book: Book, at: datetime) -> int:
    used, points = loading.used(cur, loaded, book), 0
    for rules, part in _by_rules(loaded, book):
        earned = earn(rules, part.receipts, used)
        writing.write(cur, part, rules.programme, earned, at)
        points += int(earned.points.sum())
    return points


def _by_rules(loaded: Loaded, book: Book) -> Iterator[tuple[RuleSet, Loaded]]:
    """Stretches of days on which the same rules hold."""
    days, begins = np.unique(loaded.receipts.day, return_index=True)
    ends = np.append(begins[1:], len(loaded))
    start = 0
    for place, day in enumerate(days.tolist()):
        rules = book.on(date.fromordinal(EPOCH + day))
        later = place + 1 < len(days)
        following = book.on(date.fromordinal(EPOCH + int(days[place + 1]))) if later else None
        if rules is not None and rules is not following:
            yield rules, loaded.part(np.arange(start, ends[place]))
            start = ends[place]


def _correct(cur: Any, customers: Any, purchases: Any, at: datetime) -> int:
    """Those of which something was brought back, one by one: few, and each a story of its own."""
    given = {"customers": array_text(customers), "purchases": array_text(purchases)}
    cur.execute(CAME_BACK.sql, given)
    pairs = cur.fetchall()
    single.earn_for(pairs, at=at)
    return len(pairs)


LOCK = Statement(
    "loyalty.accrual_lock",
    """
SELECT id FROM customers_customer WHERE id = ANY(%(customers)s::bigint[]) AND erased_at IS NULL
ORDER BY id FOR NO KEY UPDATE
""",
    {"customers": "{1}"},
)
CAME_BACK = Statement(
    "loyalty.came_back",
    """
SELECT p.customer_id, p.id
FROM unnest(%(customers)s::bigint[], %(purchases)s::bigint[]) AS wanted (customer_id, purchase_id)
JOIN customers_purchase p ON p.customer_id = wanted.customer_id AND p.id = wanted.purchase_id
JOIN loyalty_accrual a ON a.customer_id = p.customer_id AND a.purchase_id = p.id
WHERE p.returned <> a.returned
ORDER BY p.customer_id, p.id
""",
    {"customers": "{1}", "purchases": "{1}"},
)
STATEMENTS = [CAME_BACK]
