"""The ledger of points: redemptions over 10,000 members, many clients at one account, points for many, and its proof.

The floor of a redemption is a transaction of bare SQL that locks the balance and writes the same rows under the same
triggers. One account: 200 clients send 50 redemptions each; of every hundredth the line is cut before the answer, and
the same is sent again. Afterwards what was spent is what was answered, and every source was booked once.
"""

import json
import random
import resource
import socket
import threading
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from django.db import connection, transaction

from benchmarks.figure import Figure, at_least, at_most, ratio_at_least
from benchmarks.lab import Lab, timed
from benchmarks.server import _exchange, load, request, serving
from crm.org.models import Chain
from crm.rest import keys
from customers.models import Customer
from customers.receiving import database
from loyalty import ledger
from loyalty.ledger import Cause, bulk, posting, proof
from loyalty.ledger.bulk import Earning
from loyalty.models import Balance, Movement

TITLE = "points"
MEMBERS, LOTS, EACH = 10_000, 3, 100_000
CLIENTS, TIMES = 200, 50
START = datetime(2026, 1, 5, 4, tzinfo=UTC)


def run(lab: Lab) -> Iterable[Figure]:
    members, times = lab.scaled(MEMBERS), lab.scaled(4_000)
    name = lab.database("ledger")
    people = _people(members)
    with timed() as earning, transaction.atomic():
        cur = database.cursor()
        database.enter(cur)
        bulk.earn_many(cur, _earnings(people), by="system:bench")
    yield Figure("points issued in bulk", members * LOTS / earning.seconds, "lots/s")
    chance = random.Random(5)
    with timed() as ours:
        for n in range(times):
            ledger.redeem(chance.choice(people), 7, Cause(f"bench:{n}", START, "till:1"))
    bare = _bare(lab, people, times)
    rate = times / ours.seconds
    yield Figure("redemptions, domain", rate, "/s", "the same rows by bare SQL", bare, ratio_at_least(0.25))
    yield Figure("redemptions, domain", rate, "/s", bar=at_least(250))
    yield from _over_http(lab, people)
    _grow(lab)
    yield from _proved()
    lab.forget(name)


def _people(count: int) -> list[int]:
    Chain.objects.update_or_create(id=1, defaults={"country": "CN", "timezone": "Asia/Shanghai"})
    made = Customer.objects.bulk_create([Customer(name=f"C{n}") for n in range(count)], batch_size=1000)
    return [one.pk for one in made]


def _earnings(people: list[int]) -> list[Earning]:
    return [
        Earning(pk, EACH, f"receipt:{pk}-{n}", START, expires_at=START + timedelta(days=900 + n))
        for pk in people
        for n in range(LOTS)
    ]


def _bare(lab: Lab, people: list[int], times: int) -> float:
    """Transactions a second that lock a balance, read the lot that ends first, and write a redemption."""
    chance = random.Random(6)
    with psycopg.connect(lab.url()) as line:
        cur = line.cursor()
        with timed() as clock:
            for n in range(times):
                who = chance.choice(people)
                cur.execute(
                    "SELECT 1 FROM loyalty_balance WHERE customer_id = %s AND unit = 1 FOR UPDATE", [who]
                )
                cur.execute(
                    "SELECT id FROM loyalty_lot WHERE customer_id = %s AND unit = 1 AND available > 0"
                    " ORDER BY expires_at, id LIMIT 1",
                    [who],
                )
                (lot,) = cur.fetchone() or (0,)
                cur.execute(
                    posting._MOVE,
                    {
                        "customer": who, "unit": 1, "kind": 3, "source": f"bare:{n}", "of": None, "purchase": None,
                        "store": None, "at": START, "actor": "till:1", "available": -7, "pending": 0, "held": 0,
                        "debt": 0, "contra": 7, "lots": [lot], "p": [0], "a": [-7], "h": [0],
                    },
                )  # fmt: skip
                line.commit()
    return times / clock.seconds


def _over_http(lab: Lab, people: list[int]) -> Iterable[Figure]:
    secret = keys.create_key(name="bench", scopes=["points:write"], by="system:bench", rate_per_minute=10**8)[
        1
    ]
    ids = [Customer(pk=pk).public_id for pk in people]

    def call(client: int, n: int) -> bytes:
        return _redemption(secret, ids[(client * 7919 + n) % len(ids)], f"{client}-{n}")

    with serving(lab) as port:
        seen = load(port, call, 10.0)
        yield Figure("redemptions, HTTP", seen.a_second, "/s", bar=at_least(120))
        yield Figure("redemptions, HTTP, p99", seen.p99, "ms", bar=at_most(300))
        yield from _one_account(port, secret, people[0])


def _redemption(secret: str, who: str, number: str, points: int = 7) -> bytes:
    body = json.dumps({"customer": who, "points": points, "source": "bench", "external_id": number}).encode()
    given = {"authorization": f"Bearer {secret}", "content_type": "application/json"}
    return request("POST", "/api/v1/redemptions/", body, **given, idempotency_key=number)


def _one_account(port: int, secret: str, member: int) -> Iterable[Figure]:
    """Each client is a till: it sends, loses an answer now and then, and asks again until it knows."""
    who, before = Customer(pk=member).public_id, Balance.objects.get(customer=member, unit=1).available
    answers: dict[str, bytes] = {}
    differ: list[str] = []

    def till(number: int) -> None:
        chance = random.Random(number)
        for n in range(TIMES):
            key = f"till{number}-{n}"
            message = _redemption(secret, who, key, points=1)
            if chance.random() < 0.01:
                with closing(socket.create_connection(("127.0.0.1", port))) as line:
                    line.sendall(message)
            first, again = _patiently(port, message), None
            if chance.random() < 0.02:
                again = _patiently(port, message)
            answers[key] = first
            if again is not None and again != first:
                differ.append(key)

    with timed() as clock:
        threads = [threading.Thread(target=till, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    after = Balance.objects.get(customer=member, unit=1).available
    booked = Movement.objects.filter(customer=member, source__startswith="bench:till").count()
    assert differ == [], differ[:3]
    assert len(answers) == CLIENTS * TIMES
    wrong = abs(before - after - len(answers)) + abs(booked - len(answers))
    yield Figure("one account, 200 clients × 50", len(answers) / clock.seconds, "/s")
    yield Figure("one account: points and movements too many or too few", wrong, "", bar=at_most(0))


def _patiently(port: int, message: bytes) -> bytes:
    for attempt in range(20):
        try:
            with closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as line:
                return _exchange(line, message)
        except (OSError, RuntimeError):
            if attempt == 19:
                raise
    raise AssertionError("unreachable")


def _grow(lab: Lab) -> None:
    """Members of whom each earned and spent fifty lots, written past the triggers: ten million movements."""
    members = lab.scaled(BOOKED // 2 // LOTS_EACH)
    first = max(_people(members)) - members
    with connection.cursor() as cursor:
        for statement in GROW.split(";"):
            cursor.execute(statement, {"first": first, "members": members, "lots": LOTS_EACH})


BOOKED, LOTS_EACH = 10_000_000, 50
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
