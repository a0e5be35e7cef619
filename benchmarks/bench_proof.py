"""The proof of the ledger (`verify_ledger`) over ten million movements: every promise, with the memory it takes.

The database is filled once and kept, like that of a chain that has had its programme for years.
"""

import resource
from collections.abc import Iterable
from typing import Any

from django.db import connection

from benchmarks.bench_ledger import people
from benchmarks.figure import Figure, at_most
from benchmarks.lab import Lab, timed
from loyalty.ledger import proof

TITLE = "the proof of the ledger"
BOOKED, LOTS_EACH = 10_000_000, 50


def run(lab: Lab) -> Iterable[Figure]:
    lab.filled("proof", lambda: _grow(lab.scaled(BOOKED // 2 // LOTS_EACH)))
    yield from _proved()


def _grow(members: int) -> None:
    """Members of whom each earned and spent fifty lots, written past the triggers: ten million movements."""
    first = max(people(members)) - members
    with connection.cursor() as cursor:
        for statement in GROW.split(";"):
            cursor.execute(statement, {"first": first, "members": members, "lots": LOTS_EACH})


# Of member m, lot n: the movement that issued it and the one that spent it have numbers of one row, and the next.
GROW = """
ALTER TABLE loyalty_movement DISABLE TRIGGER USER;
ALTER TABLE loyalty_lot DISABLE TRIGGER USER;
ALTER TABLE loyalty_trace DISABLE TRIGGER USER;
ALTER TABLE loyalty_balance DISABLE TRIGGER USER;
CREATE TEMPORARY TABLE grown AS
SELECT %(first)s + m AS customer, 100000000 + 2 * (m * %(lots)s + n) AS number,
    TIMESTAMPTZ '2025-01-01' + n * interval '1 day' AS at
FROM generate_series(1, %(members)s) m, generate_series(1, %(lots)s) n;
INSERT INTO loyalty_movement (
    id, customer_id, unit, kind, source, occurred_at, actor, available, pending, held, debt, contra
)
SELECT number + is_spent, customer, 1, CASE is_spent WHEN 0 THEN 1 ELSE 3 END, 'grown:' || number + is_spent,
    at + is_spent * interval '1 hour', 'system:bench', 100 - 200 * is_spent, 0, 0, 0, 200 * is_spent - 100
FROM grown, generate_series(0, 1) is_spent;
INSERT INTO loyalty_lot (
    id, customer_id, unit, movement_id, points, earned_at, is_extended, pending, available, held
)
SELECT number, customer, 1, number, 100, at, false, 0, 0, 0 FROM grown;
INSERT INTO loyalty_trace (customer_id, movement_id, lot_id, pending, available, held)
SELECT customer, number + is_spent, number, 0, 100 - 200 * is_spent, 0 FROM grown, generate_series(0, 1) is_spent;
INSERT INTO loyalty_balance (customer_id, unit, available, pending, held, debt, version)
SELECT customer, 1, 0, 0, 0, 0, 2 * count(*) FROM grown GROUP BY customer;
ALTER TABLE loyalty_movement ENABLE TRIGGER USER;
ALTER TABLE loyalty_lot ENABLE TRIGGER USER;
ALTER TABLE loyalty_trace ENABLE TRIGGER USER;
ALTER TABLE loyalty_balance ENABLE TRIGGER USER;
ANALYZE loyalty_movement, loyalty_lot, loyalty_trace, loyalty_balance
"""


def _proved() -> Iterable[Figure]:
    with timed() as clock:
        found = list(proof.prove())
    movements: Any = sum(one.movements for one in found)
    assert [fault for one in found for fault in one.faults] == []
    yield Figure(
        "verify_ledger, minutes for 10 M", 10_000_000 / movements * clock.seconds / 60, "min", bar=at_most(10)
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Figure("verify_ledger", movements / clock.seconds, "movements/s", note=f"{movements:,} movements")
    yield Figure("verify_ledger, process at most", peak, "MB", bar=at_most(1024))
