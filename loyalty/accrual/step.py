"""The step of the night that finds what no receipt and no job has earned: before the programme began, or lost."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from django.db import connection
from django.utils import timezone

from crm.jobs.claim import StepProgress
from crm.lib.copy import INT8, read_packed
from crm.lib.statements import Statement
from customers.nightrun import NightRun
from customers.receiving import database
from loyalty.accrual import batch, rulesets

SLICE = 10_000  # purchases a transaction; those of one customer are never parted


def step(night_run: NightRun, progress: StepProgress) -> None:
    """Earn all purchases up to the night's date that have not been earned, and correct what returns have changed."""
    begins = rulesets.book().begins_on
    if begins is None:
        return
    for low, high in night_run.ranges:
        with connection.cursor() as cursor:
            given = {"low": low, "high": high, "begins": begins, "on": night_run.on}
            found = read_packed(cursor, MISSING.sql, {"customer": INT8, "purchase": INT8}, given)
        order = np.lexsort((found["purchase"], found["customer"]))
        customers, purchases = found["customer"][order], found["purchase"][order]
        for part in _parts(customers):
            with night_run.claim.slice():
                cur = database.cursor()
                database.enter(cur)
                done = batch.earn_many(cur, customers[part], purchases[part], at=timezone.now())
            for name in ("purchases", "corrected", "points"):
                progress.counts[name] = progress.counts.get(name, 0) + getattr(done, name)
            progress.advance(done.purchases)


def _parts(customers: Any) -> Iterator[slice]:
    """Stretches of about SLICE rows that end with a customer."""
    start = 0
    while start < len(customers):
        last = min(start + SLICE, len(customers)) - 1
        end = int(np.searchsorted(customers, customers[last], side="right"))
        yield slice(start, end)
        start = end


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
