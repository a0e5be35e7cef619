"""The hot paths of the API over HTTP, 8 clients, server, database and clients on the same machine.

Beside them: plain Django REST framework over the same rows on the same server, the same write one ORM object at a
time, and the two bare SQL statements of the write.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any
from unittest import mock

import psycopg
from django.db import connection, transaction

from benchmarks.figure import Figure, at_least, ratio_at_least
from benchmarks.lab import Lab, timed
from benchmarks.peers import orm_receipt
from benchmarks.server import Rate, ask, load, request, send_all, serving
from crm.org.models import Store
from crm.rest import keys
from crm.rest.scopes import KeyScope
from customers.models import Customer, Identity, Product, Purchase, Source
from customers.receiving import payloads, receive_receipt

TITLE = "hot paths over HTTP, 8 clients"
JSON = "application/json"
PEER = "benchmarks.peers.drf_settings"
BATCH = 2_000  # receipts a call
BATCHES = 8


def run(lab: Lab) -> Iterable[Figure]:
    seconds = max(3.0, 10.0 * lab.scale)
    customers, receipts = lab.scaled(100_000), lab.scaled(2_000_000)
    data = ("--customers", str(customers), "--receipts", str(receipts), "--lines", "5", "--stores", "40")
    lab.filled("api", lambda: _fill(lab, data))
    world = _World()
    ours, batched = _serve_ours(lab, world, seconds)
    theirs = _serve_peer(lab, world, seconds)
    yield _beside("look-up by phone", ours["look-up"], theirs["look-up"], "DRF ModelViewSet", 2)
    yield _beside("receipts of a customer, 50 a page", ours["list"], theirs["list"], "DRF ModelViewSet", 3)
    yield Figure(
        "POST receipts/, 5 lines",
        ours["post"].a_second,
        "receipts/s",
        bar=at_least(300),
        note=_p95(ours["post"]),
    )
    yield _beside(
        "POST receipts/, 5 lines", ours["post"], theirs["post"], "DRF, one ORM object at a time", None
    )
    yield Figure("POST receipts/batch/", batched, "receipts/s", bar=at_least(3000))
    yield from _writes(world, lab.scaled(3_000))


def _beside(what: str, ours: Rate, theirs: Rate, peer: str, bar: float | None) -> Figure:
    return Figure(
        what, ours.a_second, "calls/s", peer, theirs.a_second, ratio_at_least(bar) if bar else None,
        f"{_p95(ours)}; peer {_p95(theirs)}",
    )  # fmt: skip


def _p95(rate: Rate) -> str:
    return f"p95 {rate.p95:.0f} ms"


class _World:
    """What the calls name: phones, ids, products and a key."""

    def __init__(self) -> None:
        rows = (
            Identity.objects.filter(kind="phone").order_by("pk").values_list("value", "customer_id")[:2_000]
        )
        self.phones = [value for value, _ in rows]
        self.customers = [Customer(pk=pk) for _, pk in rows]
        self.skus = list(Product.objects.order_by("pk").values_list("sku", flat=True)[:200])
        self.store = Store.objects.order_by("pk").values_list("code", flat=True)[0]
        Source.objects.get_or_create(code="bench")
        self.secret = keys.create_key(
            name="bench", scopes=KeyScope.values, by="system:bench", rate_per_minute=10**8
        )[1]
        self.run = Purchase.objects.order_by("-pk").values_list("pk", flat=True)[
            0
        ]  # ids differ from run to run

    def slip(self, label: str, n: int) -> dict[str, Any]:
        pick = (n * 7919) % len(self.phones)
        lines = [
            {
                "line": i,
                "product": self.skus[(n + i * 13) % len(self.skus)],
                "quantity": "1",
                "amount": "3.50",
            }
            for i in range(1, 6)
        ]
        return {
            "source": "bench", "external_id": f"{self.run}-{label}-{n}", "store": self.store,
            "occurred_at": "2026-03-01T12:00:00+08:00", "customer": {"kind": "phone", "value": self.phones[pick]},
            "lines": lines, "payments": [{"method": "card", "amount": "17.50"}],
        }  # fmt: skip


def _fill(lab: Lab, data: tuple[str, ...]) -> None:
    lab.manage("create_synthetic", *data)


def _serve_ours(lab: Lab, world: _World, seconds: float) -> tuple[dict[str, Rate], float]:
    key = {"authorization": f"Bearer {world.secret}"}

    def look_up(client: int, n: int) -> bytes:
        body = {"kind": "phone", "value": world.phones[(client * 251 + n) % len(world.phones)]}
        return request(
            "POST", "/api/v1/customers/lookup/", json.dumps(body).encode(), content_type=JSON, **key
        )

    def history(client: int, n: int) -> bytes:
        who = world.customers[(client * 251 + n) % len(world.customers)]
        return request("GET", f"/api/v1/customers/{who.public_id}/receipts/", **key)

    def post(client: int, n: int) -> bytes:
        body = json.dumps(world.slip(f"http{client}", n)).encode()
        return request("POST", "/api/v1/receipts/", body, content_type=JSON, **key)

    def batch(number: int) -> bytes:
        rows = [json.dumps(world.slip("batch", number * BATCH + i)) for i in range(BATCH)]
        return request(
            "POST",
            "/api/v1/receipts/batch/",
            "\n".join(rows).encode(),
            content_type="application/x-ndjson",
            **key,
        )

    with serving(lab) as port:
        ask(port, look_up(0, 0))
        rates = {
            name: load(port, make, seconds)
            for name, make in (("look-up", look_up), ("list", history), ("post", post))
        }
        batches = [batch(number) for number in range(BATCHES + 1)]
        ask(port, batches.pop())
        taken = send_all(port, batches)
    return rates, BATCH * BATCHES / taken


def _serve_peer(lab: Lab, world: _World, seconds: float) -> dict[str, Rate]:
    calls: dict[str, Callable[[int, int], bytes]] = {
        "look-up": lambda c, n: request(
            "GET", f"/customers/{world.phones[(c * 251 + n) % len(world.phones)]}/"
        ),
        "list": lambda c, n: request(
            "GET", f"/customers/{world.customers[(c * 251 + n) % len(world.customers)].pk}/receipts/"
        ),
        "post": lambda c, n: request(
            "POST", "/receipts/", json.dumps(world.slip(f"peer{c}", n)).encode(), content_type=JSON
        ),
    }
    with serving(lab, PEER) as port:
        return {name: load(port, make, seconds) for name, make in calls.items()}


def _writes(world: _World, count: int) -> Iterable[Figure]:
    """In this process, one connection, without HTTP: the write alone."""
    slips = [json.dumps(world.slip("direct", n)).encode() for n in range(count)]
    with timed() as ours:
        for slip in slips:
            receive_receipt(payloads.receipt_of(slip), by="system:bench")
    few = max(1, count // 4)
    with timed() as orm:
        for n in range(few):
            with transaction.atomic():
                orm_receipt.write(world.slip("orm", n))
    bare = _bare([json.dumps(world.slip("bare", n)).encode() for n in range(count)])
    rate = count / ours.seconds
    yield Figure(
        "the write alone, one connection",
        rate,
        "receipts/s",
        "one ORM object at a time",
        few / orm.seconds,
        ratio_at_least(4),
    )
    yield Figure(
        "the write alone, one connection", rate, "receipts/s", "its bare SQL statements", count / bare
    )


def _bare(slips: list[bytes]) -> float:
    """Seconds of the statements alone: what the product sent for these receipts is recorded, taken back, sent again."""
    sent: list[list[tuple[Any, ...]]] = []
    execute = psycopg.Cursor.execute

    def recorded(cur: Any, query: Any, params: Any = None, **more: Any) -> Any:
        sent[-1].append((query, params, more))
        return execute(cur, query, params, **more)

    with transaction.atomic(), mock.patch.object(psycopg.Cursor, "execute", recorded):
        for slip in slips:
            sent.append([])
            receive_receipt(payloads.receipt_of(slip), by="system:bench")
        transaction.set_rollback(True)
    own = [
        [call for call in calls if not str(call[0]).startswith(("SAVEPOINT", "RELEASE"))] for calls in sent
    ]
    with timed() as clock:
        for calls in own:
            with transaction.atomic():
                cur = psycopg.Cursor(connection.connection)
                for query, params, more in calls:
                    cur.execute(query, params, **more)
    return clock.seconds
