"""Rewards: points, stock and coupon move together, and back together."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from customers.models import Customer
from loyalty import coupons, ledger, redeeming, rewards
from loyalty.coupons import defining, holding
from loyalty.coupons.refusals import CouponVoided
from loyalty.ledger import Cause, InsufficientPoints, NewLot
from loyalty.models import (
    Balance,
    CouponKind,
    Lot,
    Movement,
    Partner,
    Redemption,
    RedemptionState,
    Reward,
    RewardKind,
    RewardStock,
)
from loyalty.rewards import catalogue, fulfilment, stock
from loyalty.rewards import refusals as no
from tests import cast
from tests.customers.test_merge_races import in_threads
from tests.loyalty.test_coupons import goods, refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def rich(irina: Customer, noon: datetime) -> Customer:
    """100 points that end in 30 days and 500 that do not."""
    ledger.earn(irina.pk, [NewLot(100, noon + timedelta(days=30))], why("receipt:1", noon))
    ledger.earn(irina.pk, [NewLot(500)], why("receipt:2", noon))
    return irina


@pytest.fixture
def define(max_: Staff, noon: datetime) -> Callable[..., Reward]:
    def made(code: str = "mug", *, is_counted: bool = False, **terms: Any) -> Reward:
        gift = {"kind": RewardKind.GIFT, "points": 250, "product_id": cast.product("MUG").pk}
        return catalogue.define(
            code=code, name=code.title(), is_counted=is_counted, terms=gift | terms, by=max_, at=noon
        )

    return made


def why(source: str, at: datetime, store: Store | None = None) -> Cause:
    return Cause(source, at, "till:1", store_id=store.pk if store else None)


def points(who: Customer) -> int:
    return Balance.objects.get(customer=who, unit=1).available


def everything(who: Customer) -> tuple[Any, ...]:
    """Lots, stock, redeemed rewards that stand."""
    lots = Lot.objects.filter(customer=who).order_by("id").values_list("available", "expires_at")
    left = RewardStock.objects.order_by("id").values_list("quantity", flat=True)
    return list(lots), list(left), Redemption.objects.exclude(state=RedemptionState.CANCELLED).count()


def test_taken_once_a_source_and_cancelled_exactly(
    define: Any, rich: Customer, harbour: Store, marta: Staff, noon: datetime
) -> None:
    mug = define(is_counted=True, money=Decimal(2))
    stock.put(mug, harbour, 3, by=marta)
    before = everything(rich)
    slip = why("till:88", noon, harbour)
    first, again = rewards.redeem(rich.pk, mug, slip), rewards.redeem(rich.pk, mug, slip)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.redemption.pk == again.redemption.pk
    assert (points(rich), RewardStock.objects.get().quantity) == (350, 2)
    assert (first.redemption.state, first.redemption.points, first.redemption.money) == ("ready", 250, 2)
    for _twice in range(2):
        gone = rewards.cancel(rich.pk, first.redemption.pk, why("till:89", noon, harbour))
    assert gone.state == "cancelled"
    assert everything(rich) == before
    with pytest.raises(
        no.RewardGivenBack
    ):  # a till that hands it over on a repeated answer would give it away
        rewards.redeem(rich.pk, mug, slip)
    assert everything(rich) == before


def test_no_more_than_the_store_has(
    define: Any, rich: Customer, harbour: Store, uptown: Store, marta: Staff, noon: datetime
) -> None:
    mug = define(is_counted=True, points=10)
    stock.put(mug, harbour, 1, by=marta)
    rewards.redeem(rich.pk, mug, why("till:1", noon, harbour))
    before = everything(rich)
    for store in (harbour, uptown):
        with pytest.raises(no.OutOfStock):
            rewards.redeem(rich.pk, mug, why("till:2", noon, store))
    with pytest.raises(no.StoreNeeded):
        rewards.redeem(rich.pk, mug, why("till:2", noon))
    with pytest.raises(IntegrityError), transaction.atomic():
        RewardStock.objects.update(quantity=-1)
    with pytest.raises(no.InvalidStock):
        stock.put(mug, harbour, -1, by=marta)
    assert everything(rich) == before


def test_a_count_writes_what_it_changed_of_what_it_saw_or_nothing(
    define: Any, rich: Customer, harbour: Store, uptown: Store, marta: Staff, noon: datetime
) -> None:
    def have() -> dict[int, int]:
        return dict(RewardStock.objects.filter(reward=mug).values_list("store", "quantity"))

    mug = define(is_counted=True, points=10)
    here, there = harbour.pk, uptown.pk
    seen = {here: None, there: None}
    stock.count(mug, {here: 5, there: None}, by=marta, seen=seen)
    assert have() == {here: 5}  # of the other nothing was said
    seen = {here: 5, there: None}
    rewards.redeem(rich.pk, mug, why("till:1", noon, harbour))
    stock.count(mug, {here: 5, there: 2}, by=marta, seen=seen)
    assert have() == {here: 4, there: 2}  # what was taken stays taken
    trace = Entry.objects.filter(action="reward.stock").count()
    with pytest.raises(no.StockMoved) as refused:
        stock.count(mug, {there: 9, here: 7}, by=marta, seen={here: 5, there: 2})
    assert (refused.value.code, refused.value.status) == ("stock_moved", 409)
    assert refused.value.now == {f"store-{here}": 4}
    for quantity in (None, -1, stock.MOST + 1):
        with pytest.raises(no.InvalidStock) as wrong:
            stock.count(mug, {there: 9, here: quantity}, by=marta, seen={here: 4, there: 2})
        assert [one.pointer for one in wrong.value.faults] == [f"/store-{here}"]
    assert (have(), Entry.objects.filter(action="reward.stock").count()) == ({here: 4, there: 2}, trace)
    stock.count(mug, {here: 4, there: 9}, by=marta, seen={here: 5, there: 2})  # both counted the same
    assert have() == {here: 4, there: 9}


@pytest.mark.parametrize(
    ("terms", "kind", "words"),
    [
        ({"points": 601}, InsufficientPoints, "There are 600 to spend."),
        ({"from_on": date(2026, 3, 11)}, no.RewardNotNow, "from Mar 11, 2026 to …"),
        ({"to_on": date(2026, 3, 9)}, no.RewardNotNow, "to Mar 9, 2026"),
        ({"tiers": ["gold"]}, no.RewardNotForTier, "gold"),
        ({"only_stores": [0]}, no.RewardNotHere, "not given here"),
    ],
)
def test_what_is_missing_is_said(
    define: Any, rich: Customer, harbour: Store, noon: datetime, terms: dict[str, Any], kind: Any, words: str
) -> None:
    reward, before = define(**terms), everything(rich)
    with pytest.raises(kind, match=words):
        rewards.redeem(rich.pk, reward, why("till:1", noon, harbour), tier="silver")
    assert everything(rich) == before


def test_so_many_a_customer(define: Any, rich: Customer, noon: datetime) -> None:
    reward = define(points=10, per_customer=1)
    first = rewards.redeem(rich.pk, reward, why("till:1", noon)).redemption
    with pytest.raises(no.RewardLimit, match="1 time"):
        rewards.redeem(rich.pk, reward, why("till:2", noon))
    assert points(rich) == 590
    rewards.cancel(rich.pk, first.pk, why("till:3", noon))
    rewards.redeem(rich.pk, reward, why("till:4", noon))


def test_a_voucher_issues_a_coupon(
    define: Any, rich: Customer, harbour: Store, max_: Staff, noon: datetime
) -> None:
    terms = {"kind": CouponKind.AMOUNT, "amount": Decimal(5)}
    five = defining.define(code="five", name="Five off", terms=terms, by=max_, at=noon)
    reward = define("voucher", kind=RewardKind.VOUCHER, product_id=None, coupon_id=five.pk)
    taken = rewards.redeem(rich.pk, reward, why("till:1", noon)).redemption
    held = holding.usable(rich.pk, noon, None)
    assert [one.coupon_id for one in held] == [taken.coupon_id]
    assert taken.state == "handed"
    other = rewards.redeem(rich.pk, reward, why("till:2", noon)).redemption
    coupons.redeem(held[0].code, goods(harbour, noon), why("till:3", noon))
    with pytest.raises(no.CouponWasUsed):
        rewards.cancel(rich.pk, taken.pk, why("till:4", noon))
    assert points(rich) == 100
    rewards.cancel(rich.pk, other.pk, why("till:4", noon))
    assert points(rich) == 350
    assert other.coupon
    refused(
        lambda: coupons.redeem(other.coupon.code, goods(harbour, noon), why("till:5", noon)), CouponVoided
    )


def test_handed_over_sent_or_cancelled_once(
    define: Any, rich: Customer, marta: Staff, noon: datetime
) -> None:
    partner = Partner.objects.create(code="cinema", name="Cinema")
    reward = define("film", kind=RewardKind.PARTNER, product_id=None, partner_id=partner.pk, points=10)
    one, two, three = (rewards.redeem(rich.pk, reward, why(f"till:{n}", noon)).redemption for n in range(3))
    for _twice in range(2):
        assert fulfilment.hand_over(rich.pk, one.pk, by=marta, at=noon).state == "handed"
    assert fulfilment.send(rich.pk, two.pk, by=marta, at=noon, tracking="SF1").tracking == "SF1"
    with pytest.raises(no.NotReady):
        fulfilment.send(rich.pk, one.pk, by=marta, at=noon)
    rewards.cancel(rich.pk, three.pk, why("till:9", noon))
    with pytest.raises(no.NotReady):
        fulfilment.hand_over(rich.pk, three.pk, by=marta, at=noon)
    with pytest.raises(no.NoSuchRedemption):
        fulfilment.hand_over(rich.pk, 0, by=marta, at=noon)


def test_the_version_of_the_day(define: Any, rich: Customer, max_: Staff, noon: datetime) -> None:
    reward, later = define(points=10), noon + timedelta(days=1)
    catalogue.revise(reward, by=max_, at=noon, valid_from=later, terms={"points": 20})
    assert rewards.redeem(rich.pk, reward, why("till:1", noon)).redemption.points == 10
    assert rewards.redeem(rich.pk, reward, why("till:2", later)).redemption.points == 20
    catalogue.end(reward, by=max_, at=later)
    with pytest.raises(no.RewardEnded):
        rewards.redeem(rich.pk, reward, why("till:3", later))


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"kind": 9}, "kind"),
        ({"product_id": None}, "product_id"),
        ({"kind": RewardKind.DISCOUNT}, "amount"),
        ({"amount": Decimal(1)}, "amount"),
        ({"points": 0}, "points"),
        ({"money": Decimal(0)}, "money"),
        ({"from_on": date(2026, 3, 2), "to_on": date(2026, 3, 1)}, "to_on"),
    ],
)
def test_terms_that_cannot_be_kept(define: Any, terms: dict[str, Any], field: str) -> None:
    with pytest.raises(no.InvalidReward) as said:
        define(**terms)
    assert field in [fault.pointer for fault in said.value.faults]
    assert not Reward.objects.exists()


def test_of_the_last_one_exactly_one_wins(transactional_db: None, harbour: Store, noon: datetime) -> None:
    people = [cast.customer(f"P{n}", of=harbour) for n in range(8)]
    terms = {"kind": RewardKind.DISCOUNT, "amount": Decimal(1), "points": 5}
    last = catalogue.define(code="last", name="Last", is_counted=True, terms=terms, by="test", at=noon)
    stock.put(last, harbour, 1, by="test")
    for who in people:
        ledger.earn(who.pk, [NewLot(5)], why(f"receipt:{who.pk}", noon))
    said: list[str] = []

    def till(who: Customer) -> None:
        try:
            rewards.redeem(who.pk, last, why(f"till:{who.pk}", noon, harbour))
            said.append("won")
        except no.OutOfStock as refusal:
            said.append(refusal.code)

    in_threads(*(lambda who=who: till(who) for who in people))
    assert sorted(said) == ["out_of_stock"] * 7 + ["won"]
    assert sum(points(who) for who in people) == 35


def test_points_that_bought_a_reward_come_back_with_it(define: Any, rich: Customer, noon: datetime) -> None:
    taken = rewards.redeem(rich.pk, define(), why("till:1", noon)).redemption
    spent = Movement.objects.get(pk=taken.movement_id)
    with pytest.raises(redeeming.RewardIsWhole):
        redeeming.reverse(rich.pk, spent, why("pos:2", noon), points=10)
    first = redeeming.reverse(rich.pk, spent, why("pos:2", noon))
    again = redeeming.reverse(rich.pk, spent, why("pos:2", noon))
    assert (first.points, first.is_new, again.is_new) == (250, True, False)
    assert again.movement_id == first.movement_id
    assert points(rich) == 600
    assert Redemption.objects.get().state == RedemptionState.CANCELLED
