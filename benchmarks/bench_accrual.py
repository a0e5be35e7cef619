"""Earning a year of receipts set-based, beside a bare insert of the same ledger rows in the same database."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import numpy as np
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from benchmarks.figure import Figure, at_most
from benchmarks.lab import Lab, timed
from crm.demo import earning
from crm.lib.sidebyside import side_by_side
from customers.receiving import database
from loyalty import accrual
from loyalty.accrual import batch
from loyalty.accrual.step import SLICE, look_again
from loyalty.models import Accrual, Movement, Programme

TITLE = "earning 155,848 receipts of 2,469 members, 1.47 M lines"
RECEIPTS, MEMBERS, LINES = 155_848, 2_469, 9
ONE_BY_ONE = 300
SAME = """
CREATE TEMPORARY TABLE bare_{0} (LIKE loyalty_{0} INCLUDING DEFAULTS INCLUDING INDEXES) ON COMMIT DROP;
INSERT INTO bare_{0} SELECT * FROM loyalty_{0}
"""


def run(lab: Lab) -> Iterable[Figure]:
    lab.filled("accrual", lambda: fill(lab))
    empty()
    with timed() as many:
        earned = earn_all()
    kept = entries()
    with timed() as bare, transaction.atomic(), connection.cursor() as cursor:
        for table in ("movement", "lot", "trace", "accrual"):
            cursor.execute(SAME.format(table))
    yield Figure(
        "set-based", many.seconds, "s", "bare INSERT … SELECT of the same rows", bare.seconds,
        note=f"{earned:,} receipts, {earned / max(many.seconds, 0.001):,.0f} a second, two slices at once",
    )  # fmt: skip
    if lab.scaled(100) == 100:
        yield Figure("  the bar of a year", many.seconds, "s", bar=at_most(30))
    with timed() as singly:
        differing = one_by_one(kept)
    yield Figure("one by one", 1000 * singly.seconds / ONE_BY_ONE, "ms a receipt")
    yield Figure("entries that differ", differing, "of both ways", bar=at_most(0))


def fill(lab: Lab) -> None:
    until = timezone.now().date() - timedelta(days=1)
    call_command(
        "create_synthetic", customers=lab.scaled(MEMBERS), receipts=lab.scaled(RECEIPTS), lines=LINES, days=365,
        until=until, no_arrivals=True,
    )  # fmt: skip
    if not Programme.objects.exists():
        earning.make()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def empty() -> None:
    """As if nothing had been earned."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('regulars.may_empty', 'on', true)")
        cursor.execute(
            "TRUNCATE loyalty_accrual, loyalty_trace, loyalty_lot, loyalty_movement, loyalty_balance CASCADE"
        )


def earn_all() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT customer_id, id FROM customers_purchase ORDER BY customer_id, id")
        rows = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 2)

    def earn(part: Any) -> int:
        with transaction.atomic():
            cur = database.cursor()
            database.enter(cur)
            batch.earn_many(cur, part[:, 0], part[:, 1], at=timezone.now())
        return len(part)

    earned = 0
    for done in side_by_side(earn, parts(rows)):
        if earned == 0:
            look_again()
        earned += done
    return earned


def parts(rows: Any) -> Iterator[Any]:
    """As the night's step: those of one customer are never parted."""
    start = 0
    while start < len(rows):
        last = min(start + SLICE, len(rows)) - 1
        end = int(np.searchsorted(rows[:, 0], rows[last, 0], side="right"))
        yield rows[start:end]
        start = end


def entries() -> dict[tuple[int, int], Any]:
    """What was written of each purchase: its accrual and its movements."""
    kept: dict[tuple[int, int], Any] = {}
    for row in Accrual.objects.values_list(
        "customer", "purchase", "points", "kept", "growth", "growth_kept", "is_first", "reasons", "lines"
    ):
        kept[row[0], row[1]] = [row[2:]]
    moved = Movement.objects.order_by("customer", "source", "unit").values_list(
        "customer",
        "purchase",
        "unit",
        "kind",
        "source",
        "occurred_at",
        "available",
        "pending",
        "lots__expires_at",
    )
    for row in moved:
        kept[row[0], row[1]].append(row[2:])
    return kept


def one_by_one(many: dict[tuple[int, int], Any]) -> int:
    """Earn the receipts of some members again, singly and in their order; how many entries are not the same."""
    empty()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id, id FROM customers_purchase ORDER BY customer_id, business_date, occurred_at, id"
            " LIMIT %s",
            [ONE_BY_ONE],
        )
        rows = cursor.fetchall()
    for pair in rows:
        with transaction.atomic():
            accrual.earn_for([pair], at=timezone.now())
    singly = entries()
    return sum(singly[pair] != many[pair] for pair in rows)
