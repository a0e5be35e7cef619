"""Rewards on a member's own pages: what they see, taking one, giving it back."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.org.models import Staff, Store
from customers.models import Customer
from loyalty import ledger
from loyalty.coupons import defining
from loyalty.families import joining
from loyalty.ledger import Cause, NewLot
from loyalty.models import (
    Balance,
    Coupon,
    CouponKind,
    JoinedBy,
    Movement,
    Partner,
    Redemption,
    RedemptionState,
    Reward,
    RewardKind,
)
from loyalty.rewards import catalogue, stock
from tests import cast
from tests.loyalty import member

pytestmark = pytest.mark.django_db
PAGE = "/member/rewards/"


@pytest.fixture
def browser(irina: Customer) -> Client:
    """Irina has 420 points and is at her pages."""
    ledger.earn(irina.pk, [NewLot(420)], Cause("receipt:1", timezone.now(), "till:1"))
    return member.signed_in("irina@example.com")


@pytest.fixture
def define(max_: Staff) -> Callable[..., Reward]:
    def made(code: str, points: int = 250, *, is_counted: bool = False, **terms: Any) -> Reward:
        gift = {"kind": RewardKind.GIFT, "points": points, "product_id": cast.product("MUG").pk}
        if terms.get("kind", RewardKind.GIFT) != RewardKind.GIFT:
            del gift["product_id"]
        return catalogue.define(
            code=code,
            name=code.title(),
            is_counted=is_counted,
            terms=gift | terms,
            by=max_,
            at=timezone.now(),
        )

    return made


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def form(browser: Client, reward: Reward, store: Store) -> dict[str, str]:
    html = browser.get(f"{PAGE}?store={store.code}&take={reward.public_id}").content.decode()
    (token,) = re.findall(r'name="token" value="(\w+)"', html)
    return {"token": token, "store": store.code, "reward": reward.public_id}


def available(who: Customer) -> int:
    return Balance.objects.get(customer=who, unit=1).available


def test_taken_once_a_form_and_given_back(
    browser: Client, define: Any, irina: Customer, harbour: Store, marta: Staff
) -> None:
    mug = define("mug", is_counted=True, money=Decimal(2))
    stock.put(mug, harbour, 1, by=marta)
    told = form(browser, mug, harbour)
    answers = [browser.post(PAGE, told) for _n in range(2)]
    taken = Redemption.objects.get()
    assert {one["Location"] for one in answers} == {f"{PAGE}?store=HARB&taken={taken.public_id}"}
    assert (available(irina), taken.state, taken.actor, taken.store) == (170, "ready", "customer", harbour)
    page = text(browser.get(answers[0]["Location"]))
    assert "It is yours." in page and "waits for you" in page and "80 points are missing" in page
    answer = browser.post(f"{PAGE}{taken.public_id}/", {"_method": "DELETE"})
    assert answer["Location"] == f"{PAGE}?back={taken.public_id}"
    assert (available(irina), Redemption.objects.get().state) == (420, "cancelled")
    assert browser.post(PAGE, told).status_code == 409  # that form is used up
    assert available(irina) == 420


def test_what_cannot_be_taken_says_why(browser: Client, define: Any, harbour: Store, uptown: Store) -> None:
    define("bike", 5_000)
    define("cup", is_counted=True)
    define("here", only_stores=[uptown.pk])
    off = define("off", 100, kind=RewardKind.DISCOUNT, amount=Decimal(5))
    page = text(browser.get(f"{PAGE}?store=HARB"))
    assert "Cup 250 points This store has none of it left" in page
    for words in ("4,580 points are missing", "At the till: show your card", "but in: Uptown"):
        assert words in page, words
    asked = browser.get(f"{PAGE}?store=HARB&take={off.public_id}").content.decode()
    assert 'name="token"' not in asked
    for one in Reward.objects.exclude(code="off"):
        told = {"token": "0" * 32, "store": "HARB", "reward": one.public_id}
        assert browser.post(PAGE, told).status_code in {409, 422}, one.code
    assert not Movement.objects.filter(kind=3).exists()


def test_a_voucher_is_there_at_once(
    browser: Client, define: Any, irina: Customer, harbour: Store, max_: Staff
) -> None:
    five = {"kind": CouponKind.AMOUNT, "amount": Decimal(5), "days": 30}
    spring = defining.define(code="spring", name="Spring", terms=five, by=max_, at=timezone.now())
    voucher = define("five", 100, kind=RewardKind.VOUCHER, coupon_id=spring.pk)
    browser.post(PAGE, form(browser, voucher, harbour))
    assert Coupon.objects.get().customer == irina
    assert "Spring" in text(browser.get("/member/coupons/"))
    taken = Redemption.objects.get()
    assert browser.post(f"{PAGE}{taken.public_id}/", {"_method": "DELETE"}).status_code == 409


def test_a_discount_is_for_the_till(browser: Client, define: Any, harbour: Store) -> None:
    off = define("off", 100, kind=RewardKind.DISCOUNT, amount=Decimal(5))
    told = {"token": "0" * 32, "store": "HARB", "reward": off.public_id}
    assert browser.post(PAGE, told).status_code == 422
    assert not Redemption.objects.exists()


def test_nobody_elses(browser: Client, define: Any, yusuf: Customer, harbour: Store) -> None:
    mug = define("mug")
    ledger.earn(yusuf.pk, [NewLot(900)], Cause("receipt:2", timezone.now(), "till:1"))
    theirs = member.signed_in("13900139000")
    theirs.post(PAGE, form(theirs, mug, harbour))
    taken = Redemption.objects.get()
    assert "Give it back" not in text(browser.get(PAGE))
    assert browser.post(f"{PAGE}{taken.public_id}/", {"_method": "DELETE"}).status_code == 404
    assert Client().get(PAGE)["Location"] == "/member/"
    assert Client().post(PAGE, {"reward": mug.public_id})["Location"] == "/member/"
    assert Redemption.objects.get().state == RedemptionState.READY


def test_the_page_asks_the_same_of_many(browser: Client, define: Any, harbour: Store) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as seen:
            browser.get(PAGE)
        return len(seen)

    few = [define(f"r{n}", 10) for n in range(3)]
    browser.post(PAGE, form(browser, few[0], harbour))
    first = asked()
    partner = Partner.objects.create(code="spa", name="Spa")
    for n in range(3, 9):
        define(f"r{n}", 10, kind=RewardKind.PARTNER, partner_id=partner.pk)
    for one in few[1:]:
        browser.post(PAGE, form(browser, one, harbour))
    assert asked() == first


def test_the_family_pays_what_is_missing(
    browser: Client, define: Any, irina: Customer, yusuf: Customer, harbour: Store, marta: Staff
) -> None:
    now = timezone.now()
    ledger.earn(yusuf.pk, [NewLot(900)], Cause("receipt:2", now, "till:1"))
    joining.join(irina.pk, yusuf.pk, way=JoinedBy.COUNTER, by=marta, at=now)
    robe = define("robe", 1_000)
    assert "1,320 with your family" in text(browser.get(PAGE))
    browser.post(PAGE, form(browser, robe, harbour))
    assert (available(irina), available(yusuf)) == (0, 320)
    (taken,) = Redemption.objects.all()
    browser.post(f"{PAGE}{taken.public_id}/", {"_method": "DELETE"})
    assert (available(irina), available(yusuf)) == (420, 900)
