"""Rewards that the family pays: own points first, then the others'; cancelled, everybody's same lots are as before."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils.timezone import now

from crm.org.models import Staff, Store
from customers.models import Customer
from loyalty import accounts, ledger, redeeming, rewards
from loyalty.coupons.fitting import Names
from loyalty.evaluation import Asked, prizes
from loyalty.evaluation.person import Person
from loyalty.families import joining, spending
from loyalty.ledger import Cause, InsufficientPoints, NewLot, proof
from loyalty.models import (
    FamilyPart,
    FamilyRedemption,
    JoinedBy,
    Lot,
    Movement,
    Redemption,
    RedemptionState,
    Reward,
    RewardKind,
    Unit,
)
from loyalty.redeeming import RewardIsWhole
from loyalty.rewards import catalogue
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(harbour: Store) -> Customer:
    return cast.customer("Anna", of=harbour)


@pytest.fixture
def ben(harbour: Store, anna: Customer) -> Customer:
    """Of one family: Anna has 100, Ben 300, of which 50 end first."""
    made = cast.customer("Ben", of=harbour)
    at = now()
    soon = at + timedelta(days=9)
    ledger.earn(anna.pk, [NewLot(100)], Cause("a", at, "test"))
    ledger.earn(made.pk, [NewLot(250), NewLot(50, expires_at=soon)], Cause("b", at, "test"))
    joining.join(made.pk, anna.pk, way=JoinedBy.COUNTER, by="test", at=at)
    return made


@pytest.fixture
def mug(harbour: Store) -> Reward:
    terms = {"kind": RewardKind.DISCOUNT, "amount": Decimal(5), "points": 180}
    return catalogue.define(code="mug", name="Mug", terms=terms, by="test", at=now())


def why(source: str, at: datetime | None = None) -> Cause:
    return Cause(source, at or now(), "till:1")


def has(*people: Customer) -> list[int]:
    return [accounts.of(one.pk, now())[Unit.POINTS].spendable for one in people]


def lots() -> list[tuple[int, int]]:
    return list(Lot.objects.order_by("pk").values_list("points", "available"))


def faults() -> list[str]:
    return [f"{fault.promise}: {fault.row}" for part in proof.prove() for fault in part.faults]


def test_own_points_first_and_cancelled_back_to_the_same_lots(
    anna: Customer, ben: Customer, mug: Reward
) -> None:
    before = lots()
    taken = rewards.redeem(anna.pk, mug, why("slip")).redemption
    assert (taken.movement_id, taken.points, has(anna, ben)) == (None, 180, [0, 220])
    whole = FamilyRedemption.objects.get()
    assert (whole.customer_id, whole.points, whole.source) == (anna.pk, 180, f"reward:{mug.pk}:slip")
    parts = FamilyPart.objects.order_by("place").values_list("customer", "points")
    assert list(parts) == [(anna.pk, 100), (ben.pk, 80)]
    assert sorted(lots()) == [(50, 0), (100, 0), (250, 220)]  # of Ben's those that end first
    again = rewards.redeem(anna.pk, mug, why("slip"))
    assert (again.redemption.pk, again.is_new, has(anna, ben)) == (taken.pk, False, [0, 220])
    assert faults() == []
    for _ in range(2):
        assert rewards.cancel(anna.pk, taken.pk, why("back")).state == RedemptionState.CANCELLED
        assert (lots(), has(anna, ben)) == (before, [100, 300])
    assert faults() == []


def test_one_without_points_takes_it_with_the_others(anna: Customer, ben: Customer, mug: Reward) -> None:
    ledger.redeem(anna.pk, 100, why("all of the own"))
    taken = rewards.redeem(anna.pk, mug, why("slip")).redemption
    assert (taken.movement_id, has(anna, ben)) == (None, [0, 120])
    with pytest.raises(InsufficientPoints):
        rewards.redeem(anna.pk, mug, why("another"))
    joining.share(ben.pk, False, by="test", at=now())
    assert (Redemption.objects.count(), has(anna, ben)) == (1, [0, 120])
    rewards.redeem(ben.pk, catalogue.define(
        code="pin", name="Pin", terms={"kind": RewardKind.DISCOUNT, "amount": Decimal(1), "points": 20}, by="test",
        at=now(),
    ), why("own"))  # fmt: skip
    assert (
        Redemption.objects.latest("pk").movement_id is not None
    )  # enough of one's own: nothing of the family's
    assert faults() == []


def test_points_that_bought_a_reward_come_back_with_it(anna: Customer, ben: Customer, mug: Reward) -> None:
    taken = rewards.redeem(anna.pk, mug, why("slip")).redemption
    whole = FamilyRedemption.objects.get()
    with pytest.raises(RewardIsWhole):
        redeeming.reverse_family(anna.pk, whole.pk, why("part"), points=80)
    assert has(anna, ben) == [0, 220]
    back = redeeming.reverse_family(anna.pk, whole.pk, why("all"))
    assert (back.points, back.is_new, has(anna, ben)) == (180, True, [100, 300])
    assert Redemption.objects.get(pk=taken.pk).state == RedemptionState.CANCELLED
    assert not redeeming.reverse_family(anna.pk, whole.pk, why("all")).is_new
    plain = spending.redeem(
        anna.pk, 150, why("points")
    )  # points that bought none come back in parts, as before
    assert redeeming.reverse_family(anna.pk, plain.redemption_id, why("part"), points=20).points == 20


def test_the_counter_offers_what_the_family_can_pay(
    signed_in: Callable[[Staff], Client],
    chen: Staff,
    anna: Customer,
    ben: Customer,
    mug: Reward,
    harbour: Store,
) -> None:
    browser, address = signed_in(chen), f"/customers/{anna.public_id}/points/rewards/"
    page = browser.get(f"{address}?place=page")
    assert "with the family 400" in page.text and "Take Mug" in page.text
    form = page.context["form"]
    told = {"reward": mug.public_id, "token": form["token"].value(), "store": harbour.pk, "place": "page"}
    said = browser.post(address, told).text
    assert "Mug for Anna." in said and "With the family: Anna 100, Ben 80." in said
    whole = FamilyRedemption.objects.get()
    undone = browser.post(f"/customers/{anna.public_id}/points/redemptions/{whole.public_id}/reversal/", {})
    assert "Given back to everybody of the family: 180." in undone.text
    assert Redemption.objects.get().state == RedemptionState.CANCELLED


def test_a_basket_knows_what_the_family_can_pay(
    anna: Customer, ben: Customer, mug: Reward, harbour: Store
) -> None:
    alone = Person(anna.pk, spendable=100, together=100)
    asked = Asked(harbour, 1, now(), (), customer_id=anna.pk)
    refused = [
        prizes.of(asked, who, Names())[0].refused
        for who in (alone, Person(anna.pk, spendable=100, together=400))
    ]
    assert [type(one).__name__ for one in refused] == ["InsufficientPoints", "NoneType"]
    assert Movement.objects.filter(source__startswith="reward:").count() == 0
