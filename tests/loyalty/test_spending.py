"""Rewards and coupons at the Counter: two steps, once a form, taken back by the notice."""

import json
import re
import threading
from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from customers.models import Customer, Purchase, Return
from loyalty import adjustments, coupons, glance, ledger, takingback
from loyalty.baskets import Basket, BasketLine
from loyalty.coupons import defining
from loyalty.ledger import Cause, NewLot
from loyalty.models import (
    Adjustment,
    AdjustmentState,
    Coupon,
    CouponKind,
    CouponTally,
    CouponUse,
    Kind,
    Measure,
    MissedReceipt,
    Movement,
    Period,
    Redemption,
    RewardKind,
    RewardStock,
    RuleKind,
)
from loyalty.rewards import catalogue, stock
from tests import cast
from tests.customers.test_merge_races import in_threads
from tests.loyalty import rules
from tests.loyalty.test_tiers import ladder

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]
BOUGHT = timezone.now().date() - timedelta(days=2)


@pytest.fixture
def points(irina: Customer) -> None:
    ledger.earn(irina.pk, [NewLot(100)], Cause("receipt:1", timezone.now() - timedelta(days=9), "test"))


@pytest.fixture
def cup(harbour: Store) -> Any:
    """A gift for 40 points, of which Harbour has two."""
    terms = {"kind": RewardKind.GIFT, "points": 40, "product_id": cast.product("CUP", "Cup").pk}
    made = catalogue.define(
        code="cup", name="A cup", is_counted=True, terms=terms, by="test", at=timezone.now()
    )
    stock.put(made, harbour, 2, by="test")
    return made


def coupon(who: Customer, code: str = "five", **terms: Any) -> Coupon:
    whole = {"kind": CouponKind.AMOUNT, "amount": Decimal(5)} | terms
    offer = defining.define(code=code, name=code.title(), terms=whole, by="test", at=timezone.now())
    return coupons.issue(who.pk, offer, Cause(f"gift:{code}", timezone.now(), "test"))


def place(of: Customer, what: str) -> str:
    return f"/customers/{of.public_id}/points/{what}/"


def fields(html: str) -> dict[str, str]:
    """What the dialog would send."""
    return dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', html))


def undo_of(html: str) -> str:
    found = re.search(r'<form class="inline" method="post" action="([^"]+)"', html)
    assert found
    return found[1].replace("&amp;", "&")


def spendable(who: Customer) -> int:
    return int(glance.read(who.pk, timezone.now()).points.spendable)


def test_a_reward_in_two_steps_once_a_form_and_back(
    chen: Staff, irina: Customer, points: None, cup: Any, signed_in: Browser
) -> None:
    theirs = signed_in(chen)
    html = theirs.get(place(irina, "rewards") + "?place=counter").content.decode()
    form = fields(html) | {"reward": cup.public_id}
    assert f'name="reward" value="{cup.public_id}"' in html
    for _twice in range(2):
        answer = theirs.post(place(irina, "rewards"), form).content.decode()
        assert "A cup for Irina Petrova." in answer
    assert (spendable(irina), RewardStock.objects.get().quantity, Redemption.objects.count()) == (60, 1, 1)
    assert Movement.objects.get(kind=Kind.REDEEM).actor == f"staff:{chen.pk}"
    back = theirs.post(undo_of(answer), {"place": "counter"}).content.decode()
    assert "Given back: 40." in back
    assert (spendable(irina), RewardStock.objects.get().quantity) == (100, 2)
    assert Redemption.objects.get().state == "cancelled"
    assert "Given back already." in theirs.post(undo_of(answer), {"place": "counter"}).content.decode()
    assert (spendable(irina), RewardStock.objects.get().quantity) == (100, 2)


def test_what_cannot_be_taken_says_why_and_changes_nothing(
    chen: Staff, irina: Customer, points: None, cup: Any, harbour: Store, signed_in: Browser
) -> None:
    stock.put(cup, harbour, 0, by="test")
    theirs = signed_in(chen)
    html = theirs.get(place(irina, "rewards")).content.decode()
    assert "This store has none of it left." in html
    assert f'value="{cup.public_id}"' not in html
    answer = theirs.post(place(irina, "rewards"), fields(html) | {"reward": cup.public_id})
    assert (answer.status_code, spendable(irina), Redemption.objects.count()) == (409, 100, 0)
    assert (
        theirs.post(place(irina, "rewards"), fields(html) | {"reward": "rwd_000000000000"}).status_code == 404
    )


def test_a_coupon_in_two_steps_once_a_form_and_back(chen: Staff, irina: Customer, signed_in: Browser) -> None:
    one, theirs = coupon(irina, only_products=[cast.product("TEA").pk], minimum=Decimal(20)), signed_in(chen)
    counter = theirs.post("/counter/find/", {"q": "13800138000"}).content.decode()
    asks = f"{place(irina, 'coupons')}?place=counter&coupon={one.public_id}"
    assert asks.replace("&", "&amp;") in counter
    html = theirs.get(asks).content.decode()
    short = theirs.post(place(irina, "coupons"), fields(html) | {"amount": "12.50"})
    assert (short.status_code, CouponUse.objects.count()) == (409, 0)
    assert "¥7.50 is missing" in short.content.decode()
    for _twice in range(2):
        answer = theirs.post(place(irina, "coupons"), fields(html) | {"amount": "20.00"}).content.decode()
        assert "Five: Take ¥5.00 off." in answer
    tally = CouponTally.objects.get()
    assert (tally.redeemed, tally.spent) == (1, 5)
    assert one.public_id not in answer  # used: it is not offered any more
    for _twice in range(2):
        assert (
            "The coupon was given back."
            in theirs.post(undo_of(answer), {"place": "counter"}).content.decode()
        )
    assert CouponTally.objects.get().redeemed == 0


def test_a_gift_is_handed_over_and_pieces_are_told_in_words(
    chen: Staff, irina: Customer, signed_in: Browser
) -> None:
    theirs, cup = signed_in(chen), cast.product("CUP", "Cup")
    gift = coupon(irina, "gift", kind=CouponKind.GIFT, amount=None, gift_id=cup.pk, get=2)
    html = theirs.get(f"{place(irina, 'coupons')}?coupon={gift.public_id}").content.decode()
    answer = theirs.post(place(irina, "coupons"), fields(html)).content.decode()
    assert "Gift: Hand over 2 × Cup." in answer
    two = coupon(irina, "two", kind=CouponKind.BUY_GET, amount=None, buy=2, get=1)
    html = theirs.get(f"{place(irina, 'coupons')}?coupon={two.public_id}").content.decode()
    assert "Of every 3 pieces that they take, give them 1 free: the cheapest." in html
    assert theirs.post(place(irina, "coupons"), fields(html)).status_code == 422
    answer = theirs.post(place(irina, "coupons"), fields(html) | {"price": "12.50"}).content.decode()
    assert "Two: Take ¥12.50 off." in answer
    assert CouponUse.objects.count() == 2


def test_coupons_of_others_and_uses_elsewhere_are_not_there(
    chen: Staff, noor: Staff, uma: Staff, irina: Customer, yusuf: Customer, uptown: Store, signed_in: Browser
) -> None:
    one, theirs = coupon(irina), signed_in(chen)
    other = coupon(yusuf, "other")
    assert theirs.get(f"{place(irina, 'coupons')}?coupon={other.public_id}").status_code == 404
    assert signed_in(uma).get(f"{place(irina, 'coupons')}?coupon={one.public_id}").status_code == 404
    assert signed_in(noor).get(place(irina, "rewards")).status_code == 403
    used = coupons.redeem(
        one.code, coupon_basket(uptown), Cause("pos/1", timezone.now(), "till:9", uptown.pk)
    ).use
    away = theirs.post(f"{place(irina, 'coupons')}reversal/?use={used.public_id}")
    assert (away.status_code, CouponTally.objects.get(definition=one.definition).redeemed) == (404, 1)


def coupon_basket(store: Store) -> Any:
    return Basket(store.pk, timezone.now(), (BasketLine(None, frozenset(), None, 1000, 2000),), store.zone)


def test_somebody_of_another_branch_takes_a_reward_with_the_pass(
    chen: Staff, yusuf: Customer, cup: Any, signed_in: Browser
) -> None:
    ledger.earn(yusuf.pk, [NewLot(80)], Cause("receipt:9", timezone.now(), "test"))
    theirs = signed_in(chen)
    found = theirs.post("/counter/find/", {"q": "13900139000"}).content.decode()
    address = re.search(r'hx-get="(/counter/served/[^"?]+points/rewards/)', found)[1]  # type: ignore[index]
    form = fields(theirs.get(address).content.decode()) | {"reward": cup.public_id}
    answer = theirs.post(address, form).content.decode()
    assert yusuf.public_id not in answer
    assert spendable(yusuf) == 40
    assert theirs.post(undo_of(answer)).status_code == 200
    assert spendable(yusuf) == 80


# --- A receipt that was missed --------------------------------------------------------------------------------------


@pytest.fixture
def rules_hold(harbour: Store) -> None:
    rules.programme(cap_receipt=500)
    rules.rule("double", kind=RuleKind.MULTIPLIER, percent=200, condition={"minimum_cents": 5000})
    rules.rule("tea", kind=RuleKind.BONUS, points=9, condition={"products": ["TEA"]})


def missed_form(theirs: Client, irina: Customer, **told: str) -> dict[str, str]:
    form = fields(theirs.get(place(irina, "missed") + "?place=counter").content.decode())
    return form | {"number": "A-17", "amount": "60.00", "on": BOUGHT.isoformat()} | told


def slip(number: str, store: Store, phone: str = "+8613800138000") -> dict[str, Any]:
    at = datetime.combine(BOUGHT, time(12), store.zone)
    return {
        "source": "pos-1", "external_id": number, "store": store.code, "occurred_at": at.isoformat(),
        "customer": {"kind": "phone", "value": phone},
        "lines": [{"line": 1, "product": "TEA", "quantity": "1", "amount": "60.00"}],
    }  # fmt: skip


def test_a_missed_receipt_earns_by_the_rules_and_once(
    marta: Staff, irina: Customer, yusuf: Customer, rules_hold: None, signed_in: Browser
) -> None:
    theirs = signed_in(marta)
    form = missed_form(theirs, irina)
    for _twice in range(2):
        answer = theirs.post(place(irina, "missed"), form)
        assert (
            "Given: 120 points. ¥60.00, a point for each ¥1; Double: × 2 on ¥60.00" in answer.content.decode()
        )
    assert spendable(irina) == 120
    again = theirs.post(place(irina, "missed"), missed_form(theirs, irina))
    assert (again.status_code, spendable(irina)) == (409, 120)
    assert "This receipt is known already" in again.content.decode()
    for wrong in ({"amount": "0.40"}, {"on": (BOUGHT + timedelta(days=9)).isoformat()}, {"number": ""}):
        assert theirs.post(place(irina, "missed"), missed_form(theirs, irina, **wrong)).status_code == 422, (
            wrong
        )
    assert Adjustment.objects.count() == 1


def test_the_receipt_itself_takes_back_what_was_given_for_it(
    marta: Staff,
    irina: Customer,
    harbour: Store,
    rules_hold: None,
    signed_in: Browser,
    calling: Callable[..., Client],
) -> None:
    theirs, till = signed_in(marta), calling("receipts:write")
    theirs.post(place(irina, "missed"), missed_form(theirs, irina))
    for _twice in range(2):
        done = till.post("/api/v1/receipts/", slip("A-17", harbour), content_type="application/json")
        assert done.json()["points_earned"] == 129
        now = glance.read(irina.pk, timezone.now()).points
        assert (now.spendable, now.pending, now.debt) == (0, 129, 0)
    assert (Adjustment.objects.get().state, MissedReceipt.objects.count()) == (AdjustmentState.UNDONE, 0)
    known = theirs.post(place(irina, "missed"), missed_form(theirs, irina))
    assert (known.status_code, Adjustment.objects.count()) == (409, 1)


def test_what_waits_for_approval_is_not_needed_when_the_receipts_come_together(
    chen: Staff,
    irina: Customer,
    harbour: Store,
    rules_hold: None,
    signed_in: Browser,
    calling: Callable[..., Client],
) -> None:
    """Above a clerk's limit somebody else approves. The batch way takes it back, too, however the number was typed."""
    adjustments.change_limits({"clerk": {"points": 119, "points_a_day": 200}}, by="test")
    theirs, till = signed_in(chen), calling("receipts:write")
    answer = theirs.post(place(irina, "missed"), missed_form(theirs, irina, number=" a-17 ")).content.decode()
    assert "120 points wait for approval." in answer
    assert spendable(irina) == 0
    body = json.dumps(slip("A-17", harbour)).encode()
    till.post("/api/v1/receipts/batch/", body, content_type="application/x-ndjson")
    made = Adjustment.objects.get()
    assert (made.state, made.decided_by) == (AdjustmentState.REJECTED, "system:receipts")


def test_within_the_limit_a_clerk_gives_at_once_and_a_number_is_known_in_any_case(
    chen: Staff, irina: Customer, harbour: Store, rules_hold: None, signed_in: Browser
) -> None:
    theirs = signed_in(chen)
    assert (
        "Given: 120 points."
        in theirs.post(place(irina, "missed"), missed_form(theirs, irina)).content.decode()
    )
    again = theirs.post(place(irina, "missed"), missed_form(theirs, irina, number=" a-17"))
    assert (again.status_code, spendable(irina)) == (409, 120)
    many = missed_form(theirs, irina, number="A-18", amount="200.00")  # 400 points
    assert "400 points wait for approval." in theirs.post(place(irina, "missed"), many).content.decode()


def test_a_guests_receipt_says_itself_what_it_is_and_takes_its_points_along(
    marta: Staff, irina: Customer, harbour: Store, rules_hold: None, signed_in: Browser,
    calling: Callable[..., Client],
) -> None:  # fmt: skip
    theirs, till = signed_in(marta), calling("receipts:write")
    bought = slip("A-17", harbour)
    del bought["customer"]
    till.post("/api/v1/receipts/", bought, content_type="application/json")
    wrong = {"amount": "250.00", "on": (BOUGHT - timedelta(days=1)).isoformat()}
    refused = theirs.post(place(irina, "missed"), missed_form(theirs, irina, number="a-17", **wrong))
    assert refused.status_code == 422
    assert "Of this receipt ¥60.00 is kept." in refused.content.decode()
    assert "This receipt is of " in refused.content.decode()
    theirs.post(place(irina, "missed"), missed_form(theirs, irina, number="a-17"))
    assert spendable(irina) == 120
    back = {
        "source": "pos-1", "external_id": "R-1", "occurred_at": timezone.now().isoformat(), "store": harbour.code,
        "receipt": {"source": "pos-1", "external_id": "A-17"},
        "lines": [{"line": 1, "quantity": "1", "amount": "60.00"}],
    }  # fmt: skip
    till.post("/api/v1/returns/", back, content_type="application/json")
    assert spendable(irina) == 0
    assert (Adjustment.objects.get().state, MissedReceipt.objects.count()) == (AdjustmentState.UNDONE, 0)
    again = theirs.post(place(irina, "missed"), missed_form(theirs, irina))
    assert "All of this receipt was brought back before." in again.content.decode()


# --- Goods back -----------------------------------------------------------------------------------------------------


def test_a_receipt_comes_back_with_all_that_went_with_it(
    chen: Staff,
    irina: Customer,
    harbour: Store,
    rules_hold: None,
    signed_in: Browser,
    calling: Callable[..., Client],
) -> None:
    """Points, the coupon and the tier are as before, and each is named; a second time changes nothing."""
    ladder(take_back_days=366, measure=Measure.SPEND, period=Period.ROLLING)
    till, theirs = calling("receipts:write", "coupons:write"), signed_in(chen)
    one = coupon(irina)
    lines = slip("B-1", harbour)["lines"]
    used = {"source": "pos-1", "external_id": "B-1", "store": harbour.code, "lines": lines}
    till.post(f"/api/v1/coupons/{one.code}/redemption/", used, content_type="application/json")
    bought = slip("B-1", harbour) | {"lines": [lines[0] | {"amount": "1200.00"}]}
    till.post("/api/v1/receipts/", bought, content_type="application/json")
    assert glance.read(irina.pk, timezone.now()).tier_name == "Silver"
    html = theirs.get(place(irina, "returns") + "?place=counter").content.decode()
    receipt = Purchase.objects.get()
    assert f'name="receipt" value="{receipt.public_id}"' in html
    asked = theirs.post(
        place(irina, "returns"), fields(html) | {"receipt": receipt.public_id}
    ).content.decode()
    assert "Take receipt B-1 back?" in asked
    assert "This cannot be undone" in asked
    assert "−500" in asked
    assert glance.read(irina.pk, timezone.now()).tier_name == "Silver"  # nothing is done before they are sure
    form = fields(asked)
    answer = theirs.post(place(irina, "returns"), form).content.decode()
    assert (
        "Taken back: ¥1,200.00. Points that it had earned: −500. Good again: Five. Tier: Silver → Member."
        in answer
    )
    now = glance.read(irina.pk, timezone.now())
    assert (now.points.spendable, now.points.pending, now.points.debt, now.tier_name) == (0, 0, 0, "Member")
    assert [coupon.id for coupon in now.coupons] == [one.pk]
    again = theirs.post(place(irina, "returns"), form).content.decode()
    assert "All of this receipt was brought back before." in again
    assert receipt.public_id not in theirs.get(place(irina, "returns")).content.decode()
    unsaid = {name: value for name, value in form.items() if name != "receipt"}
    none = theirs.post(place(irina, "returns"), unsaid)
    assert (none.status_code, "Choose the receipt." in none.content.decode()) == (422, True)
    assert theirs.post(place(irina, "returns"), form | {"receipt": "rcp_000000000000"}).status_code == 404


def test_an_older_receipt_is_taken_back_by_its_number(
    chen: Staff, irina: Customer, harbour: Store, signed_in: Browser, calling: Callable[..., Client]
) -> None:
    till, theirs = calling("receipts:write"), signed_in(chen)
    for n in range(takingback.SHOWN + 1):
        told = slip(f"b-{n}", harbour)
        told["occurred_at"] = (datetime.fromisoformat(told["occurred_at"]) + timedelta(minutes=n)).isoformat()
        till.post("/api/v1/receipts/", told, content_type="application/json")
    html = theirs.get(place(irina, "returns") + "?place=counter").content.decode()
    form = fields(html)
    assert "b-0<" not in html
    for number, said in (("B-0", "Take receipt b-0 back?"), ("B-99", "There is no such receipt of theirs.")):
        assert said in theirs.post(place(irina, "returns"), form | {"number": number}).content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_who_take_a_receipt_back_at_once_hand_its_money_out_once(
    chen: Staff, marta: Staff, irina: Customer, harbour: Store, calling: Callable[..., Client]
) -> None:
    calling("receipts:write").post("/api/v1/receipts/", slip("B-1", harbour), content_type="application/json")
    receipt, at = Purchase.objects.get(), timezone.now()
    start, done = threading.Barrier(2), []

    def take(by: Staff, token: str) -> None:
        start.wait(5)
        done.append(takingback.take_back(receipt, token=token * 32, store=harbour, by=by, at=at))

    in_threads(lambda: take(chen, "a"), lambda: take(marta, "b"))
    assert sorted((one.lines, one.amount) for one in done) == [(0, 0), (1, Decimal(60))]
    assert Return.objects.count() == Entry.objects.filter(action="receipt.return").count() == 1


def test_a_receipt_that_cost_nothing_comes_back_with_its_coupon(
    chen: Staff, irina: Customer, harbour: Store, signed_in: Browser, calling: Callable[..., Client]
) -> None:
    till, theirs, one = calling("receipts:write", "coupons:write"), signed_in(chen), coupon(irina)
    lines = slip("B-1", harbour)["lines"]
    used = {"source": "pos-1", "external_id": "B-1", "store": harbour.code, "lines": lines}
    till.post(f"/api/v1/coupons/{one.code}/redemption/", used, content_type="application/json")
    free = slip("B-1", harbour) | {"lines": [lines[0] | {"amount": "0.00"}], "payments": []}
    till.post("/api/v1/receipts/", free, content_type="application/json")
    form = fields(theirs.get(place(irina, "returns") + "?place=counter").content.decode())
    form |= {"receipt": Purchase.objects.get().public_id, "is_sure": "1"}
    answer = theirs.post(place(irina, "returns"), form).content.decode()
    assert "Taken back: ¥0.00. Good again: Five." in answer
    assert "All of this receipt was brought back before." in (
        theirs.post(place(irina, "returns"), form).content.decode()
    )
