"""Events of web and app through the inbox, in batches of 1,000 as `POST events/` takes them.

Beside it: Django's `bulk_create` of the same finished rows, batch by batch, and a bare COPY of all of them into the
same tables with their indexes. Then one sign-in that makes a visitor's thousand events somebody's.
"""

import tempfile
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from django.db import connection, transaction
from django.utils.timezone import now

from benchmarks.figure import Figure, ratio_at_least
from benchmarks.lab import Lab, timed
from crm.org.models import Chain
from customers.events import inbox
from customers.models import Customer, Event, Identity, Interaction

TITLE = "events, batches of 1,000"
BATCH = 1_000
PEOPLE = 20_000
WRITTEN = (Event, Interaction)
KINDS = (
    ("page", {"path": "/tea/oolong"}), ("product", {"product": "SKU1", "price": "35.80"}), ("search", {"query": "tea"}),
    ("cart_add", {"product": "SKU1", "quantity": "2"}), ("app_open", {"version": "3.2"}),
)  # fmt: skip


def run(lab: Lab) -> Iterable[Figure]:
    events = lab.scaled(200_000)
    filled = lab.database("events")
    _people()
    batches = [_batch(at, min(BATCH, events - at)) for at in range(0, events, BATCH)]
    with timed() as ours:
        applied = sum(inbox.receive("bench", batch, by="system:bench").applied for batch in batches)
    assert applied == events, applied
    with timed() as again:
        repeated = inbox.receive("bench", batches[0], by="system:bench").duplicates
    assert repeated == len(batches[0])
    copied, created = _floors(lab, events)
    rate = events / ours.seconds
    yield Figure(
        "POST events/, applied", rate, "events/s", "bulk_create, finished rows", created, ratio_at_least(1)
    )
    yield Figure("POST events/, applied", rate, "events/s", "bare COPY, finished rows", copied, None)
    yield Figure("the same batch again", len(batches[0]) / again.seconds, "events/s")
    yield from _stitched(lab)
    lab.forget(filled)


def _people() -> None:
    Chain.objects.update_or_create(id=1, defaults={"country": "CN", "timezone": "Asia/Shanghai"})
    Customer.objects.bulk_create([Customer(name=f"C{n}") for n in range(PEOPLE)], batch_size=BATCH)
    ids = Customer.objects.order_by("pk").values_list("pk", flat=True)
    Identity.objects.bulk_create(
        [Identity(kind="member", value=f"M{n}", customer_id=pk) for n, pk in enumerate(ids)], batch_size=BATCH
    )


def _batch(start: int, count: int) -> list[bytes]:
    """Half of them name their customer, half only a visitor whom nobody knows."""
    moment = now() - timedelta(days=2)
    return [msgspec.json.encode(_event(n, moment)) for n in range(start, start + count)]


def _event(n: int, moment: Any) -> dict[str, Any]:
    kind, data = KINDS[n % len(KINDS)]
    who: dict[str, Any] = (
        {"customer": {"kind": "member", "value": f"M{n * 7919 % PEOPLE}"}}
        if n % 2
        else {"visitor": f"visitor-{n // 40}"}
    )
    at = (moment + timedelta(seconds=n % 86_400)).isoformat()
    return {"id": f"e{n}", "kind": kind, "occurred_at": at, "data": data} | who


def _floors(lab: Lab, events: int) -> tuple[float, float]:
    """Events a second of the finished rows, into empty tables with all their indexes: by COPY, by bulk_create."""
    with tempfile.TemporaryDirectory() as scratch:
        files = {model: Path(scratch) / model._meta.db_table for model in WRITTEN}
        for model, file in files.items():
            _dump(model._meta.db_table, file)
        values = {model: list(model.objects.order_by("pk").values()) for model in WRITTEN}
        _empty()
        with timed() as copy, transaction.atomic():
            for model, file in files.items():
                _load(model._meta.db_table, file)
        _empty()
        with timed() as bulk:
            for at in range(0, events, BATCH):
                with transaction.atomic():
                    for model in WRITTEN:
                        some = values[model][at : at + BATCH]
                        model._default_manager.bulk_create([model(**row) for row in some])  # type: ignore[attr-defined]
    return events / copy.seconds, events / bulk.seconds


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE customers_event, customers_interaction")


def _dump(table: str, path: Path) -> None:
    with (
        connection.cursor() as cursor,
        path.open("wb") as file,
        cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)") as copy,
    ):
        for block in copy:
            file.write(block)


def _load(table: str, path: Path) -> None:
    with (
        connection.cursor() as cursor,
        path.open("rb") as file,
        cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy,
    ):
        while block := file.read(1 << 20):
            copy.write(block)


def _stitched(lab: Lab) -> Iterable[Figure]:
    count = 1_000
    moment = now() - timedelta(days=1)
    seen = [
        msgspec.json.encode(_event(2 * n, moment) | {"id": f"s{n}", "visitor": "visitor-stitch"})
        for n in range(count)
    ]
    inbox.receive("bench", seen, by="system:bench")
    sign_in = {
        "id": "sign-in", "kind": "sign_in", "occurred_at": now().isoformat(), "visitor": "visitor-stitch",
        "customer": {"kind": "member", "value": "M1"},
    }  # fmt: skip
    with timed() as clock:
        inbox.receive("bench", [msgspec.json.encode(sign_in)], by="system:bench")
    assert Interaction.objects.filter(external_id__startswith="s").count() == count + 1
    yield Figure("a sign-in that stitches 1,000 events", clock.seconds * 1000, "ms")
