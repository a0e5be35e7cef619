"""A small chain with a year of purchases: two stores, a tree of goods with brands, weighed goods, returns, guests."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from crm.org.models import Staff, Store
from crm.org.permissions import Role
from customers.models import Brand, Category, Customer, GuestDay, Line, Product, Purchase
from tests import cast
from tests.analytics.reference import Sold
from tests.conftest import forget_what_the_process_knows

UNTIL = date(2026, 3, 10)
TREE = {
    "food": ["food/tea", "food/tea/green", "food/tea/black", "food/rice"],
    "home": ["home/soap", "home/paper"],
}


SHELF = {  # SKU to category and brand; three have no brand, two stand in no category
    "G1": ("food/tea/green", "Leaf"), "G2": ("food/tea/green", "Hill"), "B1": ("food/tea/black", "Leaf"),
    "R1": ("food/rice", "Hill"), "R2": ("food/rice", ""), "S1": ("home/soap", "Hill"), "P1": ("home/paper", ""),
    "X1": ("", ""), "H1": ("", "Hill"),
}  # fmt: skip


WEIGHED = {"R1", "R2", "X1"}  # also these weigh whole kilos now and then
QUANTITIES = ["1", "2", "3", "0.450", "1.250"]


@pytest.fixture(scope="module")
def year(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[Sold]]:
    """Built once for the module, in a transaction that is rolled back; every test is a savepoint in it."""
    with django_db_blocker.unblock(), transaction.atomic():
        forget_what_the_process_knows()
        yield _build()
        transaction.set_rollback(True)


@pytest.fixture
def noor(year: list[Sold]) -> Staff:
    return cast.staff("Noor", Role.ANALYST)


@pytest.fixture
def marta(year: list[Sold]) -> Staff:
    return cast.staff("Marta", Role.STORE_MANAGER, stores=[Store.objects.get(code="HARB")])


def _build() -> list[Sold]:
    """Forty customers, chosen by a fixed seed; returns of some lines, of whole receipts, and of parts of a line."""
    cast.chain()
    coast = cast.region("coast")
    shops = [cast.store("HARB", "Harbour", of=coast), cast.store("UPTN", "Uptown", of=coast)]
    _stock()
    chance = random.Random(7)
    sold: list[Sold] = []
    for n in range(40):
        person = cast.customer(f"C{n}", of=shops[n % 2])
        for _visit in range(chance.randint(1, 14)):
            sold += _visit_of(chance, person, chance.choice(shops))
    for day, receipts in ((date(2026, 3, 1), 4), (date(2026, 2, 1), 9)):
        GuestDay.objects.create(
            store=shops[0], business_date=day, receipts=receipts, lines=receipts * 3,
            amount=Decimal("12.34") * receipts, returned=Decimal("1.00"),
        )  # fmt: skip
    cast.night(UNTIL)
    return sold


def _stock() -> None:
    known: dict[str, Category] = {}
    for root, below in TREE.items():
        for path in (root, *below):
            parent = known.get(path.rpartition("/")[0])
            known[path] = Category.objects.create(
                path=path, name=path.rpartition("/")[2].title(), parent=parent
            )
    brands = {name: Brand.objects.create(name=name) for name in ("Leaf", "Hill")}
    for sku, (path, brand) in SHELF.items():
        Product.objects.create(sku=sku, name=sku, category=known.get(path), brand=brands.get(brand))


def _visit_of(chance: random.Random, person: Customer, shop: Store) -> list[Sold]:
    day = UNTIL - timedelta(days=min(int(chance.expovariate(1 / 60)), 400))
    rows = [
        (
            sku,
            chance.choice(QUANTITIES if sku in WEIGHED else QUANTITIES[:3]),
            f"{chance.randint(0, 4000) / 100:.2f}",
        )
        for sku in chance.sample(sorted(SHELF), chance.randint(1, 4))
    ]
    receipt = cast.purchase(person, at=shop, on=day, lines=rows, channel=chance.choice([1, 1, 2]))
    whole_back = chance.random() < 0.06
    found = [_line(chance, receipt, line, whole_back=whole_back) for line in receipt.lines.order_by("number")]
    returned = sum(line.cents_back for line in found)
    Purchase.objects.filter(pk=receipt.pk).update(returned=Decimal(returned) / 100)
    return found


def _line(chance: random.Random, receipt: Purchase, line: Line, *, whole_back: bool) -> Sold:
    """Some lines go back: whole, or a part of them."""
    share = Decimal(1) if whole_back else chance.choice([Decimal(0)] * 8 + [Decimal("0.5"), Decimal(1)])
    quantity, cents = line.quantity * share, int(line.amount * 100 * share)
    Line.objects.filter(purchase=receipt, number=line.number).update(
        returned_quantity=quantity, returned_amount=Decimal(cents) / 100
    )
    sku = line.product.sku
    return Sold(
        receipt.customer_id, receipt.pk, receipt.business_date, receipt.store.code, receipt.channel, sku, *SHELF[sku],
        line.quantity, int(line.amount * 100), quantity, cents,
    )  # fmt: skip
