"""Personas: a year of Irina's in exact values, random lives beside a plain reference, nights beside a rebuild."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from crm.org.models import Store
from customers import consents, histories, states
from customers.merging import merge
from customers.models import (
    Brand,
    Category,
    Channel,
    Customer,
    Line,
    Persona,
    PersonaBasis,
    PersonaDue,
    Product,
    ProductPrice,
    Purchase,
    StaleState,
)
from customers.persona import prices, reading
from tests import cast
from tests.night import persona_reference as reference
from tests.night.helpers import run_night

MONDAY = date(2026, 3, 9)
IGNORED = {"customer_id", "night_id", "ended_night", "digest", "daypart", "daypart_shares", "basket_amount"}
SHELVES = {
    "milk": [("Dale", "1.00"), ("Dale", "1.20"), ("Hill", "1.50"), ("Hill", "2.00"), ("Peak", "3.00")],
    "bread": [("Oven", "2.00"), ("Oven", "2.50"), ("Crust", "4.00")],
    "soap": [("Foam", "5.00")],
}


@pytest.fixture(autouse=True, params=[0, 10**9], ids=["by the customer", "from the histories"])
def small_slices(request: Any, monkeypatch: pytest.MonkeyPatch, chain: object, from_one: None) -> None:
    from customers.persona import step

    monkeypatch.setattr(step, "MANY", request.param)
    monkeypatch.setattr(histories, "RANGE", 4)

    monkeypatch.setattr(states, "SLICE", 5)
    monkeypatch.setattr(step, "CHUNK", 3)
    monkeypatch.setattr(states, "REBUILD_SHARE", 0)


@pytest.fixture
def catalogue(chain: object) -> dict[str, list[Product]]:
    food = Category.objects.create(path="food", name="Food")
    found = {}
    for name, goods in SHELVES.items():
        category = Category.objects.create(path=f"food/{name}", name=name.title(), parent=food)
        leaf = Category.objects.create(path=f"food/{name}/all", name=f"All {name}", parent=category)
        found[name] = [
            Product.objects.create(
                sku=f"{name}{i}", name=f"{brand} {name}", category=leaf,
                brand=Brand.objects.get_or_create(name=brand)[0],
            )
            for i, (brand, _price) in enumerate(goods)
        ]  # fmt: skip
    return found


def price_of(product: Product) -> Decimal:
    return Decimal(SHELVES[product.sku[:-1]][int(product.sku[-1])][1])


def bought(who: Customer, at: Store, on: date, *goods: Product, hour: int = 12, off: str = "0.00",
           channel: int = Channel.STORE) -> Purchase:  # fmt: skip
    """One of each, each with `off` taken off its price."""
    total = sum((price_of(one) - Decimal(off) for one in goods), Decimal(0))
    receipt = Purchase.objects.create(
        customer=who, store=at, source_id=cast.source().pk, business_date=on, amount=total, channel=channel,
        external_id=f"P{Purchase.objects.count()}",
        occurred_at=datetime(on.year, on.month, on.day, hour, tzinfo=at.zone),
    )  # fmt: skip
    Line.objects.bulk_create(
        Line(customer=who, purchase=receipt, number=n, product=one, quantity=1, amount=price_of(one) - Decimal(off),
             discount=Decimal(off))
        for n, one in enumerate(goods, start=1)
    )  # fmt: skip
    StaleState.objects.create(customer_id=who.pk, since=on)
    return receipt


def now(who: Customer) -> Persona:
    return Persona.objects.get(customer=who, ended_night=None)


def test_irinas_year(irina: Customer, harbour: Store, catalogue: dict[str, list[Product]]) -> None:
    milk, bread = catalogue["milk"], catalogue["bread"]
    for week in range(4):  # Mondays in the morning: dear milk and bread from Oven
        bought(irina, harbour, MONDAY + timedelta(days=7 * week), milk[4], bread[0], hour=10)
    bought(irina, harbour, MONDAY + timedelta(days=23), milk[2], hour=23, off="0.50", channel=Channel.ONLINE)
    run_night(MONDAY + timedelta(days=30))
    found = now(irina)
    dairy, loaves = (Category.objects.get(path=f"food/{name}").pk for name in ("milk", "bread"))
    leaves = {name: Category.objects.get(path=f"food/{name}/all").pk for name in ("milk", "bread")}
    brands = dict(Brand.objects.values_list("name", "pk"))
    # 4 × 3.00 + 4 × 2.00 + 1.00 = 21.00, of which 13.00 for milk
    assert (found.visits, found.basket_amount, found.basket_lines) == (5, Decimal("4.20"), 18)
    assert (found.categories, found.category_shares) == ([dairy, loaves, 0, 0, 0], [619, 381, 0, 0, 0])
    assert found.brands == [brands["Peak"], brands["Oven"], brands["Hill"], 0, 0]
    assert found.brand_shares == [571, 381, 48, 0, 0]
    assert found.brand_loyalty == 952  # (12.00 of Peak + 8.00 of Oven) of 21.00
    assert (found.weekday, found.weekday_shares) == (0, [800, 0, 200, 0, 0, 0, 0])
    assert (found.daypart, found.daypart_shares) == (1, [0, 800, 0, 0, 0, 200])
    assert found.online_share == 200
    assert (found.discount_share, found.deal_share) == (23, 111)  # 0.50 of 21.50, 1 line of 9
    assert (found.cycle_days, found.next_on) == (7, MONDAY + timedelta(days=30))  # intervals 7, 7, 7, 2
    assert found.refill_categories == [leaves["milk"], leaves["bread"], 0, 0, 0]
    assert found.refill_days == [7, 7, 0, 0, 0]
    assert found.refill_on[:2] == [MONDAY + timedelta(days=30), MONDAY + timedelta(days=28)]


def test_prices_stand_in_thirds_of_their_category(
    irina: Customer, harbour: Store, catalogue: dict[str, list[Product]]
) -> None:
    goods = [*catalogue["milk"], *catalogue["bread"], *catalogue["soap"]]
    bought(irina, harbour, MONDAY, *goods)
    run_night(MONDAY)
    levels = [ProductPrice.objects.get(product=one).level for one in goods]
    assert levels == [1, 1, 2, 2, 3, 1, 2, 3, 0]  # one kind of soap has no thirds
    assert now(irina).price_level == 2
    assert now(irina).price_place == 58  # 50 × (1.50 + 2.00 + 2 × 3.00 + 2.50 + 2 × 4.00) of 17.20


def test_few_visits_say_little(irina: Customer, harbour: Store, catalogue: dict[str, list[Product]]) -> None:
    bought(irina, harbour, MONDAY, catalogue["soap"][0])
    run_night(MONDAY)
    found = now(irina)
    assert (found.cycle_days, found.next_on, found.brand_loyalty, found.price_level) == (None, None, None, 0)
    assert found.refill_categories == [0, 0, 0, 0, 0]


def test_the_year_ends_with_the_last_purchase(
    irina: Customer, harbour: Store, catalogue: dict[str, Any]
) -> None:
    bought(irina, harbour, MONDAY - timedelta(days=800), catalogue["soap"][0])
    bought(irina, harbour, MONDAY - timedelta(days=400), catalogue["milk"][0])
    bought(irina, harbour, MONDAY - timedelta(days=390), catalogue["bread"][0])
    run_night(MONDAY)
    assert now(irina).visits == 2  # the silence since does not make them a stranger


def test_nothing_new_writes_nothing(irina: Customer, harbour: Store, catalogue: dict[str, Any]) -> None:
    bought(irina, harbour, MONDAY, catalogue["milk"][0])
    run_night(MONDAY)
    before = list(Persona.objects.values())
    run_night(MONDAY + timedelta(days=1))
    StaleState.objects.create(customer_id=irina.pk)
    run_night(MONDAY + timedelta(days=2))
    run_night(MONDAY + timedelta(days=2), rebuild=True)
    assert list(Persona.objects.values()) == before
    assert not PersonaDue.objects.exists()


def test_a_receipt_of_tomorrow_counts_tomorrow(
    irina: Customer, harbour: Store, catalogue: dict[str, Any]
) -> None:
    bought(irina, harbour, MONDAY, catalogue["milk"][0])
    bought(irina, harbour, MONDAY + timedelta(days=2), catalogue["milk"][0])
    run_night(MONDAY)
    assert now(irina).visits == 1
    run_night(MONDAY + timedelta(days=1))
    assert now(irina).visits == 1
    run_night(MONDAY + timedelta(days=2))
    assert now(irina).visits == 2
    assert not PersonaDue.objects.exists()


def test_who_brought_everything_back_has_none(
    irina: Customer, harbour: Store, catalogue: dict[str, Any]
) -> None:
    receipt = bought(irina, harbour, MONDAY, catalogue["milk"][0])
    run_night(MONDAY)
    Purchase.objects.filter(customer=irina, pk=receipt.pk).update(returned=receipt.amount)
    StaleState.objects.create(customer_id=irina.pk)
    run_night(MONDAY + timedelta(days=1))
    assert not Persona.objects.filter(ended_night=None).exists()
    assert Persona.objects.get(customer=irina).ended_night is not None


def test_merging_joins_two_personas(
    irina: Customer, harbour: Store, catalogue: dict[str, Any], noon: datetime
) -> None:
    other = cast.customer("Irene", of=harbour)
    bought(irina, harbour, MONDAY, catalogue["milk"][0])
    bought(other, harbour, MONDAY, catalogue["bread"][0])
    run_night(MONDAY)
    merge(irina, other, by="system:test", at=noon)
    run_night(MONDAY + timedelta(days=1))
    assert now(irina).visits == 2
    assert not Persona.objects.filter(customer=other, ended_night=None).exists()


def test_a_night_taken_back_is_computed_again(
    irina: Customer, harbour: Store, catalogue: dict[str, Any]
) -> None:
    from customers.persona import step

    bought(irina, harbour, MONDAY, catalogue["milk"][0])
    run_night(MONDAY)
    bought(irina, harbour, MONDAY + timedelta(days=1), catalogue["milk"][0])
    run_night(MONDAY + timedelta(days=1))
    step.take_back(now(irina).night_id)
    assert now(irina).visits == 1
    run_night(MONDAY + timedelta(days=2))
    assert now(irina).visits == 2


def test_other_prices_or_another_window_compute_everybody(
    irina: Customer, harbour: Store, catalogue: dict[str, Any]
) -> None:
    bought(irina, harbour, MONDAY, *catalogue["milk"])
    run_night(MONDAY)
    Persona.objects.update(digest=0)
    run_night(MONDAY + timedelta(days=27))
    assert now(irina).digest == 0
    run_night(MONDAY + timedelta(days=28))
    assert now(irina).digest != 0
    assert PersonaBasis.objects.get().prices_on == MONDAY + timedelta(days=28)


@pytest.mark.parametrize("seed", range(3))
def test_random_lives_beside_the_reference(
    seed: int, harbour: Store, uptown: Store, catalogue: dict[str, Any]
) -> None:
    rng = random.Random(seed)
    goods = [one for shelf in catalogue.values() for one in shelf]
    people = [cast.customer(f"Customer {n}", of=harbour) for n in range(12)]
    for night in range(4):
        for _ in range(40):
            who, on = rng.choice(people), MONDAY + timedelta(days=rng.randrange(-500, 40))
            receipt = bought(
                who, rng.choice([harbour, uptown]), on, *rng.choices(goods, k=rng.randrange(1, 4)),
                hour=rng.randrange(24), off=rng.choice(["0.00", "0.30"]), channel=rng.choice([1, 1, 2]),
            )  # fmt: skip
            if rng.random() < 0.2:
                bring_back(receipt, rng)
        run_night(MONDAY + timedelta(days=night))
    compare(people, MONDAY + timedelta(days=3))
    before = list(Persona.objects.filter(ended_night=None).order_by("customer").values())
    run_night(MONDAY + timedelta(days=3), rebuild=True)
    assert list(Persona.objects.filter(ended_night=None).order_by("customer").values()) == before


def bring_back(receipt: Purchase, rng: random.Random) -> None:
    lines = list(receipt.lines.all())
    for line in rng.sample(lines, rng.randrange(1, len(lines) + 1)):
        Line.objects.filter(customer=receipt.customer_id, purchase=receipt, number=line.number).update(
            returned_quantity=1, returned_amount=line.amount
        )
        receipt.returned += line.amount
    Purchase.objects.filter(customer=receipt.customer_id, pk=receipt.pk).update(returned=receipt.returned)


def compare(people: list[Customer], on: date) -> None:
    with connection.cursor() as cursor:
        found = reading.goods(cursor)
    goods = {
        pk: tuple(int(getattr(found, name)[pk]) for name in ("category", "kind", "brand", "level"))
        for pk in Product.objects.values_list("pk", flat=True)
    }
    choices = {n for n in range(len(found.is_choice)) if found.is_choice[n]}
    for who in people:
        receipts = Purchase.objects.filter(customer=who).prefetch_related("lines")
        told = reference.persona(receipts, on, 365, goods, choices)  # type: ignore[arg-type]
        stored = Persona.objects.filter(customer=who, ended_night=None).values().first()
        shown = stored and {name: value for name, value in stored.items() if name not in IGNORED}
        assert shown == told, who


def test_thirds_of_equal_prices_are_one_third() -> None:
    import numpy as np

    assert prices.thirds(np.array([1, 1, 1, 1]), np.array([5, 5, 5, 9])).tolist() == [1, 1, 1, 3]
    assert prices.thirds(np.array([1, 1, 2]), np.array([5, 9, 9])).tolist() == [0, 0, 0]


def say_of_profile(who: Customer, is_given: bool) -> None:
    consents.record(
        who, channel=None, purpose="profiling", is_given=is_given, wording="unknown/test", source="test",
        by="system:test", at=None,
    )  # fmt: skip


def test_a_no_to_the_profile_removes_it_and_a_yes_brings_it_back(
    irina: Customer, yusuf: Customer, harbour: Store, catalogue: dict[str, list[Product]]
) -> None:
    for who in (irina, yusuf):
        bought(who, harbour, MONDAY, catalogue["soap"][0])
    run_night(MONDAY)
    bought(irina, harbour, MONDAY + timedelta(days=1), catalogue["soap"][0])
    run_night(MONDAY + timedelta(days=1))
    assert Persona.objects.filter(customer=irina).count() == 2
    say_of_profile(irina, False)
    run_night(MONDAY + timedelta(days=2))
    assert not Persona.objects.filter(customer=irina).exists()
    assert now(yusuf).visits == 1
    run_night(MONDAY + timedelta(days=2), rebuild=True)
    assert not Persona.objects.filter(customer=irina).exists()
    say_of_profile(irina, True)
    run_night(MONDAY + timedelta(days=3))
    assert now(irina).visits == 2
