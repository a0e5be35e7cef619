"""Who is erased leaves nothing in their accounts, and the books still add up."""

from datetime import datetime, timedelta

import pytest
from django.db import connection

from crm.org.models import Staff
from crm.privacy import erasing
from customers import merging
from customers.models import Customer
from loyalty import holds, ledger
from loyalty.ledger import Cause, NewLot, proof, runs
from loyalty.models import Balance, Kind, Movement, Unit

pytestmark = pytest.mark.django_db


def why(source: str, at: datetime) -> Cause:
    return Cause(source, at, "till:1")


def accounts() -> set[tuple[int, int, int, int]]:
    return set(Balance.objects.values_list("available", "pending", "held", "debt"))


def faults() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return [str(fault) for slice_ in proof.prove() for fault in slice_.faults]


def test_nothing_is_left(irina: Customer, noon: datetime) -> None:
    ledger.earn(irina.pk, [NewLot(50), NewLot(7)], why("receipt:1", noon))
    bought = ledger.earn(irina.pk, [NewLot(20, vests_at=noon + timedelta(days=14))], why("receipt:2", noon))
    ledger.claw_back(irina.pk, bought.movement_id, why("return:2", noon), keep=15)
    holds.place(irina.pk, 30, why("web:1", noon))
    ledger.earn(irina.pk, [NewLot(90)], why("receipt:1", noon), unit=Unit.GROWTH)
    erasing.erase(irina.pk, by="system:test", at=noon)
    assert accounts() == {(0, 0, 0, 0)}
    taken = Movement.objects.filter(source__startswith="erasure:").order_by("unit", "pk")
    assert [(one.unit, one.kind, one.available, one.pending) for one in taken] == [
        (Unit.POINTS, Kind.CLAWBACK, 0, -15), (Unit.POINTS, Kind.ADJUST, -57, 0), (Unit.GROWTH, Kind.ADJUST, -90, 0),
    ]  # fmt: skip
    assert [
        *runs.vest_due(at=noon + timedelta(days=15)),
        *holds.release_due(at=noon + timedelta(days=2)),
    ] == []
    assert faults() == []


def test_a_debt_is_let_go(irina: Customer, noon: datetime) -> None:
    bought = ledger.earn(irina.pk, [NewLot(50)], why("receipt:1", noon))
    ledger.redeem(irina.pk, 50, why("till:1", noon))
    ledger.claw_back(irina.pk, bought.movement_id, why("return:1", noon))
    erasing.erase(irina.pk, by="system:test", at=noon)
    assert accounts() == {(0, 0, 0, 0)}
    assert faults() == []


def test_erased_with_who_was_merged_into_them(
    irina: Customer, yusuf: Customer, ana: Staff, noon: datetime
) -> None:
    ledger.earn(yusuf.pk, [NewLot(50)], why("receipt:1", noon))
    merging.merge(irina, yusuf, by=ana, at=noon, is_confirmed=True, reason="One person.")
    erasing.erase(irina.pk, by="system:test", at=noon)
    erasing.erase(irina.pk, by="system:test", at=noon)
    assert accounts() == {(0, 0, 0, 0)}
    assert Movement.objects.filter(kind=Kind.ADJUST).count() == 1


def test_money_that_was_paid_in_is_paid_out_first(irina: Customer, noon: datetime) -> None:
    ledger.earn(irina.pk, [NewLot(5000)], why("top-up:1", noon), unit=Unit.STORED)
    ledger.earn(irina.pk, [NewLot(9)], why("receipt:1", noon))
    with pytest.raises(erasing.StillInUse):
        erasing.erase(irina.pk, by="system:test", at=noon)
    assert Balance.objects.get(unit=Unit.POINTS).available == 9
    irina.refresh_from_db()
    assert irina.erased_at is None
