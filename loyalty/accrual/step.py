"""The step of the night that finds what no receipt and no job has earned: before the programme began, or lost."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from django.utils import timezone

from crm.jobs.claim import StepProgress
from crm.lib.copy import INT8, read_packed
from crm.lib.sidebyside import side_by_side
from crm.lib.statements import Statement
from customers.nightrun import NightRun
from customers.receiving import database
from loyalty.accrual import batch, rulesets
from loyalty.accrual.batch import Done

SLICE = 10_000  # purchases a transaction
MANY = 1_000  # more than a day of a small chain


def step(night_run: NightRun, progress: StepProgress) -> None:
    """Earn all purchases up to the night's date that have not been earned, and correct what returns have changed."""
    if rulesets.book().begins_on is None:
        return

    def earn(part: _Part) -> Done:
        with night_run.claim.part("accrual", part.number):
            cur = database.cursor()
            database.enter(cur)
            return batch.earn_many(cur, part.customers, part.purchases, at=timezone.now())

    for done in side_by_side(earn, _parts(night_run)):
        for name in ("purchases", "corrected", "points"):
            progress.counts[name] = progress.counts.get(name, 0) + getattr(done, name)
        progress.advance(done.purchases)
        if done.purchases > MANY and progress.done == done.purchases:
            look_again()


def look_again() -> None:
    """The first large part has filled tables that may have been empty: plans for empty tables would read them whole."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE loyalty_movement, loyalty_lot, loyalty_trace, loyalty_balance, loyalty_accrual"
        )


class _Part(NamedTuple):
    """Purchases of some customers; those of one customer are never parted."""

    number: int
    customers: Any
    purchases: Any


def _parts(night_run: NightRun) -> Iterator[_Part]:
    """What is to be done, in stretches of about SLICE purchases."""
    number, begins = 0, rulesets.book().begins_on
    for low, high in night_run.ranges:
        with connection.cursor() as cursor:
            given = {"low": low, "high": high, "begins": begins, "on": night_run.on}
            found = read_packed(cursor, MISSING.sql, {"customer": INT8, "purchase": INT8}, given)
        order = np.lexsort((found["purchase"], found["customer"]))
        customers, purchases, start = found["customer"][order], found["purchase"][order], 0
        while start < len(customers):
            last = min(start + SLICE, len(customers)) - 1
            end = int(np.searchsorted(customers, customers[last], side="right"))
            yield _Part(number, customers[start:end], purchases[start:end])
            start, number = end, number + 1


MISSING = Statement(
    "loyalty.not_earned",
    """
SELECT p.customer_id, p.id
FROM customers_purchase p
LEFT JOIN loyalty_accrual a ON a.customer_id = p.customer_id AND a.purchase_id = p.id
JOIN customers_customer c ON c.id = p.customer_id AND c.erased_at IS NULL
WHERE p.customer_id >= %(low)s AND p.customer_id < %(high)s AND c.id >= %(low)s AND c.id < %(high)s
    AND p.business_date >= %(begins)s AND p.business_date <= %(on)s
    AND (a.purchase_id IS NULL OR a.returned <> p.returned)
""",
    {"low": 1, "high": 250_001, "begins": "2026-01-01", "on": "2026-03-10"},
)
STATEMENTS = [MISSING]
