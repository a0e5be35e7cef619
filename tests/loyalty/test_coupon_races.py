"""Eight tills at once: of the last use, and of one coupon, exactly one wins. A use that ends waits for a return."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import OperationalError, transaction
from django.utils import timezone

from crm.org.models import Staff, Store
from customers.models import Customer
from loyalty import coupons
from loyalty.baskets import Basket, BasketLine
from loyalty.coupons import defining
from loyalty.coupons.refusals import CouponReserved, CouponUsed, LimitReached
from loyalty.ledger import Cause
from loyalty.models import Coupon, CouponCode, CouponKind, CouponTally, CouponUse
from tests import cast
from tests.customers.test_merge_races import in_threads
from tests.loyalty.test_counter_coupons import bring_back, sell, thanks, use

TILLS = 8


def test_exactly_one_wins(transactional_db: None, harbour: Store, noon: datetime) -> None:
    people = [cast.customer(f"P{n}", of=harbour) for n in range(TILLS)]
    terms = {"kind": CouponKind.AMOUNT, "amount": Decimal(5)}
    last = defining.define(
        code="last", name="Last", is_shared=True, terms=terms | {"total": 1}, by="test", at=noon
    )
    mine = defining.define(code="mine", name="Mine", terms=terms, by="test", at=noon)
    codes = [
        str(CouponCode.objects.get(definition=last).code),
        coupons.issue(people[0].pk, mine, Cause("gift:1", noon, "test")).code,
    ]
    basket = Basket(harbour.pk, noon, (BasketLine(1, frozenset(), None, 1000, 2000),))
    wins: list[int] = []
    losses: list[str] = []

    def till(number: int, code: str, who: Any) -> None:
        try:
            coupons.redeem(code, basket, Cause(f"till:{number}", noon, "test"), customer_id=who.pk)
            wins.append(number)
        except (LimitReached, CouponUsed, CouponReserved) as refused:
            losses.append(refused.code)

    in_threads(
        *(lambda n=n: till(n, codes[0], people[n]) for n in range(TILLS)),
        *(lambda n=n: till(TILLS + n, codes[1], people[0]) for n in range(TILLS)),
    )
    assert sorted(n // TILLS for n in wins) == [0, 1]
    assert sorted(losses) == ["coupon_used"] * (TILLS - 1) + ["limit_reached"] * (TILLS - 1)
    assert CouponUse.objects.count() == 2
    for tally in CouponTally.objects.all():
        assert (tally.redeemed, tally.spent) == (1, 5)


def test_a_use_that_ends_waits_for_the_return_of_what_issued_its_coupon(
    transactional_db: None, chen: Staff, irina: Customer, harbour: Store, noon: datetime
) -> None:
    """Ending before the return is there it would leave the coupon good, and so would the return."""
    thanks(noon)
    sell("B-1", harbour, noon)
    use(Coupon.objects.get(), chen, harbour, timezone.now())
    waits: list[bool] = []

    def end() -> None:
        try:
            with transaction.atomic():
                CouponTally.objects.select_for_update(nowait=True).get()
            waits.append(False)
        except OperationalError:
            waits.append(True)

    with transaction.atomic():
        bring_back("B-1", harbour, noon)
        in_threads(end)
    assert waits == [True]
