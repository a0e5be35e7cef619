"""A small ledger with every kind of movement in it, for tests that try to break it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, models

from crm.org.models import Staff, Store
from customers.models import Customer
from loyalty import accrual, coupons, holds, ledger
from loyalty.baskets import Basket, BasketLine
from loyalty.coupons import defining
from loyalty.ledger import Cause, NewLot
from loyalty.models import CouponKind, Tier, TierScheme, Unit
from tests import cast
from tests.loyalty import rules


@contextmanager
def unguarded() -> Iterator[None]:
    """As somebody writes who owns the tables and switches their triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL session_replication_role = 'replica'")
        yield
        cursor.execute("SET LOCAL session_replication_role = 'origin'; SET CONSTRAINTS ALL DEFERRED")


def rewrite(rows: models.QuerySet[Any], **values: Any) -> None:
    """Rows that are only added become other ones."""
    with unguarded():
        rows.update(**values)


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


def around(who: Customer, store: Store, at: datetime, by: Staff) -> None:
    """What stands beside the ledger: a receipt that earned, a used coupon, tiers, points set aside."""
    rules.programme(pending_days=0)
    rules.rule("double", kind="multiplier", percent=200)
    bought = cast.purchase(who, at=store, on=at.date(), amount="20.00", pk=1_000_001)
    accrual.earn_for([(who.pk, bought.pk)], at=at)
    terms = {"kind": CouponKind.AMOUNT, "amount": Decimal(5), "minimum": Decimal(10), "days": 30}
    spring = defining.define(code="spring", name="Spring", is_shared=False, terms=terms, by=by, at=at)
    given = coupons.issue(who.pk, spring, Cause("gift:1", at, "till:1"))
    basket = Basket(store.pk, at, (BasketLine(1, frozenset(), None, 1000, 2000),), store.zone)
    coupons.redeem(given.code, basket, Cause("till:88", at, "till:1", store_id=store.pk))
    scheme = TierScheme.objects.create(valid_from=rules.BEGIN)
    Tier.objects.create(scheme=scheme, code="member", rank=0)
    Tier.objects.create(scheme=scheme, code="gold", rank=1, threshold=100)
    holds.place(who.pk, 5, Cause("web:3", at + timedelta(days=28), "till:1"))
