"""A small chain with a year of purchases: two stores, a tree of goods with brands, weighed goods, returns, guests."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from crm.org.models import Store
from customers.models import Brand, Category, GuestDay, Line, Product, Purchase
from tests import cast
from tests.analytics.reference import Sold

UNTIL = date(2026, 3, 10)
TREE = {
    "food": ["food/tea", "food/tea/green", "food/tea/black", "food/rice"],
    "home": ["home/soap", "home/paper"],
}


@pytest.fixture
def goods(chain: object) -> dict[str, tuple[str, str]]:
    """SKU to category and brand; two have no brand, one stands in no category."""
    known: dict[str, Category] = {}
    for root, below in TREE.items():
        for path in (root, *below):
            parent = known.get(path.rpartition("/")[0])
            known[path] = Category.objects.create(
                path=path, name=path.rpartition("/")[2].title(), parent=parent
            )
    brands = {name: Brand.objects.create(name=name) for name in ("Leaf", "Hill")}
    shelf = {
        "G1": ("food/tea/green", "Leaf"), "G2": ("food/tea/green", "Hill"), "B1": ("food/tea/black", "Leaf"),
        "R1": ("food/rice", "Hill"), "R2": ("food/rice", ""), "S1": ("home/soap", "Hill"), "P1": ("home/paper", ""),
        "X1": ("", ""),
    }  # fmt: skip
    for sku, (path, brand) in shelf.items():
        Product.objects.create(sku=sku, name=sku, category=known.get(path), brand=brands.get(brand))
    return shelf


@pytest.fixture
def year(harbour: Store, uptown: Store, goods: dict[str, tuple[str, str]]) -> list[Sold]:
    """Forty customers, chosen by a fixed seed; returns of some lines, of whole receipts, and of parts of a line."""
    chance = random.Random(7)
    sold: list[Sold] = []
    for n in range(40):
        shop = (harbour, uptown)[n % 2]
        person = cast.customer(f"C{n}", of=shop)
        for _visit in range(chance.randint(1, 14)):
            sold += _visit_of(chance, person, chance.choice([harbour, uptown]), goods)
    for shop, day, receipts in ((harbour, date(2026, 3, 1), 4), (harbour, date(2026, 2, 1), 9)):
        GuestDay.objects.create(
            store=shop, business_date=day, receipts=receipts, lines=receipts * 3, amount=Decimal("12.34") * receipts,
            returned=Decimal("1.00"),
        )  # fmt: skip
    cast.night(UNTIL)
    return sold


def _visit_of(chance: random.Random, person, shop: Store, goods: dict[str, tuple[str, str]]) -> list[Sold]:
    day = UNTIL - timedelta(days=min(int(chance.expovariate(1 / 60)), 400))
    rows = [
        (sku, chance.choice(["1", "2", "3", "0.450", "1.250"]), f"{chance.randint(0, 4000) / 100:.2f}")
        for sku in chance.sample(sorted(goods), chance.randint(1, 4))
    ]
    receipt = cast.purchase(person, at=shop, on=day, lines=rows, channel=chance.choice([1, 1, 2]))
    whole_back = chance.random() < 0.06
    found = [
        _line(chance, receipt, line, goods, whole_back=whole_back)
        for line in receipt.lines.order_by("number")
    ]
    returned = sum(line.cents_back for line in found)
    Purchase.objects.filter(pk=receipt.pk).update(returned=Decimal(returned) / 100)
    return found


def _line(
    chance: random.Random,
    receipt: Purchase,
    line: Line,
    goods: dict[str, tuple[str, str]],
    *,
    whole_back: bool,
) -> Sold:
    """Some lines go back: whole, or a part of them."""
    share = Decimal(1) if whole_back else chance.choice([Decimal(0)] * 8 + [Decimal("0.5"), Decimal(1)])
    quantity, cents = line.quantity * share, int(line.amount * 100 * share)
    Line.objects.filter(purchase=receipt, number=line.number).update(
        returned_quantity=quantity, returned_amount=Decimal(cents) / 100
    )
    sku = line.product.sku
    return Sold(
        receipt.customer_id, receipt.pk, receipt.business_date, receipt.store.code, receipt.channel, sku, *goods[sku],
        line.quantity, int(line.amount * 100), quantity, cents,
    )  # fmt: skip
