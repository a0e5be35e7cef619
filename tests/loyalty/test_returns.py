"""Buying and bringing everything back is as if nothing had been bought; what goes back is booked when it came back."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from crm.org.models import Store
from customers.models import Customer, Line, Purchase, Return
from loyalty import accrual, ledger
from loyalty.accrual import reading, rulesets
from loyalty.accrual.rulesets import Book, RuleSet
from loyalty.evaluation import person
from loyalty.evaluation.asking import Asked
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


# --- Points that live as long as their member buys -------------------------------------------------------------------


def alive_to(who: Customer) -> datetime | None:
    return Balance.objects.get(customer=who, unit=1).extended_to


@pytest.fixture
def lives(irina: Customer, harbour: Store) -> datetime:
    """By a purchase that is kept, until the end of 31 July."""
    rules.programme(ending="activity", ending_count=6, pending_days=0)
    earn(buy(irina, harbour, "2026-01-31"))
    return datetime(2026, 7, 31, 16, tzinfo=UTC)


def test_what_came_back_whole_keeps_nothing_alive(irina: Customer, harbour: Store, lives: datetime) -> None:
    bought = buy(irina, harbour, "2026-03-10", "0.10")
    earn(bought)
    assert alive_to(irina) == datetime(2026, 9, 10, 16, tzinfo=UTC)
    earn(bring_back(bought, NOW - HOUR))
    assert alive_to(irina) == lives
    earn(bring_back(buy(irina, harbour, "2026-03-11"), NOW - HOUR))  # the return came before it
    assert (alive_to(irina), account(irina)) == (lives, (50, 0, 0))
    Purchase.objects.filter(pk=bought.pk).update(returned="0.04")  # a return was withdrawn
    earn(bought)
    assert alive_to(irina) == datetime(2026, 9, 10, 16, tzinfo=UTC)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_as_far_as_nothing_else_kept_them_alive_since(
    irina: Customer, harbour: Store, lives: datetime, order: tuple[int, int]
) -> None:
    bought = [buy(irina, harbour, day, "20.00") for day in ("2026-03-05", "2026-03-10")]
    earn(*bought)
    earn(bring_back(bought[order[0]], NOW - HOUR))
    left = (datetime(2026, 9, 10, 16, tzinfo=UTC), datetime(2026, 9, 5, 16, tzinfo=UTC))
    assert alive_to(irina) == left[order[0]]
    earn(bring_back(bought[order[1]], NOW - HOUR))
    assert (alive_to(irina), account(irina)) == (lives, (50, 0, 0))


# --- The first purchase ---------------------------------------------------------------------------------------------


def test_after_one_that_came_back_whole_the_next_is_the_first(irina: Customer, harbour: Store) -> None:
    rules.programme(pending_days=0)
    rules.rule("first", kind="bonus", points=100, condition={"is_first": True})
    first = buy(irina, harbour, "2026-03-05")
    asked = Asked(harbour, 1, NOW, (), customer_id=irina.pk)
    assert earn(first) == [150]
    assert not person.of(asked, set()).is_first
    earn(bring_back(first, datetime(2026, 3, 6, 4, tzinfo=UTC)))
    assert person.of(asked, set()).is_first
    again = [buy(irina, harbour, f"2026-03-{day:02}", "12.00") for day in (7, 8)]
    assert [earn(one) for one in again] == [[112], [12]]
    assert account(irina) == (124, 0, 0)


def test_one_that_came_back_after_the_next_was_the_first(irina: Customer, harbour: Store) -> None:
    """However late the next becomes known. Once there is a next one that is kept, none after it is the first."""
    rules.programme(pending_days=0)
    rules.rule("first", kind="bonus", points=100, condition={"is_first": True})
    first, back = buy(irina, harbour, "2026-03-05"), datetime(2026, 3, 8, 4, tzinfo=UTC)
    earn(bring_back(first, back))
    days = ("2026-03-07", "2026-03-09")
    assert [earn(buy(irina, harbour, day, "12.00")) for day in days] == [[12], [12]]


# --- Limits ---------------------------------------------------------------------------------------------------------


def test_what_came_back_whole_uses_no_limit(irina: Customer, harbour: Store) -> None:
    rules.programme(pending_days=0, cap_month=200)
    rules.rule("extra", kind="bonus", points=50, cap_day=50)
    first = buy(irina, harbour, "2026-03-05", "150.00")
    assert earn(first) == [200]
    earn(bring_back(first, first.occurred_at + HOUR))
    again = buy(irina, harbour, "2026-03-05", "150.00")
    Purchase.objects.filter(pk=again.pk).update(occurred_at=first.occurred_at + 2 * HOUR)
    assert not (asked := reading.used_before(irina.pk, *_at(first, 2), *_rules(first))).month
    assert asked.day == {}
    assert earn(again) == [200]
    assert account(irina) == (200, 0, 0)


def test_what_came_back_later_used_the_limit_until_then(irina: Customer, harbour: Store) -> None:
    rules.programme(pending_days=0, cap_month=200)
    first, second = buy(irina, harbour, "2026-03-05", "150.00"), buy(irina, harbour, "2026-03-06", "150.00")
    earn(bring_back(first, datetime(2026, 3, 8, 4, tzinfo=UTC)))
    assert earn(second, buy(irina, harbour, "2026-03-09", "170.00")) == [50, 150]


def _at(receipt: Purchase, hours: int) -> tuple[date, datetime]:
    return receipt.business_date, receipt.occurred_at + hours * HOUR


def _rules(receipt: Purchase) -> tuple[RuleSet, Book]:
    book = rulesets.book()
    found = book.on(receipt.business_date)
    assert found is not None
    return found, book
