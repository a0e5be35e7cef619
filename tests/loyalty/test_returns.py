"""Buying and bringing everything back is as if nothing had been bought; what goes back is booked when it came back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from crm.org.models import Store
from customers.models import Customer, Line, Purchase, Return
from loyalty import accrual, ledger
from loyalty.models import Balance, Kind, Movement
from tests import cast
from tests.loyalty import rules

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 12, 4, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _whole() -> Any:
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def earn(*receipts: Purchase, at: datetime = NOW) -> list[int]:
    with transaction.atomic():
        found = accrual.earn_for([(one.customer_id, one.pk) for one in receipts], at=at)
    return [found[one.pk] for one in receipts]


def bring_back(receipt: Purchase, at: datetime) -> Purchase:
    """All of it: the rows that receiving writes."""
    number = Return.objects.count() + 1
    Return.objects.create(
        customer_id=receipt.customer_id, purchase=receipt, store=receipt.store, source_id=receipt.source_id,
        business_date=at.astimezone(receipt.store.zone).date(), occurred_at=at, amount=receipt.amount,
        external_id=f"B{number}",
    )  # fmt: skip
    for line in Line.objects.filter(customer=receipt.customer_id, purchase=receipt):
        Line.objects.filter(customer=line.customer_id, purchase=receipt, number=line.number).update(
            returned_quantity=line.quantity, returned_amount=line.amount
        )
    Purchase.objects.filter(customer=receipt.customer_id, pk=receipt.pk).update(returned=receipt.amount)
    return receipt


def buy(who: Customer, harbour: Store, on: str, amount: str = "50.00") -> Purchase:
    return cast.purchase(who, at=harbour, on=on, amount=amount)


def account(who: Customer) -> tuple[int, int, int]:
    found = Balance.objects.get(customer=who, unit=1)
    return found.available, found.pending, found.debt


def moved(kind: Kind) -> list[tuple[datetime, int, int]]:
    found = Movement.objects.filter(kind=kind, unit=1).order_by("pk")
    return [*found.values_list("occurred_at", "available", "debt")]


def test_what_comes_back_is_booked_when_it_came_back(irina: Customer, harbour: Store) -> None:
    """150 were spent; 60 ended since, 100 were earned since: of the debt of 150 these pay what is still good."""
    rules.programme(pending_days=0)
    first, back = buy(irina, harbour, "2026-02-20", "150.00"), datetime(2026, 3, 10, 7, tzinfo=UTC)
    earn(first)
    spent = datetime(2026, 2, 21, tzinfo=UTC)
    ledger.redeem(irina.pk, 150, ledger.Cause("till:1", spent, "till:1"))
    ledger.adjust(irina.pk, 60, ledger.Cause("gift", spent, "system"), expires_at=back - HOUR)
    earn(buy(irina, harbour, "2026-03-05", "100.00"))
    earn(bring_back(first, back))
    assert moved(Kind.EXPIRE) == [(back, -60, 0)]
    assert moved(Kind.CLAWBACK) == [(back, 0, 150)]
    assert moved(Kind.SETTLE) == [(back, -100, -100)]
    assert account(irina) == (0, 0, 50)


@pytest.mark.parametrize(
    ("came_back", "booked"),
    [
        (datetime(2099, 1, 1, tzinfo=UTC), NOW),
        (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 10, 4, tzinfo=UTC)),
    ],
)
def test_not_later_than_now_nor_before_it_was_bought(
    irina: Customer, harbour: Store, came_back: datetime, booked: datetime
) -> None:
    rules.programme(pending_days=0)
    earn(bring_back(buy(irina, harbour, "2026-03-10"), came_back))
    assert moved(Kind.EARN) == [(datetime(2026, 3, 10, 4, tzinfo=UTC), 50, 0)]
    assert moved(Kind.CLAWBACK) == [(booked, -50, 0)]


def test_of_many_all_are_earned_before_what_came_back_is_taken(irina: Customer, harbour: Store) -> None:
    """As in columns: in the order in which they came back, whatever order they are told in."""
    rules.programme(pending_days=0)
    first, second = buy(irina, harbour, "2026-03-01"), buy(irina, harbour, "2026-03-02", "30.00")
    bring_back(first, NOW - HOUR)
    bring_back(second, NOW - DAY)
    assert earn(first, second) == [50, 30]
    assert moved(Kind.CLAWBACK) == [(NOW - DAY, -30, 0), (NOW - HOUR, -50, 0)]
