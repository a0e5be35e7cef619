"""Coupons that a clerk uses: which receipt they went into, and what brings them back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction

from crm.org.models import Staff, Store
from customers.models import Customer, Purchase
from customers.receiving import database, followers
from customers.receiving.followers import Changed
from customers.receiving.payloads import LineIn, ReceiptIn, ReceiptKeyIn, ReturnedLineIn, ReturnIn, WhoIn
from customers.receiving.single import receive_receipt, receive_return
from loyalty import coupons, redeeming
from loyalty.coupons import defining, tying
from loyalty.coupons.tying import Sold, Tied
from loyalty.ledger import Cause
from loyalty.models import Coupon, CouponKind, CouponTally, CouponUse

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def coupon(
    who: Customer, at: datetime, code: str = "five", purchase_id: int | None = None, **terms: Any
) -> Coupon:
    whole = {"kind": CouponKind.AMOUNT, "amount": Decimal(5)} | terms
    offer = defining.define(code=code, name=code.title(), terms=whole, by="test", at=at)
    return coupons.issue(who.pk, offer, Cause(f"gift:{code}", at, "test", purchase_id=purchase_id))


def use(one: Coupon, chen: Staff, store: Store, at: datetime, token: str = "a", **more: Any) -> CouponUse:
    done = redeeming.use_coupon(
        one.customer_id, one, Decimal(20), token=token * 32, at=at, by=chen, store=store, **more
    )
    return done.use


def sell(number: str, store: Store, at: datetime, amount: str = "20.00") -> Purchase:
    line = LineIn(1, "TEA", "1", amount)
    told = ReceiptIn("pos-1", number, store.code, at.isoformat(), [line], WhoIn("phone", "13800138000"))
    return Purchase.objects.get(pk=receive_receipt(told, by="till:1").purchase_id)


def bring_back(number: str, store: Store, at: datetime, amount: str = "20.00") -> None:
    of, lines = ReceiptKeyIn("pos-1", number), [ReturnedLineIn(1, "1", amount)]
    receive_return(ReturnIn("pos-1", f"back-{number}", store.code, at.isoformat(), of, lines), by="till:1")


def tied() -> list[int | None]:
    return list(CouponUse.objects.order_by("redeemed_at").values_list("purchase_id", flat=True))


def test_the_receipt_that_comes_after_it_takes_the_coupon_along_and_back(
    chen: Staff, irina: Customer, harbour: Store, uptown: Store, noon: datetime
) -> None:
    one = coupon(irina, noon)
    use(one, chen, harbour, noon)
    sell("EARLY", harbour, noon - 16 * MINUTE)
    sell("AWAY", uptown, noon + MINUTE)
    sell("LATE", harbour, noon + 140 * MINUTE)
    assert tied() == [None]
    bought = sell("B-1", harbour, noon + 5 * MINUTE)
    assert tied() == [bought.pk]
    bring_back("B-1", harbour, noon + 6 * MINUTE)
    assert (CouponUse.objects.get().state, CouponTally.objects.get().redeemed) == ("reversed", 0)
    again = use(one, chen, harbour, noon + 10 * MINUTE, "b")
    assert again.purchase_id is None  # what came back before it was used is not its receipt
    assert sell("B-2", harbour, noon + 15 * MINUTE).pk == tied()[1]
    bring_back("EARLY", harbour, noon + 16 * MINUTE)
    assert [one.state for one in CouponUse.objects.order_by("pk")] == ["reversed", "redeemed"]


def test_its_number_goes_before_time_and_is_read_as_people_write(
    chen: Staff, irina: Customer, harbour: Store, noon: datetime
) -> None:
    known = sell("Pos-7", harbour, noon - 180 * MINUTE)
    assert use(coupon(irina, noon), chen, harbour, noon, receipt_number=" pOS-7 ").purchase_id == known.pk
    waits = coupon(irina, noon, "six")
    assert use(waits, chen, harbour, noon, "b", receipt_number="pos-9").purchase_id is None
    sell("POS-8", harbour, noon + MINUTE)
    assert tied().count(None) == 1
    assert sell("POS-9", harbour, noon + 200 * MINUTE).pk in tied()


def test_what_was_used_after_the_till_had_told_and_what_issued_it(
    chen: Staff, irina: Customer, harbour: Store, noon: datetime
) -> None:
    first, second = sell("B-1", harbour, noon - 5 * MINUTE), sell("B-2", harbour, noon - 9 * MINUTE)
    one = coupon(irina, noon, purchase_id=first.pk)  # it was printed on this one
    assert use(one, chen, harbour, noon).purchase_id == second.pk


def day(*at: int, thing: int = -1, number: str = "", **more: Any) -> list[Tied]:
    base = datetime.fromisoformat("2026-03-10T12:00:00+08:00")
    told = {"purchase_id": None, "is_fixed": False, "issuer": None} | more
    return [
        Tied(place, 1, thing, base + minutes * MINUTE, number, **told) for place, minutes in enumerate(at, 1)
    ]


def sold(*at: int) -> list[Sold]:
    base = datetime.fromisoformat("2026-03-10T12:00:00+08:00")
    return [
        Sold(number, base + minutes * MINUTE, f"B{number}", None) for number, minutes in enumerate(at, 10)
    ]


def test_one_receipt_carries_a_code_once_and_its_number_is_served_first() -> None:
    assert tying.matched(day(0, 30), sold(32)) == {1: 10, 2: None}
    assert tying.matched(day(0, 30), sold(32, 2)) == {1: 11, 2: 10}
    assert tying.matched(day(0, purchase_id=10, is_fixed=True) + day(1, 1)[1:], sold(2)) == {1: 10, 2: None}
    named = [*day(0, 1)[:1], Tied(9, 1, -1, day(5)[0].at, "B10", None, is_fixed=False, issuer=None)]
    assert tying.matched(named, sold(2, 40)) == {1: 11, 9: 10}
    assert tying.matched(day(0) + day(0, 0, thing=7)[1:], sold(2)) == {
        1: 10,
        2: 10,
    }  # two coupons, one basket
    assert tying.matched(day(0), sold(-14, 100)) == {1: 11}  # after it before before it
    assert tying.matched(day(0), sold(-15)) == {1: 10}
    assert tying.matched(day(0), sold(-16, 121)) == {1: None}


@pytest.mark.parametrize("order", [*permutations("uab")])
@pytest.mark.parametrize("are_together", [False, True])
def test_in_whatever_order_they_become_known(
    order: Sequence[str], chen: Staff, irina: Customer, harbour: Store, noon: datetime, are_together: bool
) -> None:
    one, known = coupon(irina, noon), {}
    for what in order:
        if what == "u":
            use(one, chen, harbour, noon)
        else:
            known[what] = sell(what, harbour, noon + {"a": 10, "b": 3}[what] * MINUTE).pk
            if are_together:  # the same again, as many come
                with transaction.atomic():
                    followers.later(database.cursor(), [Changed(irina.pk, known[what])])
    assert tied() == [known["b"]]
