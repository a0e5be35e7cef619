"""Baskets evaluated over HTTP: 60 lines, 40 live rules, a member who holds 12 coupons and has earned before.

The floor is the smallest call that the same server answers for the same member: their accounts, read by one statement.
"""

import json
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from benchmarks.figure import Figure, at_most
from benchmarks.lab import Lab
from benchmarks.server import Rate, ask, load, request, serving
from crm.jobs import runner
from crm.org.models import Chain, Store
from crm.rest import keys
from customers.models import Brand, Category, Customer, Identity, Product
from customers.receiving import database
from loyalty.coupons import audiences, defining, issuing
from loyalty.ledger import bulk
from loyalty.ledger.bulk import Earning
from loyalty.models import CouponKind, EarningRule, Programme, RewardKind, RuleKind
from loyalty.rewards import catalogue

TITLE = "baskets evaluated, 60 lines, 40 live rules"
MEMBERS, LINES, RULES, HELD = 2_000, 60, 40, 12
BEGIN = date(2026, 1, 1)


def run(lab: Lab) -> Iterable[Figure]:
    name = lab.database("baskets")
    members = _chain(lab.scaled(MEMBERS))
    secret = keys.create_key(
        name="bench", scopes=["baskets:evaluate", "points:read"], by="system:bench", rate_per_minute=10**8
    )[1]
    key = {"authorization": f"Bearer {secret}"}
    lines = [_line(n) for n in range(LINES)]

    def evaluate(client: int, n: int) -> bytes:
        who = {"kind": "member", "value": f"M{(client * 251 + n) % len(members)}"}
        body = {"store": "HARB", "customer": who, "lines": lines, "delivery": "8.00", "points": 100}
        given = key | {"content_type": "application/json"}
        return request("POST", "/api/v1/baskets/evaluate/", json.dumps(body).encode(), **given)

    def accounts(client: int, n: int) -> bytes:
        who = members[(client * 251 + n) % len(members)]
        return request("GET", f"/api/v1/accounts/{who.public_id}/", **key)

    seconds = max(3.0, 10.0 * lab.scale)
    with serving(lab) as port:
        _check(json.loads(ask(port, evaluate(0, 0))))
        floor = load(port, accounts, seconds, clients=1)
        one = load(port, evaluate, seconds, clients=1)
        eight = load(port, evaluate, seconds)
    yield _figure("one till, p95", one, floor, at_most(50))
    yield Figure("8 tills at once", eight.a_second, "baskets/s", note=f"p95 {eight.p95:.0f} ms")
    lab.forget(name)


def _figure(what: str, ours: Rate, floor: Rate, bar: object) -> Figure:
    note = f"{ours.a_second:.0f} baskets/s, p99 {ours.p99:.0f} ms"
    return Figure(what, ours.p95, "ms", "reading the accounts, p95", floor.p95, bar, note)  # type: ignore[arg-type]


def _check(found: dict[str, object]) -> None:
    assert found["is_exact"] is True, found["why"]
    assert found["points"]["earned"] > 0  # type: ignore[index]
    assert len(found["coupons"]) == HELD  # type: ignore[arg-type]


def _line(n: int) -> dict[str, object]:
    return {
        "line": n + 1,
        "product": f"SKU{n}",
        "quantity": f"{1 + n % 3}",
        "amount": f"{3 + n % 17}.{n % 10}0",
    }


def _chain(members: int) -> list[Customer]:
    Chain.objects.update_or_create(id=1, defaults={"country": "CN", "timezone": "Asia/Shanghai"})
    shop = Store.objects.create(code="HARB", name="Harbour", timezone="Asia/Shanghai")
    _goods()
    _rules()
    made = Customer.objects.bulk_create(Customer(name=f"C{n}", home_store=shop) for n in range(members))
    Identity.objects.bulk_create(
        Identity(kind="member", value=f"M{n}", customer=who) for n, who in enumerate(made)
    )
    at = timezone.now() - timedelta(days=40)
    with transaction.atomic():
        cur = database.cursor()
        database.enter(cur)
        bulk.earn_many(
            cur, [Earning(who.pk, 500, f"receipt:{who.pk}", at) for who in made], by="system:bench"
        )
    _offers(made)
    return made


def _goods() -> None:
    tops = [Category.objects.create(path=f"c{n}", name=f"C{n}") for n in range(6)]
    below = [
        Category.objects.create(path=f"c{n % 6}/s{n}", name=f"S{n}", parent=tops[n % 6]) for n in range(18)
    ]
    brands = [Brand.objects.create(name=f"B{n}") for n in range(9)]
    Product.objects.bulk_create(
        Product(sku=f"SKU{n}", name=f"P{n}", category=below[n % 18], brand=brands[n % 9]) for n in range(200)
    )


def _rules() -> None:
    """Programme and forty rules that hold: other rates, multipliers and bonuses, half of them with limits."""
    Programme.objects.create(valid_from=BEGIN, money_per_point=Decimal(1), cap_day=5_000)
    conditions = [
        {"categories": ["c1"]}, {"categories": ["c2/s2"]}, {"brands": [1, 2]}, {"products": ["SKU3", "SKU4"]},
        {"channels": [1]}, {"weekdays": [0, 1, 2, 3, 4, 5, 6]}, {"hours": [0, 24]}, {"minimum_cents": 1000},
    ]  # fmt: skip
    for n in range(RULES):
        kind = (RuleKind.BASE, RuleKind.MULTIPLIER, RuleKind.MULTIPLIER, RuleKind.BONUS)[n % 4]
        EarningRule.objects.create(
            code=f"r{n:02}", name=f"Rule {n}", kind=kind, valid_from=BEGIN, condition=conditions[n % 8],
            percent=None if kind == RuleKind.BONUS else 110 + n, points=5 if kind == RuleKind.BONUS else None,
            cap_month=10_000 if n % 2 else None,
        )  # fmt: skip


def _offers(members: list[Customer]) -> None:
    """Twelve coupons each, some of which shut each other out; and eight rewards."""
    at, groups = timezone.now(), ["", "week", "", "week"]
    for n in range(HELD):
        top = list(Category.objects.filter(path=f"c{n % 6}").values_list("pk", flat=True))
        terms = {
            "kind": CouponKind.PERCENT, "share_bp": 500 + 100 * n, "only_categories": top if n % 3 else [],
            "stacking": groups[n % 4], "place": n, "minimum": Decimal(20 * (n % 5)),
        }  # fmt: skip
        offer = defining.define(code=f"o{n}", name=f"Offer {n}", terms=terms, by="bench", at=at)
        everybody = [who.pk for who in members]
        batch = issuing.start(offer, audience=audiences.LIST, by="bench", at=at, customer_ids=everybody)
        runner.run_until_ended(batch.job)
    for n in range(8):
        prize = {"kind": RewardKind.DISCOUNT, "amount": Decimal(1 + n), "points": 20 + 30 * n}
        catalogue.define(code=f"w{n}", name=f"Reward {n}", terms=prize, by="bench", at=at)
