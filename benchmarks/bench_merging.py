"""Merging a customer with 5,000 receipts and taking it back, beside the bare DELETE and INSERT of the same rows."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from django.db import connection, transaction

from benchmarks.figure import Figure, at_most, ratio_at_most
from benchmarks.lab import Lab, timed
from crm.org.models import Chain, Store
from customers import merging, names
from customers.matching import keys
from customers.merging import contenthash
from customers.models import Arrival, Customer, Identity, Line, Merge, Payment, Product, Purchase, Source

TITLE = "merging a customer with 5,000 receipts"
ROUNDS = 5
PAIRS = 1_000
AT = datetime(2026, 3, 10, 4, tzinfo=UTC)
SURE: dict[str, Any] = {"is_confirmed": True, "reason": "bench"}
TABLES = ("purchase", "line", "payment")


def run(lab: Lab) -> Iterable[Figure]:
    lab.database("merging")
    Chain.current()
    receipts = lab.scaled(5_000)
    survivor, loser = _person("kept", receipts // 10), _person("gone", receipts)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    floor = min(_bare(loser) for _ in range(ROUNDS))
    merges, undone, before = [], [], contenthash.whole()
    for _ in range(ROUNDS):
        with timed() as clock:
            done = merging.merge(survivor, loser, by="system:bench", at=AT, **SURE)
        merges.append(clock.seconds)
        with timed() as clock:
            merging.unmerge(done, by="system:bench", at=AT)
        undone.append(clock.seconds)
    rows = f"{receipts:,} receipts with {2 * receipts:,} lines and their payments"
    beside = "bare DELETE and INSERT"
    yield Figure("merge", min(merges), "s", beside, floor, ratio_at_most(4), note=rows)
    yield Figure("undo", min(undone), "s", beside, floor, ratio_at_most(5))
    yield Figure(
        "states that differ after five rounds", int(contenthash.whole() != before), "", bar=at_most(0)
    )
    yield from _pairs(lab)


def _pairs(lab: Lab) -> Iterable[Figure]:
    """Random pairs and chains of small customers, merged and undone in random order."""
    count, chance = lab.scaled(PAIRS), Random(1)
    people = [_person(f"small{n}", 3) for n in range(max(4, count // 4))]
    before, living, standing = contenthash.by_table(), dict(enumerate(people)), []
    with timed() as clock:
        merged = 0
        while merged < count or standing:
            if merged < count and len(living) > 1 and chance.random() < 0.6:
                kept, gone = chance.sample(sorted(living), 2)
                done = merging.merge(people[kept], people[gone], by="system:bench", at=AT, **SURE)
                standing.append((done, kept, gone))
                del living[gone]
                merged += 1
            elif standing:
                place = chance.choice([n for n, (_m, kept, _g) in enumerate(standing) if kept in living])
                done, _kept, gone = standing.pop(place)
                merging.unmerge(Merge.objects.get(pk=done.pk), by="system:bench", at=AT)
                living[gone] = people[gone]
    after = contenthash.by_table()
    wrong = sum(after[label] != before[label] for label in before)
    each = clock.seconds / count * 1000
    yield Figure("a merge and its undoing, pairs and chains", each, "ms", note=f"{count:,} of them")
    yield Figure("tables that differ afterwards", wrong, "", bar=at_most(0))


def _person(name: str, receipts: int) -> Customer:
    store = Store.objects.first() or Store.objects.create(code="HARB", name="Harbour")
    product = Product.objects.first() or Product.objects.create(sku="SKU1", name="Tea")
    source = Source.objects.first() or Source.objects.create(code="bench")
    person = Customer.objects.create(name=name, home_store=store, enrolled_at=AT)
    Identity.objects.create(kind="card", value=f"C{person.pk}", customer=person, is_primary=True)
    bought = Purchase.objects.bulk_create(
        [
            Purchase(
                customer=person, store=store, source_id=source.pk, external_id=f"{person.pk}-{n}", amount=20,
                occurred_at=AT - timedelta(hours=n), business_date=(AT - timedelta(hours=n)).date(),
            )
            for n in range(receipts)
        ],
        batch_size=1000,
    )  # fmt: skip
    Line.objects.bulk_create(
        [
            Line(customer=person, purchase=p, number=n, product=product, quantity=1, amount=10)
            for p in bought for n in (1, 2)
        ],
        batch_size=1000,
    )  # fmt: skip
    Payment.objects.bulk_create(
        [Payment(customer=person, purchase=p, number=1, method="card", amount=20) for p in bought],
        batch_size=1000,
    )
    Arrival.objects.bulk_create(
        [
            Arrival(kind=1, source=source, external_id=p.external_id, fingerprint=b"0" * 16, customer_id=person.pk,
                    purchase_id=p.pk, store=store)
            for p in bought
        ],
        batch_size=1000,
    )  # fmt: skip
    names.index([person.pk])
    keys.index([person.pk])
    return person


def _bare(person: Customer) -> float:
    """Seconds to take the customer's rows out and put them back, and nothing else. Taken back afterwards."""
    with transaction.atomic(), connection.cursor() as cursor:
        with timed() as clock:
            for table in TABLES:
                which = (
                    "customer_id = %s"
                    if table == "purchase"
                    else ("purchase_id IN (SELECT id FROM customers_purchase WHERE customer_id = %s)")
                )
                cursor.execute(
                    f"WITH gone AS (DELETE FROM customers_{table} WHERE {which} RETURNING *) "
                    f"INSERT INTO customers_{table} SELECT * FROM gone",
                    [person.pk],
                )
        transaction.set_rollback(True)
    return clock.seconds
