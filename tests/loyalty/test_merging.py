"""Points when two customers become one, and when that is undone."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from crm.org.models import Staff, Store
from customers import merging
from customers.merging.refusals import CannotMerge
from customers.models import Customer
from loyalty import ledger
from loyalty.ledger import Cause, NewLot, proof
from loyalty.models import Balance, Lot, Movement, Trace
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sound() -> Iterator[None]:
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    assert [fault for proved in proof.prove() for fault in proved.faults] == []


def why(source: str, at: datetime) -> Cause:
    return Cause(source, at, "till:1")


def rows() -> list[list[tuple[Any, ...]]]:
    """All that the ledger holds; accounts in which nothing ever happened are none."""
    models: list[Any] = [Movement, Lot, Trace, Balance]
    found = [sorted(model.objects.values_list(), key=str) for model in models[:3]]
    return [*found, sorted(Balance.objects.exclude(version=0).values_list(), key=str)]


def points(who: Customer) -> tuple[int, int, int, int]:
    found = Balance.objects.get(customer=who, unit=1)
    return found.available, found.pending, found.held, found.debt


@pytest.fixture
def irina(harbour: Store) -> Customer:
    """Without a member number, which would keep her apart from somebody with another."""
    return cast.customer("Irina", of=harbour, phone="+8613800138001")


@pytest.fixture
def yusuf(harbour: Store) -> Customer:
    return cast.customer("Yusuf", of=harbour, phone="+8613800138002")


@pytest.fixture
def two(irina: Customer, yusuf: Customer, noon: datetime) -> tuple[Customer, Customer]:
    """Irina has 50 until next month and 30; Yusuf has 40 until next week, 20 pending, and holds 10 of it."""
    ledger.earn(irina.pk, [NewLot(50, noon + timedelta(days=30))], why("receipt:1", noon))
    ledger.earn(irina.pk, [NewLot(30)], why("receipt:2", noon))
    ledger.earn(yusuf.pk, [NewLot(50, noon + timedelta(days=7))], why("receipt:3", noon))
    ledger.hold(yusuf.pk, 10, why("web:1", noon))
    ledger.earn(yusuf.pk, [NewLot(20, vests_at=noon + timedelta(days=14))], why("receipt:4", noon))
    return irina, yusuf


def test_a_merge_carries_points_with_their_ends(
    two: tuple[Customer, Customer], ana: Staff, noon: datetime
) -> None:
    irina, yusuf = two
    merging.merge(irina, yusuf, by=ana, at=noon)
    assert points(irina) == (120, 20, 10, 0)
    ledger.redeem(irina.pk, 45, why("till:1", noon))
    ends = Lot.objects.filter(available__gt=0).order_by("id").values_list("available", "points")
    assert list(ends) == [(45, 50), (30, 30)]


def test_undone_both_have_what_they_had(two: tuple[Customer, Customer], ana: Staff, noon: datetime) -> None:
    before = rows()
    done = merging.merge(*two, by=ana, at=noon)
    merging.unmerge(done, by=ana, at=noon)
    assert rows() == before


def test_an_operation_on_the_merged_one_is_the_survivors(
    two: tuple[Customer, Customer], ana: Staff, noon: datetime
) -> None:
    irina, yusuf = two
    merging.merge(irina, yusuf, by=ana, at=noon)
    assert ledger.redeem(yusuf.pk, 1, why("till:1", noon)).customer_id == irina.pk


def test_a_debt_meets_the_points_of_the_other(
    irina: Customer, yusuf: Customer, ana: Staff, noon: datetime
) -> None:
    bought = ledger.earn(yusuf.pk, [NewLot(50)], why("receipt:1", noon))
    ledger.redeem(yusuf.pk, 50, why("till:1", noon))
    ledger.claw_back(yusuf.pk, bought.movement_id, why("return:1", noon))
    ledger.earn(irina.pk, [NewLot(80)], why("receipt:2", noon))
    before = rows()
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    assert Balance.objects.get(customer=irina).spendable == 30
    merging.unmerge(done, by=ana, at=noon)
    assert rows() == before


def test_what_was_spent_meanwhile_stays_with_the_survivor(
    two: tuple[Customer, Customer], ana: Staff, noon: datetime
) -> None:
    irina, yusuf = two
    before = points(yusuf)
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    ledger.redeem(irina.pk, 60, why("till:1", noon))  # 40 of Yusuf's, which end first, and 20 of hers
    merging.unmerge(done, by=ana, at=noon)
    assert points(yusuf) == before
    assert points(irina) == (20, 0, 0, 0)


def test_what_was_spent_beyond_the_survivors_own_is_owed(
    two: tuple[Customer, Customer], ana: Staff, noon: datetime
) -> None:
    irina, yusuf = two
    before = points(yusuf)
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    ledger.redeem(irina.pk, 100, why("till:1", noon))
    merging.unmerge(done, by=ana, at=noon)
    assert points(yusuf) == before
    assert points(irina) == (0, 0, 0, 20)


def test_holds_that_span_both_are_parted(two: tuple[Customer, Customer], ana: Staff, noon: datetime) -> None:
    irina, yusuf = two
    before = points(yusuf)
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    slip = ledger.hold(irina.pk, 110, why("web:2", noon))
    paid = ledger.capture(irina.pk, slip.movement_id, why("web:2/paid", noon), points=100)
    ledger.reverse(irina.pk, paid.movement_id, why("web:2/back", noon), points=30)
    merging.unmerge(done, by=ana, at=noon)
    assert points(yusuf) == before
    assert points(irina) == (
        0,
        0,
        10,
        0,
    )  # of 110, 100 were paid and 30 came back: that paid the 30 beyond her own 80
    ledger.release(irina.pk, slip.movement_id, why("web:2/rest", noon))
    assert points(irina) == (10, 0, 0, 0)


def test_what_vested_or_ended_meanwhile_does_so_again(
    two: tuple[Customer, Customer], ana: Staff, noon: datetime
) -> None:
    irina, yusuf = two
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    late = noon + timedelta(days=15)
    ledger.redeem(irina.pk, 5, why("till:1", late))  # meanwhile 40 of Yusuf's have ended and 20 have vested
    merging.unmerge(done, by=ana, at=late)
    assert points(irina) == (75, 0, 0, 0)
    ledger.refresh(yusuf.pk, at=late, by="system:test")
    assert points(yusuf) == (20, 0, 10, 0)


def test_lots_live_as_long_as_the_more_active_of_the_two(
    irina: Customer, yusuf: Customer, ana: Staff, noon: datetime
) -> None:
    for days, who in enumerate((irina, yusuf), start=20):
        ledger.earn(who.pk, [NewLot(10, is_extended=True)], why(f"receipt:{days}", noon))
        ledger.extend(who.pk, noon + timedelta(days=days))
    before = rows()
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    assert Balance.objects.get(customer=irina).extended_to == noon + timedelta(days=21)
    merging.unmerge(done, by=ana, at=noon)
    assert rows() == before


def test_what_a_system_has_numbered_alike_for_both_keeps_them_apart(
    irina: Customer, yusuf: Customer, ana: Staff, noon: datetime
) -> None:
    """A sentence, and nothing has changed."""
    for who in (irina, yusuf):
        ledger.earn(who.pk, [NewLot(50)], why("receipt:7", noon))
    before = rows()
    with pytest.raises(CannotMerge):
        merging.merge(irina, yusuf, by=ana, at=noon, reason="one", is_confirmed=True)
    assert rows() == before
