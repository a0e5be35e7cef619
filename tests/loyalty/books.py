"""A small ledger with every kind of movement in it, for tests that try to break it."""

from datetime import datetime, timedelta

from customers.models import Customer
from loyalty import ledger
from loyalty.ledger import Cause, NewLot
from loyalty.models import Unit


def written(first: Customer, second: Customer, at: datetime) -> None:
    """Irina does everything that can be done with points; Yusuf buys once, and has stored value."""

    def why(source: str, days: int = 0) -> Cause:
        return Cause(source, at + timedelta(days=days), "till:1")

    who = first.pk
    early = ledger.earn(who, [NewLot(50, at + timedelta(days=20))], why("receipt:1"))
    ledger.earn(who, [NewLot(80, vests_at=at + timedelta(days=5))], why("receipt:2"))
    spent = ledger.redeem(who, 30, why("till:1"))
    ledger.reverse(who, spent.movement_id, why("void:1"), points=10)
    held = ledger.hold(who, 20, why("web:1", 6))
    paid = ledger.capture(who, held.movement_id, why("web:1/paid", 6), points=15)
    ledger.release(who, held.movement_id, why("web:1/rest", 6))
    ledger.reverse(who, paid.movement_id, why("web:1/back", 7), points=5)
    ledger.adjust(who, 12, why("adjustment:1", 8))
    taken = ledger.adjust(who, -7, why("adjustment:2", 8))
    ledger.reverse(who, taken.movement_id, why("adjustment:2/undo", 9), points=3)
    ledger.refresh(who, at=at + timedelta(days=21), by="system:expiry")
    ledger.claw_back(who, early.movement_id, why("return:1", 22), keep=10)
    ledger.redeem(who, 40, why("till:2", 22))
    late = ledger.earn(who, [NewLot(30)], why("receipt:3", 23))
    account = ledger.refresh(who, at=at + timedelta(days=23), by="till:1")
    ledger.redeem(who, account.spendable(at + timedelta(days=23)), why("till:3", 23))
    ledger.claw_back(who, late.movement_id, why("return:2", 24))
    ledger.forgive(who, 4, why("forgive:1", 25))
    ledger.earn(who, [NewLot(9)], why("receipt:4", 26))
    ledger.earn(who, [NewLot(100)], why("receipt:5", 26))
    ledger.hold(who, 25, why("web:2", 27))
    ledger.earn(second.pk, [NewLot(70, at + timedelta(days=90))], why("receipt:6"))
    ledger.redeem(second.pk, 20, why("till:4"))
    ledger.earn(second.pk, [NewLot(5000)], why("top-up:1"), unit=Unit.STORED)
    ledger.redeem(second.pk, 1250, why("till:5"), unit=Unit.STORED)
