"""Coupons and rewards: 200 clients at one code and at the last reward, redemptions one after another, coupons for many.

The floor of a redemption is a transaction of bare SQL that locks the count of the offer and writes the same two rows.
The floor of issuing in bulk is a bare COPY of as many rows of the same two tables.
"""

import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal

import psycopg

from benchmarks.figure import Figure, at_most, ratio_at_least
from benchmarks.lab import Lab, timed
from benchmarks.server import _exchange, request, serving
from crm.jobs import runner
from crm.org.models import Chain, Store
from crm.rest import keys
from customers.models import Customer, Identity
from loyalty import coupons, ledger
from loyalty.baskets import Basket, BasketLine
from loyalty.coupons import codes, defining, issuing
from loyalty.ledger import Cause, NewLot
from loyalty.models import Coupon, CouponCode, CouponKind, CouponTally, CouponUse, RewardKind, RewardStock
from loyalty.rewards import catalogue, stock

TITLE = "coupons"
MEMBERS, CLIENTS = 100_000, 200
START = datetime(2026, 1, 5, 4, tzinfo=UTC)
FIVE = {"kind": CouponKind.AMOUNT, "amount": Decimal(5)}


def run(lab: Lab) -> Iterable[Figure]:
    members, times = lab.scaled(MEMBERS), lab.scaled(4_000)
    name = lab.database("coupons")
    shop = _shop(members)
    yield from _issued(lab, members)
    yield from _redeemed(lab, shop, times)
    yield from _one_wins(lab, shop)
    lab.forget(name)


def _shop(members: int) -> Store:
    Chain.objects.update_or_create(id=1, defaults={"country": "CN", "timezone": "Asia/Shanghai"})
    rows = (Customer(name=f"C{n}", enrolled_at=START) for n in range(members))
    made = Customer.objects.bulk_create(rows, batch_size=1000)
    Identity.objects.bulk_create(
        (Identity(kind="member", value=f"M{n}", customer=who) for n, who in enumerate(made[:CLIENTS])),
        batch_size=1000,
    )
    return Store.objects.create(code="HARB", name="Harbour", timezone="Asia/Shanghai")


def _issued(lab: Lab, members: int) -> Iterable[Figure]:
    offer = defining.define(code="many", name="Many", terms=FIVE | {"days": 30}, by="bench", at=START)
    batch = issuing.start(offer, audience="members:all", by="bench", at=START)
    assert batch.job is not None
    with timed() as ours:
        runner.run_until_ended(batch.job)
    assert Coupon.objects.filter(definition=offer).count() == CouponCode.objects.count() == members
    bare = _bare_copy(lab, offer.pk, members)
    rate = members / ours.seconds
    yield Figure(
        "coupons issued in bulk", rate, "/s", "bare COPY of the same rows", bare, ratio_at_least(0.1)
    )


def _bare_copy(lab: Lab, offer: int, members: int) -> float:
    terms, who = defining.CouponTerms.objects.get(definition=offer).pk, Customer.objects.order_by("pk")[0].pk
    made = [codes.new() for _n in range(members)]
    with psycopg.connect(lab.url()) as line, timed() as clock:
        cur = line.cursor()
        with cur.copy(f"COPY loyalty_coupon ({issuing._COLUMNS}) FROM STDIN") as copy:
            for n, code in enumerate(made):
                copy.write_row(
                    (10**9 + n, who, offer, terms, code, f"bare:{n}", START, "x", START, None, "", None, None)
                )
        with cur.copy(
            "COPY loyalty_couponcode (code, definition_id, customer_id, coupon_id) FROM STDIN"
        ) as copy:
            for n, code in enumerate(made):
                copy.write_row((code, offer, who, 10**9 + n))
        line.commit()
    return members / clock.seconds


def _redeemed(lab: Lab, shop: Store, times: int) -> Iterable[Figure]:
    rows = Coupon.objects.filter(pk__lt=10**9).order_by("pk").values_list("code", flat=True)[:times]
    basket = Basket(shop.pk, START, (BasketLine(None, frozenset(), None, 1000, 2000),), shop.zone)
    found = list(rows)
    with timed() as ours:
        for n, code in enumerate(found):
            coupons.redeem(code, basket, Cause(f"bench:{n}", START, "till:1", shop.pk))
    tally = CouponTally.objects.get(definition__code="many")
    assert (tally.redeemed, tally.spent) == (len(found), 5 * len(found))
    bare = _bare_uses(lab, len(found))
    rate = len(found) / ours.seconds
    yield Figure(
        "coupons redeemed, domain", rate, "/s", "the same rows by bare SQL", bare, ratio_at_least(0.1)
    )


def _bare_uses(lab: Lab, times: int) -> float:
    offer = CouponTally.objects.get(definition__code="many").pk
    terms, who = defining.CouponTerms.objects.get(definition=offer).pk, Customer.objects.order_by("-pk")[0].pk
    with psycopg.connect(lab.url()) as line, timed() as clock:
        cur = line.cursor()
        for n in range(times):
            cur.execute("SELECT * FROM loyalty_coupontally WHERE definition_id = %s FOR UPDATE", [offer])
            cur.execute(
                "INSERT INTO loyalty_couponuse (customer_id, owner_id, definition_id, terms_id, source, amount,"
                " used_on, redeemed_at, actor, ended_by) VALUES (%s, %s, %s, %s, %s, 5, '2026-01-05', %s, 'x', '')",
                [who, who, offer, terms, f"bare:{n}", START],
            )
            cur.execute(
                "UPDATE loyalty_coupontally SET redeemed = redeemed + 1 WHERE definition_id = %s", [offer]
            )
            line.commit()
    return times / clock.seconds


def _one_wins(lab: Lab, shop: Store) -> Iterable[Figure]:
    last = defining.define(
        code="last", name="Last", is_shared=True, terms=FIVE | {"total": 1}, by="bench", at=START
    )
    code = CouponCode.objects.get(definition=last).code
    prize = {"kind": RewardKind.DISCOUNT, "amount": Decimal(1), "points": 5}
    reward = catalogue.define(code="last", name="Last", is_counted=True, terms=prize, by="bench", at=START)
    stock.put(reward, shop, 1, by="bench")
    for who in Identity.objects.values_list("customer_id", flat=True):
        ledger.earn(who, [NewLot(5)], Cause(f"receipt:{who}", START, "bench"))
    _key, secret = keys.create_key(
        name="bench", scopes=["coupons:write", "points:write"], by="system:bench", rate_per_minute=10**8
    )
    lines = [{"line": 1, "product": "TEA", "quantity": "1", "amount": "20.00"}]
    with serving(lab) as port:
        asked: tuple[str, dict[str, object]] = (f"coupons/{code}/redemption/", {"lines": lines})
        yield from _raced(port, secret, asked, "one code")
        asked = (f"rewards/{reward.public_id}/redemptions/", {})
        yield from _raced(port, secret, asked, "the last reward")
    assert CouponUse.objects.filter(definition=last).count() == 1
    assert RewardStock.objects.get().quantity == 0


def _raced(port: int, secret: str, asked: tuple[str, dict[str, object]], what: str) -> Iterable[Figure]:
    """All clients at once, each a member; then all again with the same numbers: who won is told the same."""

    def body(client: int) -> bytes:
        place, more = asked
        told = {"source": "bench", "external_id": f"{client}", "store": "HARB",
                "customer": {"kind": "member", "value": f"M{client}"}, **more}  # fmt: skip
        given = {"authorization": f"Bearer {secret}", "content_type": "application/json"}
        return request("POST", f"/api/v1/{place}", json.dumps(told).encode(), **given)

    with timed() as clock:
        first = _all_at_once(port, body)
    again = _all_at_once(port, body)
    wrong = abs(first["won"] - 1) + abs(first["lost"] - CLIENTS + 1) + abs(again["won"] - 1)
    yield Figure(f"200 clients at {what}: winners too many or too few", wrong, "", bar=at_most(0))
    yield Figure(f"200 clients at {what}", CLIENTS / clock.seconds, "answers/s")


def _all_at_once(port: int, body: Callable[[int], bytes]) -> Counter[str]:
    said: Counter[str] = Counter()
    lock, ready = threading.Lock(), threading.Barrier(CLIENTS)

    def client(number: int) -> None:
        ready.wait()
        answer = _ask(port, body(number))
        with lock:
            said[answer] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def _ask(port: int, message: bytes) -> str:
    """Whether this one won, was refused (409), or something else."""
    for _attempt in range(20):
        try:
            with closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as line:
                _exchange(line, message)
                return "won"
        except RuntimeError as refused:
            return "lost" if "HTTP/1.1 409" in str(refused) else "something else"
        except OSError:
            continue
    return "no answer"
