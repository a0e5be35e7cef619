"""Synthetic customers in groups that are apart: early birds with small baskets, weekend shoppers with big ones, those
who buy online with discounts. Written straight into the tables."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from crm.org.models import Store
from customers import consents
from customers.models import Category, Channel, Customer, Line, PersonaDue, Product, Purchase, StaleState
from tests import cast

GROUPS = ("early", "weekend", "online")


def goods() -> dict[str, Product]:
    """One product for each group, in a category of its own at the second step of the tree."""
    root = Category.objects.get_or_create(path="food", defaults={"name": "Food"})[0]
    found = {}
    for group, name in zip(GROUPS, ("Bread", "Meat", "Toys"), strict=True):
        category = Category.objects.get_or_create(
            path=f"food/{group}", defaults={"name": name, "parent": root}
        )[0]
        found[group] = Product.objects.get_or_create(
            sku=group, defaults={"name": name, "category": category}
        )[0]
    return found


def crowd(
    n: int, *, of: Store, until: date, groups: tuple[str, ...] = GROUPS, seed: int = 1
) -> dict[str, list[int]]:
    """`n` customers of each group, with ten visits or so: the ids by group."""
    chance, shelf = Random(seed), goods()
    found: dict[str, list[int]] = {group: [] for group in groups}
    for _at in range(n):
        for group in groups:
            who = Customer.objects.create(name=f"{group} {_at}", home_store=of, enrolled_at=None)
            found[group].append(who.pk)
            visits(who, group, shelf[group], of=of, until=until, chance=chance)
    return found


def visits(who: Customer, group: str, product: Product, *, of: Store, until: date, chance: Random) -> None:
    start = until - timedelta(days=100)
    for turn in range(chance.randint(8, 12)):
        day = start + timedelta(days=7 * turn + chance.randint(0, 2))
        if group == "weekend":
            day += timedelta(days=(5 - day.weekday()) % 7)
        elif day.weekday() >= 5:
            day -= timedelta(days=3)
        amount = (
            Decimal({"early": 500, "weekend": 9000, "online": 3000}[group] + chance.randint(0, 400)) / 100
        )
        off = amount / 4 if group == "online" else Decimal(0)
        bought(who, product, at=of, on=day, amount=amount, off=off.quantize(Decimal("0.01")), group=group)


def bought(
    who: Customer, product: Product, *, at: Store, on: date, amount: Decimal, off: Decimal, group: str
) -> None:
    hour = {"early": 8, "weekend": 15, "online": 20}[group]
    receipt = Purchase.objects.create(
        customer=who, store=at, source_id=cast.source().pk, business_date=on, amount=amount, discount=off,
        channel=Channel.ONLINE if group == "online" else Channel.STORE, external_id=f"C{who.pk}-{on}",
        occurred_at=datetime(on.year, on.month, on.day, hour, tzinfo=at.zone),
    )  # fmt: skip
    Line.objects.create(
        customer=who, purchase=receipt, number=1, product=product, quantity=1, amount=amount, discount=off
    )
    StaleState.objects.create(customer_id=who.pk)
    PersonaDue.objects.create(customer_id=who.pk)


def refuse(who: Customer, at: datetime) -> None:
    """They say no to a personal profile."""
    consents.record(
        who, channel=None, purpose="profiling", is_given=False, wording="unknown/test", source="till",
        by="system:test", at=at,
    )  # fmt: skip
