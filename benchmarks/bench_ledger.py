"""The ledger of points: redemptions over 10,000 members, many clients at one account, points for many.

The floor of a redemption is a transaction of bare SQL that locks the balance and writes the same rows under the same
triggers. One account: 200 clients send 50 redemptions each; of every hundredth the line is cut before the answer, and
the same is sent again. Afterwards what was spent is what was answered, and every source was booked once.
"""

import json
import random
import socket
import threading
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg
from django.db import transaction

from benchmarks.figure import Figure, at_least, at_most, ratio_at_least
from benchmarks.lab import Lab, timed
from benchmarks.server import _exchange, load, request, serving
from crm.org.models import Chain
from crm.rest import keys
from customers.models import Customer
from customers.receiving import database
from loyalty import ledger
from loyalty.ledger import Cause, bulk, posting
from loyalty.ledger.bulk import Earning
from loyalty.models import Balance, Movement

TITLE = "points"
MEMBERS, LOTS, EACH = 10_000, 3, 100_000
CLIENTS, TIMES = 200, 50
START = datetime(2026, 1, 5, 4, tzinfo=UTC)


def run(lab: Lab) -> Iterable[Figure]:
    members, times = lab.scaled(MEMBERS), lab.scaled(4_000)
    name = lab.database("ledger")
    ids = people(members)
    with timed() as earning, transaction.atomic():
        cur = database.cursor()
        database.enter(cur)
        bulk.earn_many(cur, _earnings(ids), by="system:bench")
    yield Figure("points issued in bulk", members * LOTS / earning.seconds, "lots/s")
    chance = random.Random(5)
    with timed() as ours:
        for n in range(times):
            ledger.redeem(chance.choice(ids), 7, Cause(f"bench:{n}", START, "till:1"))
    bare = _bare(lab, ids, times)
    rate = times / ours.seconds
    yield Figure("redemptions, domain", rate, "/s", "the same rows by bare SQL", bare, ratio_at_least(0.25))
    yield Figure("redemptions, domain", rate, "/s", bar=at_least(250))
    yield from _over_http(lab, ids)
    lab.forget(name)


def people(count: int) -> list[int]:
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
