"""Issuing, reserving, redeeming, giving back: exact figures, and refusals that change nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from crm.org.models import Staff, Store
from crm.privacy import erasing
from customers import merging
from customers.models import Customer
from customers.present import Erased
from loyalty import coupons
from loyalty.baskets import Basket, BasketLine
from loyalty.coupons import defining, holding, sweeping
from loyalty.coupons import refusals as no
from loyalty.ledger import Cause
from loyalty.models import Coupon, CouponCode, CouponDefinition, CouponKind, CouponTally, CouponUse
from tests import cast

pytestmark = pytest.mark.django_db
FIVE_OFF = {"kind": CouponKind.AMOUNT, "amount": Decimal(5)}


@pytest.fixture
def define(max_: Staff, noon: datetime) -> Callable[..., CouponDefinition]:
    def made(
        code: str = "spring", *, is_shared: bool = False, at: datetime = noon, **terms: Any
    ) -> CouponDefinition:
        return defining.define(
            code=code, name=code.title(), is_shared=is_shared, terms=FIVE_OFF | terms, by=max_, at=at
        )

    return made


def goods(store: Store, at: datetime, *amounts: int, **more: Any) -> Basket:
    lines = tuple(
        BasketLine(n, frozenset(), None, 1000, amount) for n, amount in enumerate(amounts or (2000,), 1)
    )
    return Basket(store.pk, at, lines, store.zone, **more)


def why(source: str, at: datetime, store: Store | None = None, **more: Any) -> Cause:
    return Cause(source, at, "till:1", store_id=store.pk if store else None, **more)


def given(
    who: Customer, definition: CouponDefinition, at: datetime, source: str = "gift:1", **more: Any
) -> Coupon:
    return coupons.issue(who.pk, definition, why(source, at, **more))


def code_of(definition: CouponDefinition) -> str:
    return str(CouponCode.objects.get(definition=definition, coupon_id=None).code)


def tally(definition: CouponDefinition) -> tuple[Any, ...]:
    """Issued, voided, reserved, redeemed, promised, spent."""
    row = CouponTally.objects.get(definition=definition)
    return (row.issued, row.voided, row.reserved, row.redeemed, row.promised, row.spent)


def test_issued_once_a_source(define: Any, irina: Customer, noon: datetime) -> None:
    spring = define(days=30)
    first, again = given(irina, spring, noon), given(irina, spring, noon)
    assert first.pk == again.pk
    assert first.valid_from == noon
    assert first.valid_to == datetime(2026, 4, 9, 16, tzinfo=UTC)  # midnight in Shanghai after the 30th day
    assert tally(spring) == (1, 0, 0, 0, 0, 0)
    assert CouponCode.objects.get(code=first.code).coupon_id == first.pk


def test_a_window_of_dates_and_of_days_ends_with_the_earlier(
    define: Any, irina: Customer, noon: datetime
) -> None:
    spring = define(days=30, from_on=date(2026, 3, 12), to_on=date(2026, 3, 20))
    coupon = given(irina, spring, noon)
    assert coupon.valid_from == datetime(2026, 3, 11, 16, tzinfo=UTC)
    assert coupon.valid_to == datetime(2026, 3, 20, 16, tzinfo=UTC)


def test_dates_at_the_ends_of_the_calendar_are_no_limits(
    define: Any, irina: Customer, noon: datetime
) -> None:
    coupon = given(irina, define(from_on=date.min, to_on=date.max), noon)
    assert (coupon.valid_from, coupon.valid_to) == (noon, None)


def test_reserved_then_redeemed(define: Any, irina: Customer, harbour: Store, noon: datetime) -> None:
    spring = define()
    coupon = given(irina, spring, noon)
    basket, slip = goods(harbour, noon, 1500, 500), why("till:88", noon, harbour)
    until = noon + timedelta(minutes=10)
    held = coupons.reserve(coupon.code, basket, slip, until=until)
    assert held.discount and held.discount.lines == (375, 125)
    assert tally(spring) == (1, 0, 1, 0, 5, 0)
    done = coupons.redeem(coupon.code, None, slip)
    assert (done.use.pk, done.use.amount, done.is_new) == (held.use.pk, Decimal(5), True)
    again = coupons.redeem(coupon.code, basket, slip)
    assert (again.use.pk, again.is_new) == (done.use.pk, False)
    assert tally(spring) == (1, 0, 0, 1, 0, 5)
    with pytest.raises(no.UseConflict):
        coupons.redeem(coupon.code, goods(harbour, noon, 300), slip)
    with pytest.raises(no.CouponUsed):
        coupons.redeem(coupon.code, basket, why("till:89", noon, harbour))
    assert tally(spring) == (1, 0, 0, 1, 0, 5)


def test_reserving_again_takes_the_new_basket(
    define: Any, irina: Customer, harbour: Store, noon: datetime
) -> None:
    spring = define(budget=Decimal(6))
    coupon = given(irina, spring, noon)
    slip, until = why("till:88", noon, harbour), noon + timedelta(minutes=10)
    coupons.reserve(coupon.code, goods(harbour, noon, 300), slip, until=until)
    assert tally(spring)[2:] == (1, 0, 3, 0)
    held = coupons.reserve(coupon.code, goods(harbour, noon, 900), slip, until=until)
    assert tally(spring)[2:] == (1, 0, 5, 0)
    coupons.redeem(coupon.code, goods(harbour, noon, 400), slip)
    assert tally(spring)[2:] == (0, 1, 0, 4)
    assert CouponUse.objects.get().pk == held.use.pk


def test_a_reservation_ends_by_itself(define: Any, irina: Customer, harbour: Store, noon: datetime) -> None:
    spring = define()
    coupon = given(irina, spring, noon)
    until = noon + timedelta(minutes=10)
    coupons.reserve(coupon.code, goods(harbour, noon), why("till:88", noon), until=until)
    with pytest.raises(no.CouponReserved):
        coupons.redeem(coupon.code, goods(harbour, noon), why("till:89", until - timedelta(seconds=1)))
    coupons.redeem(coupon.code, goods(harbour, until), why("till:89", until))
    assert tally(spring)[2:] == (0, 1, 0, 5)
    with pytest.raises(no.CouponUsed):
        coupons.redeem(coupon.code, goods(harbour, until), why("till:88", until))


def test_the_sweep_releases_what_is_overdue(
    define: Any, irina: Customer, harbour: Store, noon: datetime
) -> None:
    spring = define()
    coupon = given(irina, spring, noon)
    until = noon + timedelta(minutes=10)
    coupons.reserve(coupon.code, goods(harbour, noon), why("till:88", noon), until=until)
    assert sweeping.release_overdue(until - timedelta(seconds=1)) == 0
    assert sweeping.release_overdue(until) == 1
    assert tally(spring)[2:] == (0, 0, 0, 0)
    assert sweeping.release_overdue(until) == 0
    done = coupons.redeem(
        coupon.code, goods(harbour, until), why("till:88", until)
    )  # late, and nobody took it
    assert (done.use.released_at, done.use.amount) == (None, 5)


def test_released_and_given_back(define: Any, irina: Customer, harbour: Store, noon: datetime) -> None:
    spring = define(total=1)
    coupon = given(irina, spring, noon)
    slip = why("till:88", noon)
    coupons.reserve(coupon.code, goods(harbour, noon), slip, until=noon + timedelta(minutes=10))
    for _twice in range(2):
        coupons.release(coupon.code, slip)
    assert tally(spring)[2:] == (0, 0, 0, 0)
    with pytest.raises(no.NotReserved):
        coupons.release(coupon.code, why("till:1", noon))
    done = coupons.redeem(coupon.code, goods(harbour, noon), why("till:89", noon))
    with pytest.raises(no.NotReserved):
        coupons.release(coupon.code, why("till:89", noon))
    for _twice in range(2):
        coupons.reverse(irina.pk, done.use.pk, why("return:1", noon))
    assert tally(spring)[2:] == (0, 0, 0, 0)
    coupons.redeem(coupon.code, goods(harbour, noon), why("till:90", noon))
    assert tally(spring)[2:] == (0, 1, 0, 5)


def refused(call: Callable[[], Any], kind: type[Exception], words: str = "") -> None:
    """A refusal with these words, after which everything is as it was."""
    everything = lambda: (list(CouponUse.objects.values()), list(CouponTally.objects.values()))  # noqa: E731
    before = everything()
    with pytest.raises(kind) as said:
        call()
    assert words in str(said.value)
    assert everything() == before


@pytest.mark.parametrize(
    ("terms", "kind", "words"),
    [
        ({"minimum": Decimal("20.01")}, no.MinimumNotMet, "¥20.01 of goods that it counts; ¥0.01 is missing"),
        ({"only_products": [77]}, no.NothingApplies, "nothing that this coupon is for"),
        ({"tiers": ["gold"]}, no.WrongTier, "members of: gold"),
        ({"weekdays": [1, 7]}, no.WrongDay, "Monday, Sunday"),
        ({"from_on": date(2026, 3, 11)}, no.CouponNotYet, "from Mar 11, 2026 on"),
        ({"to_on": date(2026, 3, 9)}, no.CouponExpired, "until Mar 9, 2026"),
        ({"budget": Decimal("4.99")}, no.BudgetSpent, "set aside"),
    ],
)
def test_what_is_missing_is_said(
    define: Any, irina: Customer, harbour: Store, noon: datetime, terms: dict[str, Any], kind: Any, words: str
) -> None:
    coupon = given(irina, define(**terms), noon)
    refused(lambda: coupons.redeem(coupon.code, goods(harbour, noon), why("till:1", noon)), kind, words)
    shared = code_of(define("summer", is_shared=True, **terms))
    basket = goods(harbour, noon)
    refused(lambda: coupons.redeem(shared, basket, why("till:1", noon), customer_id=irina.pk), kind, words)


def test_only_in_its_stores(
    define: Any, irina: Customer, harbour: Store, uptown: Store, noon: datetime
) -> None:
    here, there = define(only_stores=[uptown.pk]), define("other", not_stores=[harbour.pk])
    for coupon in (given(irina, here, noon), given(irina, there, noon)):
        call = lambda code=coupon.code: coupons.redeem(code, goods(harbour, noon), why("till:1", noon))  # noqa: E731
        refused(call, no.WrongStore, "Uptown")
        coupons.redeem(coupon.code, goods(uptown, noon), why("till:2", noon))


def test_limits_of_a_shared_code(
    define: Any, irina: Customer, yusuf: Customer, harbour: Store, noon: datetime
) -> None:
    code = code_of(define(is_shared=True, per_customer=2, per_day=1, total=3))
    use = lambda n, who, at=noon: coupons.redeem(  # noqa: E731
        code, goods(harbour, at), why(f"till:{n}", at), customer_id=who.pk
    )
    first = use(1, irina)
    refused(lambda: use(2, irina), no.LimitReached, "1 time a day")
    later = noon + timedelta(days=1)
    use(3, irina, later)
    refused(lambda: use(4, irina, noon + timedelta(days=2)), no.LimitReached, "2 times.")
    use(5, yusuf)
    refused(lambda: use(6, yusuf, later), no.LimitReached, "3 times in all")
    coupons.reverse(irina.pk, first.use.pk, why("return:1", noon))
    use(6, yusuf, later)
    refused(lambda: coupons.redeem(code, goods(harbour, noon), why("till:9", noon)), no.CustomerNeeded)


def test_the_database_holds_the_limits_itself(define: Any) -> None:
    spring = define(total=1, budget=Decimal(5))
    for over in ({"redeemed": 2}, {"reserved": 1, "redeemed": 1}, {"spent": 6}, {"issued": -1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CouponTally.objects.filter(definition=spring).update(**over)


def test_two_of_one_group_do_not_go_together(
    define: Any, irina: Customer, harbour: Store, noon: datetime
) -> None:
    one, two, three = (given(irina, define(code, stacking=group), noon)
                       for code, group in (("a", "half"), ("b", "half"), ("c", "")))  # fmt: skip
    coupons.redeem(one.code, goods(harbour, noon), why("till:1", noon))
    refused(
        lambda: coupons.redeem(two.code, goods(harbour, noon), why("till:1", noon)), no.NotCombinable, "“A”"
    )
    coupons.redeem(three.code, goods(harbour, noon), why("till:1", noon))
    coupons.redeem(two.code, goods(harbour, noon), why("till:2", noon))


def test_of_another_or_unknown_is_the_same(define: Any, irina: Customer, yusuf: Customer, harbour: Store,
                                           noon: datetime) -> None:  # fmt: skip
    coupon = given(irina, define(), noon)
    basket = goods(harbour, noon)
    refused(
        lambda: coupons.redeem(coupon.code, basket, why("till:1", noon), customer_id=yusuf.pk),
        no.CouponUnknown,
    )
    refused(lambda: coupons.redeem("0123456789AM", basket, why("till:1", noon)), no.CouponUnknown)
    coupons.redeem(coupon.code.lower(), basket, why("till:1", noon), customer_id=irina.pk)


def test_void(define: Any, irina: Customer, harbour: Store, noon: datetime, max_: Staff) -> None:
    spring = define()
    coupon = given(irina, spring, noon)
    slip = why("till:1", noon)
    coupons.reserve(coupon.code, goods(harbour, noon), slip, until=noon + timedelta(minutes=1))
    refused(lambda: coupons.void(irina.pk, coupon.pk, by=max_, at=noon), no.CannotVoid)
    coupons.release(coupon.code, slip)
    for _twice in range(2):
        coupons.void(irina.pk, coupon.pk, by=max_, at=noon)
    assert tally(spring) == (1, 1, 0, 0, 0, 0)
    refused(lambda: coupons.redeem(coupon.code, goods(harbour, noon), slip), no.CouponVoided)


def test_a_coupon_keeps_its_terms_and_a_shared_code_goes_by_the_day(
    define: Any, irina: Customer, harbour: Store, noon: datetime, max_: Staff
) -> None:
    spring, summer = define(), define("summer", is_shared=True)
    coupon, later = given(irina, spring, noon), noon + timedelta(days=2)
    for one in (spring, summer):
        defining.revise(
            one, by=max_, at=noon, valid_from=noon + timedelta(days=1), terms={"amount": Decimal(7)}
        )
    assert coupons.redeem(coupon.code, goods(harbour, later), why("till:1", later)).use.amount == 5
    assert given(irina, spring, later, "gift:2").terms.amount == 7
    use = lambda n, at: coupons.redeem(  # noqa: E731
        code_of(summer), goods(harbour, at), why(f"till:{n}", at), customer_id=irina.pk
    )
    assert use(2, noon + timedelta(hours=23)).use.amount == 5
    assert use(3, later).use.amount == 7


def test_an_offer_that_ended(
    define: Any, irina: Customer, harbour: Store, noon: datetime, max_: Staff
) -> None:
    spring, summer = define(), define("summer", is_shared=True)
    coupon = given(irina, spring, noon)
    for one in (spring, summer):
        defining.end(one, by=max_, at=noon)
    with pytest.raises(no.CouponEnded):
        given(irina, spring, noon, "gift:2")
    refused(lambda: coupons.redeem(code_of(summer), goods(harbour, noon), why("till:1", noon), customer_id=irina.pk),
            no.CouponEnded)  # fmt: skip
    coupons.redeem(coupon.code, goods(harbour, noon), why("till:1", noon))
    defining.reopen(spring, by=max_)
    given(irina, spring, noon, "gift:2")
    with pytest.raises(no.SharedCode):
        given(irina, summer, noon)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"kind": 99}, "kind"),
        ({"amount": None}, "amount"),
        ({"amount": Decimal(-1)}, "amount"),
        ({"kind": CouponKind.PERCENT}, "share_bp"),
        ({"kind": CouponKind.PERCENT, "share_bp": 1000}, "amount"),
        ({"kind": CouponKind.GIFT, "amount": None}, "gift_id"),
        ({"kind": CouponKind.BUY_GET, "amount": None, "buy": 2}, "get"),
        ({"kind": CouponKind.NEXT_ORDER, "amount": None}, "amount"),
        ({"share_bp": 500}, "share_bp"),
        ({"from_on": date(2026, 3, 2), "to_on": date(2026, 3, 1)}, "to_on"),
        ({"days": -1}, "days"),
        ({"weekdays": [8]}, "weekdays"),
        ({"total": 0}, "total"),
        ({"budget": Decimal(0)}, "budget"),
    ],
)
def test_terms_that_cannot_be_kept(define: Any, terms: dict[str, Any], field: str) -> None:
    with pytest.raises(no.InvalidTerms) as said:
        define(**terms)
    assert field in [fault.pointer for fault in said.value.faults]
    assert not CouponDefinition.objects.exists()


def test_a_limit_below_what_was_used(
    define: Any, irina: Customer, harbour: Store, noon: datetime, max_: Staff
) -> None:
    spring = define(total=5)
    for n in range(2):
        coupons.redeem(
            given(irina, spring, noon, f"gift:{n}").code, goods(harbour, noon), why(f"till:{n}", noon)
        )
    with pytest.raises(no.InvalidTerms, match="like this"):
        defining.revise(spring, by=max_, at=noon, terms={"total": 1})
    defining.revise(spring, by=max_, at=noon, terms={"total": 2})
    coupon = given(irina, spring, noon, "gift:9")
    refused(lambda: coupons.redeem(coupon.code, goods(harbour, noon), why("till:9", noon)), no.LimitReached)


def test_not_on_the_receipt_that_brought_it(
    define: Any, irina: Customer, harbour: Store, noon: datetime
) -> None:
    first, second = (cast.purchase(irina, at=harbour, on="2026-03-10") for _n in range(2))
    coupon = given(irina, define("next", kind=CouponKind.NEXT_ORDER), noon, purchase_id=first.pk)
    same = why("till:1", noon, purchase_id=first.pk)
    refused(lambda: coupons.redeem(coupon.code, goods(harbour, noon), same), no.CouponNotYet)
    coupons.redeem(coupon.code, goods(harbour, noon), replace(same, purchase_id=second.pk))


def test_what_can_be_used_in_one_statement(
    define: Any, irina: Customer, harbour: Store, uptown: Store, noon: datetime, max_: Staff,
    django_assert_num_queries: Any,
) -> None:  # fmt: skip
    day = timedelta(days=1)
    plain = given(irina, define("plain"), noon)
    ending = given(irina, define("ending", days=0), noon)
    given(irina, define("elsewhere", only_stores=[uptown.pk]), noon)
    used = given(irina, define("used"), noon)
    held = given(irina, define("held"), noon)
    gone = given(irina, define("gone"), noon)
    coupons.redeem(used.code, goods(harbour, noon), why("till:1", noon))
    coupons.reserve(held.code, goods(harbour, noon), why("till:2", noon), until=noon + timedelta(minutes=5))
    coupons.void(irina.pk, gone.pk, by=max_, at=noon)
    with django_assert_num_queries(0):  # Django's cursors count; this is one of psycopg's own
        found = holding.usable(irina.pk, noon, harbour.pk)
    assert [one.coupon_id for one in found] == [ending.pk, plain.pk]
    assert (found[0].name, found[0].rules.amount) == ("Ending", 500)
    assert [one.coupon_id for one in holding.usable(irina.pk, noon + day, harbour.pk)] == [plain.pk, held.pk]
    assert len(holding.usable(irina.pk, noon, None)) == 3


def test_codes_follow_a_merge_and_its_undoing(define: Any, irina: Customer, yusuf: Customer, harbour: Store,
                                              ana: Staff, noon: datetime) -> None:  # fmt: skip
    spring = define()
    hers, his = given(irina, spring, noon, "gift:1"), given(yusuf, spring, noon, "gift:2")
    done = merging.merge(irina, yusuf, by=ana, at=noon, is_confirmed=True, reason="showed both cards")
    assert {one.coupon_id for one in holding.usable(irina.pk, noon, None)} == {hers.pk, his.pk}
    slip = why("till:1", noon)
    used = coupons.redeem(his.code, goods(harbour, noon), slip, customer_id=irina.pk).use
    assert used.customer_id == irina.pk
    merging.unmerge(done, by=ana, at=noon)
    again = coupons.redeem(his.code, goods(harbour, noon), slip, customer_id=yusuf.pk)
    assert (again.use.pk, again.use.customer_id, again.is_new) == (used.pk, yusuf.pk, False)
    assert CouponCode.objects.get(code=hers.code).customer_id == irina.pk
    refused(
        lambda: coupons.redeem(his.code, goods(harbour, noon), slip, customer_id=irina.pk), no.CouponUnknown
    )


def test_both_used_one_checkout_and_are_merged(define: Any, irina: Customer, yusuf: Customer, harbour: Store,
                                               ana: Staff, noon: datetime) -> None:  # fmt: skip
    code, slip = code_of(define(is_shared=True)), why("till:1", noon)
    for who in (irina, yusuf):
        coupons.reserve(
            code, goods(harbour, noon), slip, until=noon + timedelta(minutes=5), customer_id=who.pk
        )
        coupons.release(code, slip)
    merging.merge(irina, yusuf, by=ana, at=noon, is_confirmed=True, reason="showed both cards")
    assert CouponUse.objects.filter(customer=irina).count() == 2
    coupons.redeem(code, goods(harbour, noon), slip, customer_id=irina.pk)


def test_an_erased_customer_keeps_no_code(define: Any, irina: Customer, harbour: Store, ana: Staff,
                                          noon: datetime) -> None:  # fmt: skip
    coupon = given(irina, define(), noon)
    erasing.erase(irina.pk, by=ana, at=noon)
    assert not CouponCode.objects.exists()
    assert Coupon.objects.get(pk=coupon.pk).code == ""
    refused(lambda: coupons.redeem(coupon.code, goods(harbour, noon), why("till:1", noon)), no.CouponUnknown)
    with pytest.raises(Erased):
        given(irina, coupon.definition, noon, "gift:2")
