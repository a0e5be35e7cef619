"""The ledger, one account at a time: what each operation does to lots, legs and balance."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from customers.models import Customer
from loyalty import ledger
from loyalty.ledger import Cause, InsufficientPoints, NewLot, NothingToContinue, SourceConflict
from loyalty.models import Balance, Kind, Lot, Movement

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _whole() -> Any:
    """What is checked at the end of a transaction is checked at the end of a test."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def why(source: str, at: datetime) -> Cause:
    return Cause(source, at, "till:1")


def held_of(who: Customer) -> tuple[int, int, int, int]:
    """Available, pending, held, debt."""
    found = Balance.objects.get(customer=who, unit=1)
    return found.available, found.pending, found.held, found.debt


def lots_of(who: Customer) -> list[tuple[int, int, int, int]]:
    rows = Lot.objects.filter(customer=who).order_by("id")
    return [(lot.points, lot.pending, lot.available, lot.held) for lot in rows]


def test_what_ends_first_is_spent_first(irina: Customer, noon: datetime) -> None:
    ledger.earn(irina.pk, [NewLot(50, noon + timedelta(days=90))], why("receipt:1", noon))
    ledger.earn(irina.pk, [NewLot(20, noon + timedelta(days=30))], why("receipt:2", noon))
    ledger.earn(irina.pk, [NewLot(10)], why("receipt:3", noon))
    ledger.redeem(irina.pk, 60, why("till:88", noon))
    assert lots_of(irina) == [(50, 0, 10, 0), (20, 0, 0, 0), (10, 0, 10, 0)]
    assert held_of(irina) == (20, 0, 0, 0)


def test_the_same_till_slip_is_spent_once(irina: Customer, noon: datetime) -> None:
    ledger.earn(irina.pk, [NewLot(100)], why("receipt:1", noon))
    slips = [ledger.redeem(irina.pk, 30, why("till:88", noon)) for _ in range(2)]
    assert slips[0].movement_id == slips[1].movement_id
    assert [slip.is_new for slip in slips] == [True, False]
    assert held_of(irina) == (70, 0, 0, 0)
    with pytest.raises(SourceConflict):
        ledger.redeem(irina.pk, 31, why("till:88", noon))
    assert held_of(irina) == (70, 0, 0, 0)


def test_no_more_than_there_is(irina: Customer, noon: datetime) -> None:
    ledger.earn(irina.pk, [NewLot(29)], why("receipt:1", noon))
    with pytest.raises(InsufficientPoints) as refused:
        ledger.redeem(irina.pk, 30, why("till:88", noon))
    assert refused.value.spendable == 29
    assert held_of(irina) == (29, 0, 0, 0)
    assert Movement.objects.count() == 1


def test_pending_points_vest_when_the_window_ends(irina: Customer, noon: datetime) -> None:
    ledger.earn(irina.pk, [NewLot(50, vests_at=noon + timedelta(days=14))], why("receipt:1", noon))
    assert held_of(irina) == (0, 50, 0, 0)
    with pytest.raises(InsufficientPoints):
        ledger.redeem(irina.pk, 1, why("till:1", noon + timedelta(days=13)))
    ledger.redeem(irina.pk, 20, why("till:2", noon + timedelta(days=14)))
    assert held_of(irina) == (30, 0, 0, 0)


def test_what_has_ended_is_not_spent(irina: Customer, noon: datetime) -> None:
    ledger.earn(irina.pk, [NewLot(50, noon + timedelta(days=1))], why("receipt:1", noon))
    ledger.earn(irina.pk, [NewLot(5)], why("receipt:2", noon))
    with pytest.raises(InsufficientPoints):
        ledger.redeem(irina.pk, 6, why("till:1", noon + timedelta(days=1)))
    ledger.redeem(irina.pk, 5, why("till:2", noon + timedelta(days=1)))
    assert held_of(irina) == (0, 0, 0, 0)
    assert list(Movement.objects.filter(kind=Kind.EXPIRE).values_list("available", "contra")) == [(-50, 50)]


def test_a_hold_is_captured_in_parts_and_the_rest_released(irina: Customer, noon: datetime) -> None:
    ledger.earn(irina.pk, [NewLot(10, noon + timedelta(days=9))], why("receipt:1", noon))
    ledger.earn(irina.pk, [NewLot(50)], why("receipt:2", noon))
    slip = ledger.hold(irina.pk, 40, why("web:7", noon))
    assert held_of(irina) == (20, 0, 40, 0)
    ledger.capture(irina.pk, slip.movement_id, why("web:7/1", noon), points=15)
    assert lots_of(irina) == [(10, 0, 0, 0), (50, 0, 20, 25)]
    ledger.release(irina.pk, slip.movement_id, why("web:7/2", noon))
    assert held_of(irina) == (45, 0, 0, 0)
    with pytest.raises(NothingToContinue):
        ledger.capture(irina.pk, slip.movement_id, why("web:7/3", noon), points=1)


def test_a_reversal_fills_the_same_lots_latest_end_first(irina: Customer, noon: datetime) -> None:
    ledger.earn(irina.pk, [NewLot(10, noon + timedelta(days=9))], why("receipt:1", noon))
    ledger.earn(irina.pk, [NewLot(50)], why("receipt:2", noon))
    slip = ledger.redeem(irina.pk, 40, why("till:1", noon))
    ledger.reverse(irina.pk, slip.movement_id, why("void:1", noon), points=35)
    assert lots_of(irina) == [(10, 0, 5, 0), (50, 0, 50, 0)]
    with pytest.raises(NothingToContinue):
        ledger.reverse(irina.pk, slip.movement_id, why("void:2", noon), points=6)
    ledger.reverse(irina.pk, slip.movement_id, why("void:3", noon))
    assert lots_of(irina) == [(10, 0, 10, 0), (50, 0, 50, 0)]
    assert held_of(irina) == (60, 0, 0, 0)


def test_goods_come_back_after_their_points_were_spent(irina: Customer, noon: datetime) -> None:
    bought = ledger.earn(irina.pk, [NewLot(50)], why("receipt:1", noon))
    ledger.redeem(irina.pk, 40, why("till:1", noon))
    taken = ledger.claw_back(irina.pk, bought.movement_id, why("return:1", noon))
    assert taken.points == 50
    assert held_of(irina) == (0, 0, 0, 40)
    ledger.earn(irina.pk, [NewLot(100)], why("receipt:2", noon))
    assert held_of(irina) == (60, 0, 0, 0)


def test_a_clawback_takes_from_its_own_lots_and_then_from_others(irina: Customer, noon: datetime) -> None:
    bought = ledger.earn(irina.pk, [NewLot(50, noon + timedelta(days=1))], why("receipt:1", noon))
    ledger.earn(irina.pk, [NewLot(30)], why("receipt:2", noon))
    ledger.redeem(irina.pk, 40, why("till:1", noon))
    ledger.claw_back(irina.pk, bought.movement_id, why("return:1", noon), keep=20)
    assert lots_of(irina) == [(50, 0, 0, 0), (30, 0, 10, 0)]
    ledger.claw_back(irina.pk, bought.movement_id, why("return:2", noon), keep=0)
    assert held_of(irina) == (0, 0, 0, 10)


def test_what_expired_is_not_taken_twice(irina: Customer, noon: datetime) -> None:
    bought = ledger.earn(irina.pk, [NewLot(50, noon + timedelta(days=1))], why("receipt:1", noon))
    ledger.redeem(irina.pk, 30, why("till:1", noon))
    later = noon + timedelta(days=2)
    ledger.refresh(irina.pk, at=later, by="system:expiry")
    ledger.claw_back(irina.pk, bought.movement_id, why("return:1", later), keep=40)
    assert held_of(irina) == (0, 0, 0, 0)
    ledger.claw_back(irina.pk, bought.movement_id, why("return:2", later), keep=0)
    assert held_of(irina) == (0, 0, 0, 30)


def test_pending_points_are_clawed_back_first(irina: Customer, noon: datetime) -> None:
    bought = ledger.earn(irina.pk, [NewLot(50, vests_at=noon + timedelta(days=14))], why("receipt:1", noon))
    ledger.claw_back(irina.pk, bought.movement_id, why("return:1", noon), keep=33)
    assert held_of(irina) == (0, 33, 0, 0)


def test_adjusting_both_ways_and_forgiving(irina: Customer, noon: datetime) -> None:
    ledger.adjust(irina.pk, 10, why("adjustment:1", noon))
    ledger.adjust(irina.pk, -4, why("adjustment:2", noon))
    assert held_of(irina) == (6, 0, 0, 0)
    gift = Movement.objects.get(source="adjustment:1")
    ledger.claw_back(irina.pk, gift.pk, why("adjustment:1/undo", noon))
    assert held_of(irina) == (0, 0, 0, 4)
    ledger.forgive(irina.pk, 4, why("forgive:1", noon))
    assert held_of(irina) == (0, 0, 0, 0)


def test_lots_that_live_with_their_member(irina: Customer, noon: datetime) -> None:
    ledger.earn(irina.pk, [NewLot(10, is_extended=True)], why("receipt:1", noon))
    ledger.extend(irina.pk, noon + timedelta(days=30))
    ledger.extend(irina.pk, noon + timedelta(days=20))
    with pytest.raises(InsufficientPoints):
        ledger.redeem(irina.pk, 1, why("till:1", noon + timedelta(days=30)))
    ledger.redeem(irina.pk, 10, why("till:2", noon + timedelta(days=29)))
    assert held_of(irina) == (0, 0, 0, 0)
