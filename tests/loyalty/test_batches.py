"""Many purchases earn what they earn one by one, entry for entry."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection, transaction

from crm.org.models import Store
from customers.models import Category, Customer, Line, Purchase, Return
from customers.receiving.database import cursor, enter
from loyalty import accrual
from loyalty.accrual import batch, columns, limits, loading, rulesets
from loyalty.models import Accrual, Balance, Movement
from tests import cast
from tests.loyalty import rules

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 12, 4, tzinfo=UTC)


@pytest.fixture
def bought(irina: Customer, yusuf: Customer, harbour: Store, uptown: Store) -> list[Purchase]:
    """Two members' receipts of two months; of one something came back."""
    tea = Category.objects.create(path="drinks/tea", name="Tea")
    cast.product("TEA", category=tea)
    found = []
    for n in range(24):
        who, shop = ((irina, harbour), (yusuf, uptown))[n % 2]
        lines = [
            ("TEA", "1", f"{n % 5 + 3}.{n:02}"),
            ("SKU1", "2", f"{n * 7 % 31}.55"),
            ("GIFT", "1", "3.33"),
        ]
        found.append(
            cast.purchase(who, at=shop, on=(NOW - timedelta(days=n * 2 + 1)).date(), lines=lines[: 2 + n % 2])
        )
    Line.objects.filter(purchase=found[3], number=1).update(returned_quantity=1, returned_amount="3.00")
    Purchase.objects.filter(pk=found[3].pk).update(returned="3.00")
    Return.objects.create(
        customer=found[3].customer, purchase=found[3], store=found[3].store, source_id=found[3].source_id,
        business_date=NOW.date(), occurred_at=NOW - timedelta(days=1), amount="3.00", external_id="B1",
    )  # fmt: skip
    return found


def entries() -> list[Any]:
    """All that earning wrote, without numbers and times of writing."""
    moved = Movement.objects.order_by("customer", "unit", "source", "kind").values_list(
        "customer", "unit", "kind", "source", "purchase", "store", "occurred_at", "actor", "available", "pending",
        "debt", "contra", "lots__points", "lots__vests_at", "lots__expires_at", "lots__is_extended",
    )  # fmt: skip
    kept = Accrual.objects.order_by("purchase").values_list(
        "purchase", "customer", "programme", "business_date", "points", "kept", "growth", "growth_kept", "is_first",
        "changes", "reasons", "lines", "movement__source", "growth_movement__source",
    )  # fmt: skip
    balances = Balance.objects.order_by("customer", "unit").values_list(
        "customer", "unit", "available", "pending", "held", "debt", "extended_to"
    )
    # What ends or vests on the way is named by chance.
    told = [tuple(re.sub(r"^(expire|vest):\w+", r"\1", str(value)) for value in row) for row in moved]
    return [*sorted(told), *kept, *balances]


def in_both_ways(bought: list[Purchase]) -> tuple[list[Any], list[Any]]:
    """What is written set-based, and one by one."""
    ordered = sorted(bought, key=lambda one: (one.business_date, one.occurred_at, one.pk))
    with transaction.atomic():
        cur = cursor()
        enter(cur)
        pairs = (np.array([getattr(one, name) for one in bought]) for name in ("customer_id", "pk"))
        batch.earn_many(cur, *pairs, at=NOW)
        cur.execute("SET CONSTRAINTS ALL IMMEDIATE")
        many = entries()
        transaction.set_rollback(True)
    with transaction.atomic():
        accrual.earn_for([(one.customer_id, one.pk) for one in ordered], at=NOW)
        with connection.cursor() as checks:
            checks.execute("SET CONSTRAINTS ALL IMMEDIATE")
        singly = entries()
    return many, singly


def test_set_based_earning_makes_the_same_entries(bought: list[Purchase], irina: Customer) -> None:
    irina.birthday = datetime(1990, 2, 20).date()
    irina.save()
    rules.programme(excluded={"products": ["GIFT"]}, cap_month=200, rounding="half_up")
    rules.programme(valid_from=datetime(2026, 2, 20).date(), money_per_point="0.3")
    rules.rule(
        "tea", kind="multiplier", percent=300, condition={"categories": ["drinks"]}, cap_day=9, cap_month=40
    )
    rules.rule("half", kind="base", percent=50, condition={"products": ["SKU1"], "minimum_cents": 1000})
    rules.rule("first", kind="bonus", points=100, condition={"is_first": True})
    rules.rule("born", kind="multiplier", percent=200, condition={"birthday_days": 3})
    many, singly = in_both_ways(bought)
    assert many == singly
    assert Accrual.objects.filter(changes=1).count() == 1
    assert (
        len({row[0] for kept in Accrual.objects.all() for row in kept.reasons["r"]}) == 5
    )  # each has its turn


def test_amounts_that_columns_cannot_hold_and_points_that_live_by_activity(
    bought: list[Purchase], irina: Customer, yusuf: Customer, harbour: Store
) -> None:
    rules.programme(ending="activity", ending_count=1, pending_days=0, money_per_point="0.0001")
    bought.append(cast.purchase(yusuf, at=harbour, on="2026-02-01", amount="99999999999.99"))
    bought.append(cast.purchase(irina, at=harbour, on="2025-11-01", amount="10.00"))
    many, singly = in_both_ways(bought)
    assert many == singly


def test_what_came_back_whole_uses_no_limit(irina: Customer, yusuf: Customer, harbour: Store) -> None:
    """Of one of them by a rule of the day, of the other by the month; some came back before the next, some after."""
    rules.programme(cap_month=90, cap_receipt=40)
    rules.rule("extra", kind="bonus", points=30, cap_day=45)
    mine = []
    for n in range(14):
        one = cast.purchase(
            (irina, yusuf)[n % 2], at=harbour, on=f"2026-02-{1 + n // 4:02}", amount=f"{9 + n}.00"
        )
        Purchase.objects.filter(pk=one.pk).update(occurred_at=one.occurred_at + timedelta(minutes=n))
        mine.append(Purchase.objects.get(pk=one.pk))
        if n % 3 == 0:
            Line.objects.filter(purchase=one).update(returned_quantity=1, returned_amount=one.amount)
            Purchase.objects.filter(pk=one.pk).update(returned=one.amount)
            Return.objects.create(
                customer=one.customer, purchase=one, store=harbour, source_id=one.source_id, external_id=f"B{n}",
                business_date=one.business_date, amount=one.amount,
                occurred_at=mine[-1].occurred_at + timedelta(minutes=n % 4, hours=n % 2 * 30),
            )  # fmt: skip
    many, singly = in_both_ways(mine)
    assert many == singly
    points = Accrual.objects.order_by("business_date", "purchase__occurred_at").values_list(
        "points", flat=True
    )
    assert [*points] == [39, 40, 40, 27, 40, 23, 10, 0, 10, 27, 0, 0, 0, 0]


def test_what_came_back_whole_is_no_activity_and_not_the_first(irina: Customer, harbour: Store) -> None:
    rules.programme(ending="activity", ending_count=1, pending_days=0)
    rules.rule("first", kind="bonus", points=100, condition={"is_first": True})
    days = ("2025-11-20", "2025-12-01", "2025-12-20", "2026-01-10")
    mine = [cast.purchase(irina, at=harbour, on=day, amount="10.00") for day in days]
    for place in (0, 2):
        one = mine[place]
        Line.objects.filter(purchase=one).update(returned_quantity=1, returned_amount=10)
        Purchase.objects.filter(pk=one.pk).update(returned=10)
        Return.objects.create(
            customer=irina, purchase=one, store=harbour, source_id=one.source_id, business_date=one.business_date,
            occurred_at=one.occurred_at + timedelta(hours=2), amount="10.00", external_id=f"B{place}",
        )  # fmt: skip
    many, singly = in_both_ways(mine)
    assert many == singly
    kept = Accrual.objects.order_by("business_date").values_list("points", "kept", "is_first")
    assert [*kept] == [(110, 0, True), (110, 110, True), (10, 0, False), (10, 10, False)]
    assert Balance.objects.get(unit=1).available == 10  # the others had ended on the first of January


def test_a_purchase_is_earned_once(bought: list[Purchase], irina: Customer, harbour: Store) -> None:
    rules.programme()
    accrual.earn_for([(bought[0].customer_id, bought[0].pk)], at=NOW)
    with transaction.atomic():
        cur = cursor()
        enter(cur)
        pairs = [np.array([getattr(one, name) for one in bought]) for name in ("customer_id", "pk")]
        assert batch.earn_many(cur, *pairs, at=NOW).purchases == len(bought) - 1
        before = entries()
        assert batch.earn_many(cur, *pairs, at=NOW)[::2] == (0, 0)
        assert entries() == before


def test_a_replay_comes_to_what_was_earned(bought: list[Purchase]) -> None:
    rules.programme()
    rules.rule("first", kind="bonus", points=100, condition={"is_first": True})
    rules.rule("some", kind="multiplier", percent=300, cap_month=30)
    in_both_ways(bought)
    cur, book = cursor(), rulesets.book()
    pairs = batch.columns_of((one.customer_id, one.pk) for one in bought)
    assert len(loading.load(cur, *pairs, book)) == 0
    again = loading.load(cur, *pairs, book, again=True)
    found = book.on(again.days[0])
    assert found is not None
    earned = columns.earn(found, again.receipts, limits.Used(book.watched))
    kept = dict(Accrual.objects.values_list("purchase", "points"))
    assert dict(zip(again.purchase.tolist(), earned.points.tolist(), strict=True)) == kept
