"""Who is erased leaves nothing in their accounts, and the books still add up."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from crm.org.models import Staff, Store
from crm.privacy import erasing
from customers import merging
from customers.models import Arrival, ArrivalState, Customer
from customers.receiving.payloads import LineIn, ReceiptIn, WhoIn
from customers.receiving.single import receive_receipt
from loyalty import adjustments, holds, ledger, rewards
from loyalty.adjustments import missed
from loyalty.coupons import defining
from loyalty.ledger import Cause, NewLot, proof, runs
from loyalty.models import (
    AdjustmentState,
    Balance,
    Coupon,
    CouponKind,
    CouponUse,
    Kind,
    MissedReceipt,
    Movement,
    Redemption,
    RedemptionState,
    RewardKind,
    RewardStock,
    Unit,
)
from loyalty.rewards import catalogue, stock
from tests import cast
from tests.loyalty import rules
from tests.loyalty.test_counter_coupons import bring_back, coupon, sell, use

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


def test_what_waits_is_ended(
    irina: Customer, marta: Staff, max_: Staff, harbour: Store, noon: datetime
) -> None:
    ledger.earn(irina.pk, [NewLot(500)], why("receipt:1", noon))
    terms = {"kind": RewardKind.GIFT, "points": 100, "product_id": cast.product("MUG").pk}
    mug = catalogue.define(code="mug", name="Mug", terms=terms, by=max_, at=noon)
    stock.put(mug, harbour, 3, by=max_)
    rewards.redeem(irina.pk, mug, Cause("till:1", noon, "till:1", harbour.pk))
    asked = adjustments.ask(irina, 900_000, reason="goodwill", by=marta, at=noon, source="page:1")
    assert asked.is_waiting
    erasing.erase(irina.pk, by="system:test", at=noon)
    asked.refresh_from_db()
    assert asked.state == AdjustmentState.REJECTED
    assert Redemption.objects.get().state == RedemptionState.CANCELLED
    assert RewardStock.objects.get().quantity == 3
    assert accounts() == {(0, 0, 0, 0)}
    assert faults() == []


def test_what_comes_after_it_is_taken_in(
    irina: Customer, yusuf: Customer, chen: Staff, harbour: Store, noon: datetime
) -> None:
    """The return of a receipt that used and issued a coupon; somebody else's receipt of the number of a missed one."""
    rules.programme()
    defining.define(
        code="next", name="Next", by="test", at=noon - timedelta(days=1),
        terms={"kind": CouponKind.NEXT_ORDER, "amount": Decimal(5), "issued_from": Decimal(10), "days": 9},
    )  # fmt: skip
    use(coupon(irina, noon), chen, harbour, noon)
    sell("B-1", harbour, noon)
    missed.ask(
        irina, Decimal(20), on=noon.date(), number="R-9", store=harbour, source="page:2", by=chen, at=noon
    )
    assert (
        CouponUse.objects.get().purchase_id and Coupon.objects.filter(source__startswith="receipt:").exists()
    )
    erasing.erase(irina.pk, by="system:test", at=noon)
    bring_back("B-1", harbour, noon + timedelta(hours=1))
    assert Arrival.objects.get(external_id="back-B-1").state == ArrivalState.APPLIED
    line = LineIn(1, "TEA", "1", "20.00")
    told = ReceiptIn("pos-1", "R-9", "HARB", noon.isoformat(), [line], WhoIn("member", "M0002"))
    receive_receipt(told, by="till:1")
    held = Balance.objects.get(customer=yusuf, unit=1)
    assert held.pending + held.available == 20
    assert not MissedReceipt.objects.exists()
