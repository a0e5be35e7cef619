"""Coupons that a clerk uses: which receipt they went into, and what brings them back."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from customers import merging
from customers.models import Category, Customer, Purchase
from customers.receiving import database, followers
from customers.receiving.followers import Changed
from customers.receiving.payloads import LineIn, ReceiptIn, ReceiptKeyIn, ReturnedLineIn, ReturnIn, WhoIn
from customers.receiving.single import receive_receipt, receive_return
from loyalty import coupons, vouchers
from loyalty.baskets import Basket, BasketLine
from loyalty.coupons import codes, defining, sweeping, tying
from loyalty.coupons import refusals as coupons_refusals
from loyalty.coupons.tying import Sold, Tied
from loyalty.ledger import Cause
from loyalty.models import Coupon, CouponCode, CouponDefinition, CouponKind, CouponTally, CouponUse
from loyalty.vouchers import Told
from tests import cast
from tests.loyalty.test_spending import fields, place, undo_of

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def coupon(
    who: Customer, at: datetime, code: str = "five", purchase_id: int | None = None, **terms: Any
) -> Coupon:
    whole = {"kind": CouponKind.AMOUNT, "amount": Decimal(5)} | terms
    offer = defining.define(code=code, name=code.title(), terms=whole, by="test", at=at)
    return coupons.issue(who.pk, offer, Cause(f"gift:{code}", at, "test", purchase_id=purchase_id))


def use(one: Coupon, chen: Staff, store: Store, at: datetime, token: str = "a", **more: Any) -> CouponUse:
    told = Told(Decimal(20), number=more.get("receipt_number", ""))
    return vouchers.use(one.customer_id, one.code, told, token=token * 32, at=at, by=chen, store=store).use


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


# --- Codes that are typed --------------------------------------------------------------------------------------------


def shared(at: datetime, code: str = "all", **terms: Any) -> str:
    whole = {"kind": CouponKind.AMOUNT, "amount": Decimal(5)} | terms
    made = defining.define(code=code, name=code.title(), terms=whole, is_shared=True, by="test", at=at)
    return str(CouponCode.objects.get(definition=made).code)


def test_a_shared_code_is_typed_and_used_in_two_steps(
    chen: Staff, irina: Customer, signed_in: Callable[[Staff], Client]
) -> None:
    theirs, code = signed_in(chen), shared(timezone.now(), per_customer=1, minimum=Decimal(20))
    panel = theirs.post("/counter/find/", {"q": "13800138000"}).content.decode()
    assert f'hx-post="{place(irina, "coupons")}code/"' in panel
    typed = {"code": f" {codes.shown(code).lower()} ", "place": "counter"}
    html = theirs.post(f"{place(irina, 'coupons')}code/", typed).content.decode()
    assert "¥5.00 off; from ¥20.00 on; 1 time a customer." in html
    form = fields(html) | {"amount": "20"}
    assert (
        "¥5.00 is missing" in theirs.post(place(irina, "coupons"), form | {"amount": "15"}).content.decode()
    )
    for _twice in range(2):
        answer = theirs.post(place(irina, "coupons"), form).content.decode()
        assert "All: Take ¥5.00 off." in answer
    assert (CouponUse.objects.get().customer_id, CouponTally.objects.get().spent) == (irina.pk, 5)
    over = theirs.post(f"{place(irina, 'coupons')}code/", typed).content.decode()
    assert "A customer may use it 1 time." in over
    assert "Use the coupon" not in over
    assert "The coupon was given back." in theirs.post(undo_of(answer)).content.decode()
    assert "Use the coupon" in theirs.post(f"{place(irina, 'coupons')}code/", typed).content.decode()


def test_what_is_no_code_of_theirs_says_so(
    chen: Staff, irina: Customer, yusuf: Customer, signed_in: Callable[[Staff], Client], monkeypatch: Any
) -> None:
    theirs, address = signed_in(chen), f"{place(irina, 'coupons')}code/"
    other = coupon(yusuf, timezone.now()).code
    wrong = other[:-1] + ("0" if other[-1] != "0" else "2")
    mistyped, unknown = "A letter of this code is wrong or missing.", "There is no coupon with this code."
    for code, why in ((wrong, mistyped), ("", mistyped), (other, unknown), (codes.new(), unknown)):
        answer = theirs.post(address, {"code": code})
        assert (answer.status_code, why in answer.content.decode()) == (422, True), code
    monkeypatch.setattr("loyalty.coupons.guesses.MOST", 0)
    assert (
        "Too many codes that are not there were tried."
        in theirs.post(address, {"code": codes.new()}).content.decode()
    )
    assert CouponUse.objects.count() == 0


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ({"from_on": date(2026, 3, 11)}, "This coupon is good from Mar 11, 2026 on."),
        ({"to_on": date(2026, 3, 9)}, "This coupon was good until Mar 9, 2026."),
        ({"weekdays": [3]}, "This coupon is taken on: Wednesday."),
        ({"tiers": ["gold"]}, "This coupon is for members of: gold."),
        ({"only_stores": "uptown"}, "This coupon is not taken here, but in: Uptown."),
        ({"minimum": Decimal(900)}, ""),
    ],
)
def test_why_a_code_does_not_fit(
    terms: dict[str, Any], why: str, irina: Customer, harbour: Store, uptown: Store, noon: datetime
) -> None:
    code = shared(noon, **terms | ({"only_stores": [uptown.pk]} if "only_stores" in terms else {}))
    assert str(vouchers.look(irina.pk, code, harbour, noon).refused or "") == why


# --- Pieces, gifts, the delivery -------------------------------------------------------------------------------------


def test_pieces_by_their_price_or_by_the_receipt(
    chen: Staff, irina: Customer, harbour: Store, noon: datetime
) -> None:
    tea = cast.product("TEA", "Tea")
    two = {"kind": CouponKind.BUY_GET, "amount": None, "buy": 2, "get": 1, "only_products": [tea.pk]}
    by = lambda code, token, told: vouchers.use(  # noqa: E731
        irina.pk, code, told, token=token * 32, at=noon, by=chen, store=harbour
    )
    code = shared(noon, **two)
    with pytest.raises(vouchers.Unsaid):
        by(code, "a", Told())
    with pytest.raises(vouchers.Unsaid):
        by(code, "a", Told(number="B-1"))
    assert by(code, "a", Told(price=Decimal("12.50"))).use.amount == Decimal("12.50")
    half = shared(noon, "half", **two, share_bp=5000, minimum=Decimal(40))
    with pytest.raises(coupons_refusals.MinimumNotMet):
        by(half, "b", Told(price=Decimal("12.50"), amount=Decimal("37.50")))
    assert by(half, "b", Told(price=Decimal("12.50"), amount=Decimal(40))).use.amount == Decimal("6.25")
    line = LineIn(1, "TEA", "3", "20.00", "10.00")
    told = ReceiptIn("pos-1", "B-1", harbour.code, noon.isoformat(), [line], WhoIn("phone", "13800138000"))
    receive_receipt(told, by="till:1")
    found = by(code, "c", Told(number="b-1"))
    assert (found.use.amount, found.use.purchase_id) == (Decimal(10), Purchase.objects.get().pk)


def test_the_delivery_costs_what_they_say(
    chen: Staff, irina: Customer, signed_in: Callable[[Staff], Client]
) -> None:
    theirs = signed_in(chen)
    one = coupon(irina, timezone.now(), "free", kind=CouponKind.DELIVERY, amount=None)
    html = theirs.get(f"{place(irina, 'coupons')}?coupon={one.public_id}").content.decode()
    assert "What the delivery costs" in html
    assert theirs.post(place(irina, "coupons"), fields(html)).status_code == 422
    answer = theirs.post(place(irina, "coupons"), fields(html) | {"price": "8.50"}).content.decode()
    assert "Free: Take ¥8.50 off the delivery." in answer


# --- Coupons that a receipt issues -----------------------------------------------------------------------------------


def thanks(at: datetime, code: str = "thanks", **terms: Any) -> CouponDefinition:
    whole = {"kind": CouponKind.NEXT_ORDER, "amount": Decimal(5), "issued_from": Decimal(20), "days": 9}
    return defining.define(code=code, name=code.title(), terms=whole | terms, by="test", at=at)


@pytest.mark.parametrize("are_together", [False, True])
def test_a_receipt_issues_one_for_the_next_order_once(
    irina: Customer, harbour: Store, noon: datetime, are_together: bool
) -> None:
    def known(bought: Purchase) -> Purchase:
        if are_together:
            followers.later(database.cursor(), [Changed(irina.pk, bought.pk)])
        return bought

    before = sell("B-0", harbour, noon - MINUTE)
    offer = thanks(noon)
    bought = known(sell("B-1", harbour, noon))
    for one in (before, sell("B-2", harbour, noon, "19.99"), bought):
        known(one)
    mine = Coupon.objects.get()
    assert (mine.source, mine.purchase_id, mine.store_id) == (f"receipt:{bought.pk}", bought.pk, harbour.pk)
    assert CouponCode.objects.get(code=mine.code).coupon_id == mine.pk
    bring_back("B-1", harbour, noon + MINUTE)
    known(bought)
    assert [one.voided_by for one in Coupon.objects.all()] == ["system:receipts"]
    tally = CouponTally.objects.get(definition=offer)
    assert (tally.issued, tally.voided) == (1, 1)
    bring_back("B-3", harbour, noon + MINUTE)  # the return comes first
    known(sell("B-3", harbour, noon))
    assert Coupon.objects.count() == 1


def test_what_was_used_stays_used_when_its_issuer_comes_back(
    chen: Staff, irina: Customer, harbour: Store, noon: datetime
) -> None:
    thanks(noon)
    sell("B-1", harbour, noon)
    mine = Coupon.objects.get()
    done = use(mine, chen, harbour, timezone.now())
    bring_back("B-1", harbour, noon + MINUTE)
    mine.refresh_from_db()
    assert (mine.voided_at, CouponUse.objects.get(pk=done.pk).state) == (None, "redeemed")


def held(one: Coupon, store: Store, source: str) -> datetime:
    """A till keeps it for an hour: until when."""
    at = timezone.now()
    basket = Basket(store.pk, at, (BasketLine(None, frozenset(), None, 1000, 2000),), store.zone)
    coupons.reserve(one.code, basket, Cause(source, at, "till:1", store.pk), until=at + 60 * MINUTE)
    return at + 60 * MINUTE


def by_hand(one: Coupon, _until: datetime) -> None:
    done = CouponUse.objects.get(coupon=one, redeemed_at__isnull=False)
    coupons.reverse(one.customer_id, done.pk, Cause("by hand", timezone.now(), "test"))


def by_return(_one: Coupon, _until: datetime) -> None:
    sell("B-9", Store.objects.get(code="HARB"), timezone.now())
    bring_back("B-9", Store.objects.get(code="HARB"), timezone.now())


def let_go(one: Coupon, _until: datetime) -> None:
    coupons.release(one.code, Cause("till:1", timezone.now(), "till:1"))


def swept(_one: Coupon, until: datetime) -> None:
    sweeping.release_overdue(until)


def by_the_next(one: Coupon, until: datetime) -> None:
    """Whoever comes next to the same offer clears what is overdue; here it is the coupon's own voiding."""
    coupons.void(one.customer_id, one.pk, by="test", at=until)


@pytest.mark.parametrize(
    ("ended", "is_used"),
    [(by_hand, True), (by_return, True), (let_go, False), (swept, False), (by_the_next, False)],
)
def test_when_its_use_ends_after_its_issuer_came_back_it_is_void(
    ended: Callable[[Coupon, datetime], None],
    is_used: bool,
    chen: Staff,
    irina: Customer,
    harbour: Store,
    noon: datetime,
) -> None:
    offer = thanks(noon, issued_from=Decimal(30))
    for number in ("B-1", "B-2"):
        sell(number, harbour, noon, "30.00")
    mine, other = Coupon.objects.order_by("pk")
    until = held(other, harbour, "till:2")
    if is_used:
        use(mine, chen, harbour, timezone.now())
    else:
        until = held(mine, harbour, "till:1")
    bring_back("B-1", harbour, noon + MINUTE, "30.00")
    mine.refresh_from_db()
    assert mine.voided_at is None
    ended(mine, until)
    for one in (mine, other):
        one.refresh_from_db()
    assert (mine.voided_by, other.voided_at) == ("system:receipts", None)
    tally = CouponTally.objects.get(definition=offer)
    assert (tally.issued, tally.voided, tally.redeemed) == (2, 1, 0)
    told = Entry.objects.get(action="coupon.void")
    assert (told.actor, told.subject) == ("system:receipts", f"loyalty.coupon:{mine.pk}")
    assert told.details == {"definition": offer.pk}


@pytest.mark.parametrize(
    ("terms", "issued"),
    [
        ({}, 1),
        ({"only_products": "TEA"}, 1),
        ({"only_products": "CUP"}, 0),
        ({"not_products": "TEA"}, 0),
        ({"only_categories": "drinks"}, 1),
        ({"not_categories": "drinks"}, 0),
        ({"only_stores": "UP"}, 0),
        ({"not_stores": "HARB"}, 0),
        ({"issued_from": Decimal("20.01")}, 0),
    ],
)
def test_of_the_goods_and_in_the_stores_of_the_coupon(
    terms: dict[str, Any], issued: int, irina: Customer, harbour: Store, uptown: Store, noon: datetime
) -> None:
    drinks = Category.objects.create(path="drinks", name="Drinks")
    leaves = Category.objects.create(path="drinks/tea", name="Tea", parent=drinks)
    ids = {"TEA": cast.product("TEA", "Tea", category=leaves).pk, "CUP": cast.product("CUP", "Cup").pk,
           "drinks": drinks.pk, "HARB": harbour.pk, "UP": uptown.pk}  # fmt: skip
    thanks(noon, **{name: [ids[value]] if isinstance(value, str) else value for name, value in terms.items()})
    sell("B-1", harbour, noon)
    assert Coupon.objects.count() == issued


def test_the_terms_of_the_day_hold_and_an_end_ends_it(
    irina: Customer, harbour: Store, noon: datetime
) -> None:
    offer = thanks(noon)
    defining.revise(offer, terms={"issued_from": None}, by="test", at=noon + 2 * MINUTE)
    sell("B-2", harbour, noon + 3 * MINUTE)
    sell("B-1", harbour, noon + MINUTE)  # late
    assert [one.terms.number for one in Coupon.objects.all()] == [1]
    defining.end(offer, by="test", at=noon)
    sell("B-3", harbour, noon + MINUTE)
    assert Coupon.objects.count() == 1


def test_a_shared_code_sent_again_under_the_other_number_is_known(
    ana: Staff, harbour: Store, noon: datetime
) -> None:
    """What a till used of the one while the two were one stands with the survivor after it was undone."""
    irina, yusuf = (cast.customer(f"N{n}", of=harbour, phone=f"+861380013800{n}") for n in (1, 2))
    code = shared(noon)
    basket = Basket(harbour.pk, noon, (BasketLine(None, frozenset(), None, 1000, 2000),), harbour.zone)
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    why = Cause("pos/1", timezone.now() + MINUTE, "till:1", harbour.pk)
    first = coupons.redeem(code, basket, why, customer_id=yusuf.pk)
    merging.unmerge(done, by=ana, at=noon)
    again = coupons.redeem(code, basket, why, customer_id=yusuf.pk)
    assert (again.use.pk, again.is_new, CouponTally.objects.get().redeemed) == (first.use.pk, False, 1)
    other = replace(why, source="pos/2")
    assert coupons.redeem(code, basket, other, customer_id=yusuf.pk).use.customer_id == yusuf.pk
