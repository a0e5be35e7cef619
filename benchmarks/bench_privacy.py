"""One person's export and erasure: somebody with 5,000 receipts that came through the inbox."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from benchmarks.figure import Figure, at_most
from benchmarks.lab import Lab, best_of, timed
from crm.org.models import Chain, Store
from crm.privacy import erasing, exporting
from customers import enrolment
from customers.models import Arrival, Customer, Purchase, Source
from customers.receiving import payloads, receive_receipt

TITLE = "export and erasure of a person with 5,000 receipts"
RECEIPTS = 5_000
NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)
PHONE = "+8613800138000"


def run(lab: Lab) -> Iterable[Figure]:
    lab.database("privacy")
    settings.ERASURE_LOG = str(lab.home / "bench_erasures.ndjson")  # of this run alone
    Path(settings.ERASURE_LOG).unlink(missing_ok=True)
    customer = _person(lab.scaled(RECEIPTS))
    subject = exporting.subject_of(customer.pk)
    assert subject is not None
    size = sum(len(piece) for piece in exporting.as_json(subject, at=NOW))
    ours = best_of(3, lambda: sum(len(piece) for piece in exporting.as_json(subject, at=NOW)) and None)
    yield Figure(
        "export as JSON", ours, "s", "the same receipts, lines and events read bare and dumped", best_of(3, _bare_read),
        bar=at_most(10), note=f"{size / 1e6:,.1f} MB",
    )  # fmt: skip
    floor = best_of(3, _bare_update)
    with timed() as clock:
        erasing.erase(customer.pk, by="system:bench", at=NOW)
    assert not Arrival.objects.filter(raw__has_key="customer").exists()
    yield Figure(
        "erasure", clock.seconds, "s", "one UPDATE of the events' raw form", floor, bar=at_most(10),
        note="from the call to the commit; the floor is rolled back",
    )  # fmt: skip
    with timed() as clock:
        erasing.erase(customer.pk, by="system:bench", at=NOW)
    yield Figure("the same erasure again", clock.seconds * 1000, "ms", bar=at_most(50))


def _person(receipts: int) -> Customer:
    Chain.objects.get_or_create(defaults={"name": "Bench", "country": "CN", "timezone": "Asia/Shanghai"})
    store = Store.objects.create(code="B1", name="Bench", timezone="Asia/Shanghai")
    Source.objects.get_or_create(code="bench")
    customer = enrolment.enrol(
        [("phone", PHONE)], by="system:bench", at=NOW, name="Bench Person", home_store_id=store.pk
    ).customer
    for number in range(receipts):
        told = {
            "source": "bench", "external_id": f"b-{number}", "store": "B1",
            "occurred_at": f"2025-{number % 12 + 1:02}-{number % 28 + 1:02}T12:{number % 60:02}:00+08:00",
            "customer": {"kind": "phone", "value": PHONE},
            "lines": [{"line": 1, "product": f"SKU{number % 50}", "quantity": "1", "amount": "4.00"}],
        }  # fmt: skip
        receive_receipt(payloads.receipt_of(json.dumps(told).encode()), by="system:bench")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    assert Purchase.objects.filter(customer=customer).count() == receipts
    return customer


def _bare_read() -> None:
    with connection.cursor() as cursor:
        for table in ("customers_purchase", "customers_line", "customers_arrival"):
            cursor.execute(f"SELECT * FROM {table}")
            names = [column.name for column in cursor.description or ()]
            json.dumps([dict(zip(names, row, strict=True)) for row in cursor.fetchall()], default=str)


def _bare_update() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE customers_arrival SET raw = raw - 'customer' WHERE raw ? 'customer'")
        transaction.set_rollback(True)
