"""What came with many others, worked off soon after: rung for as it comes, and every minute while something waits.

A row of the queue goes in the transaction of its effect, so nothing is lost and nothing is done twice.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from crm.jobs import queue
from crm.jobs.claim import Claim
from crm.jobs.registry import job
from customers.receiving import database
from loyalty.models import AccrualDue

KIND = "accrual"
SLICE = 5_000  # purchases a transaction


@job(KIND)
def accrue(claim: Claim) -> None:
    done = 0
    while claim_slice(claim, done):
        done += SLICE


def claim_slice(claim: Claim, done: int) -> bool:
    """Earn the purchases that have waited longest; whether there were any."""
    from loyalty.accrual import batch  # numpy

    with claim.slice(done=done):
        cur = database.cursor()
        database.enter(cur)
        cur.execute(_TAKE, [SLICE])
        rows = cur.fetchall()
        if not rows:
            return False
        pairs = batch.columns_of({(customer_id, purchase_id) for _id, customer_id, purchase_id in rows})
        earned = batch.earn_many(cur, *pairs, at=timezone.now())
        claim.counts["purchases"] = claim.counts.get("purchases", 0) + earned.purchases
        cur.execute("DELETE FROM loyalty_accrualdue WHERE id = ANY(%s)", [[row[0] for row in rows]])
    return True


def ask(at: datetime, *, by: Any = "system:accrual") -> None:
    """Have it done, once a minute at most."""
    queue.enqueue(KIND, key=f"{at:%Y-%m-%dT%H:%M}", by=by)


def ask_if_due(at: datetime) -> None:
    if AccrualDue.objects.exists():
        ask(at)


def ask_on_commit() -> None:
    transaction.on_commit(lambda: ask(timezone.now()), robust=True)


_TAKE = """
SELECT id, customer_id, purchase_id FROM loyalty_accrualdue ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
