"""Runs over all members, and issuing in bulk."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from customers.models import Customer
from customers.receiving import database
from loyalty import ledger
from loyalty.ledger import Cause, NewLot, bulk, runs
from loyalty.ledger.bulk import Earning
from loyalty.models import Balance, Lot, Movement, Trace

pytestmark = pytest.mark.django_db


def issue(earnings: list[Earning]) -> dict[tuple[int, str], int]:
    with transaction.atomic():
        cur = database.cursor()
        database.enter(cur)
        made = bulk.earn_many(cur, earnings, by="system:night")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    return made


def books() -> tuple[list, list, list]:
    """All that the ledger holds, without numbers and times of recording."""
    columns = ("customer", "kind", "source", "available", "pending", "held", "debt", "contra", "occurred_at")
    return (
        list(Movement.objects.order_by("customer", "source").values_list(*columns)),
        list(
            Lot.objects.order_by("customer", "earned_at", "points").values_list(
                "customer",
                "points",
                "pending",
                "available",
                "held",
                "vests_at",
                "expires_at",
                "movement__source",
            )
        ),
        list(
            Balance.objects.order_by("customer").values_list(
                "customer", "available", "pending", "debt", "version"
            )
        ),
    )


def test_bulk_makes_the_entries_of_one_by_one(irina: Customer, yusuf: Customer, noon: datetime) -> None:
    earnings = [
        Earning(
            who.pk,
            points,
            f"receipt:{who.pk}-{points}",
            noon,
            vests_at=vests,
            expires_at=noon + timedelta(days=99),
        )
        for who in (irina, yusuf)
        for points, vests in ((5, None), (7, noon + timedelta(days=14)))
    ]
    issue(earnings)
    in_bulk = books()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL regulars.moves_rows = 'on'")
        for table in (Trace, Lot, Movement):
            cursor.execute(f"DELETE FROM {table._meta.db_table}")
        cursor.execute("SET LOCAL regulars.moves_rows = 'off'")
    for one in earnings:
        lot = NewLot(one.points, one.expires_at, vests_at=one.vests_at)
        ledger.earn(one.customer_id, [lot], Cause(one.source, one.at, "system:night"))
    assert books() == in_bulk


def test_a_source_is_issued_once(irina: Customer, noon: datetime) -> None:
    first = issue([Earning(irina.pk, 5, "receipt:1", noon)])
    again = issue([Earning(irina.pk, 5, "receipt:1", noon), Earning(irina.pk, 6, "receipt:2", noon)])
    assert again[irina.pk, "receipt:1"] == first[irina.pk, "receipt:1"]
    assert Balance.objects.get().available == 11


def test_bulk_pays_what_is_owed(irina: Customer, noon: datetime) -> None:
    bought = ledger.earn(irina.pk, [NewLot(50)], Cause("receipt:1", noon, "till:1"))
    ledger.redeem(irina.pk, 50, Cause("till:1", noon, "till:1"))
    ledger.claw_back(irina.pk, bought.movement_id, Cause("return:1", noon, "till:1"))
    issue([Earning(irina.pk, 30, "receipt:2", noon), Earning(irina.pk, 30, "receipt:3", noon)])
    found = Balance.objects.get()
    assert (found.available, found.debt) == (10, 0)


def test_each_point_ends_once(irina: Customer, yusuf: Customer, noon: datetime) -> None:
    end = noon + timedelta(days=30)
    issue([Earning(who.pk, 5, f"receipt:{who.pk}", noon, expires_at=end) for who in (irina, yusuf)])
    assert list(runs.expire_due(at=end - timedelta(seconds=1))) == []
    assert list(runs.expire_due(at=end)) == [runs.Done(2, 10)]
    assert list(runs.expire_due(at=end)) == []
    assert [balance.available for balance in Balance.objects.all()] == [0, 0]


def test_the_run_vests_and_settles(irina: Customer, noon: datetime) -> None:
    bought = ledger.earn(irina.pk, [NewLot(50)], Cause("receipt:1", noon, "till:1"))
    ledger.redeem(irina.pk, 50, Cause("till:1", noon, "till:1"))
    ledger.claw_back(irina.pk, bought.movement_id, Cause("return:1", noon, "till:1"))
    issue([Earning(irina.pk, 60, "receipt:2", noon, vests_at=noon + timedelta(days=14))])
    assert list(runs.vest_due(at=noon + timedelta(days=14))) == [runs.Done(1, 60)]
    found = Balance.objects.get()
    assert (found.available, found.pending, found.debt) == (10, 0, 0)


def test_lots_of_active_members_end_with_their_activity(irina: Customer, noon: datetime) -> None:
    issue([Earning(irina.pk, 5, "receipt:1", noon, is_extended=True)])
    ledger.extend(irina.pk, noon + timedelta(days=10))
    assert list(runs.expire_due(at=noon + timedelta(days=9))) == []
    assert list(runs.expire_due(at=datetime(2026, 3, 20, 4, tzinfo=UTC))) == [runs.Done(1, 5)]
