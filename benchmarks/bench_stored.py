"""Stored value: payments from both accounts, beside redemptions of points by the same members in the same run.

Then one account: many clients pay at once with what is enough for half of them; nothing is spent twice.
"""

import random
import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import connection, transaction

from benchmarks.figure import Figure, at_most, ratio_at_least
from benchmarks.lab import Lab, timed
from crm.org.models import Chain
from customers.models import Customer
from loyalty import ledger, storedvalue
from loyalty.ledger import Cause, NewLot
from loyalty.models import Balance, StoredTerms, TopUpOffer, Unit
from loyalty.storedvalue.refusals import InsufficientStored

TITLE = "stored value"
START = datetime(2026, 1, 5, 4, tzinfo=UTC)
CLIENTS, TIMES = 20, 20


def run(lab: Lab) -> Iterable[Figure]:
    people, times = lab.scaled(2_000), lab.scaled(2_000)
    name = lab.database("stored")
    Chain.objects.update_or_create(id=1, defaults={"country": "CN", "timezone": "Asia/Shanghai"})
    StoredTerms.objects.create(valid_from=START.date())
    TopUpOffer.objects.create(code="five", name="Five", pay=500, bonus=50, valid_from=START.date())
    members = [
        one.pk for one in Customer.objects.bulk_create([Customer(name=f"C{n}") for n in range(people)])
    ]
    with timed() as topping:
        for pk in members:
            storedvalue.top_up(pk, 500_00, _why(f"up:{pk}"), how="cash")
    with transaction.atomic():
        for pk in members:
            ledger.earn(pk, [NewLot(10_000, START + timedelta(days=900))], _why(f"receipt:{pk}"))
    chance = random.Random(5)
    with timed() as points:
        for n in range(times):
            ledger.redeem(chance.choice(members), 7, _why(f"points:{n}"))
    with timed() as paying:
        for n in range(times):
            storedvalue.pay(chance.choice(members), 77, _why(f"pay:{n}"))
    rate, beside = times / paying.seconds, times / points.seconds
    yield Figure("top-ups, domain", people / topping.seconds, "/s")
    yield Figure("payments, domain", rate, "/s", "redemptions of points", beside, ratio_at_least(0.2))
    yield Figure("spent twice by 20 clients at one purse", _raced(members[0]), "", bar=at_most(0))
    lab.forget(name)


def _why(source: str) -> Cause:
    return Cause(source, START, "till:1")


def _raced(customer_id: int) -> int:
    """Each client pays what is enough for half of all that they try; each key is sent twice. What does not add up."""
    there = _there(customer_id)
    price = there * 2 // (CLIENTS * TIMES)
    paid: set[int] = set()

    def client(number: int) -> None:
        for n in range(TIMES):
            for _again in range(2):
                with suppress(InsufficientStored):
                    paid.add(storedvalue.pay(customer_id, price, _why(f"race:{number}:{n}")).pk)
        connection.close()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return abs(there - _there(customer_id) - price * len(paid)) + abs(there // price - len(paid))


def _there(customer_id: int) -> int:
    rows = Balance.objects.filter(customer=customer_id, unit__in=(Unit.STORED, Unit.BONUS))
    return int(sum(Decimal(n) for n in rows.values_list("available", flat=True)))
