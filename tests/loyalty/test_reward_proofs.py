"""What `verify_ledger` says of rewards: nothing, whoever paid them and whatever they are; what cannot be, it names."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from crm.org.models import Staff, Store
from customers.models import Customer
from loyalty import ledger, rewards
from loyalty.coupons import defining
from loyalty.families import joining
from loyalty.ledger import Cause, NewLot, proof
from loyalty.models import (
    Benefit,
    BenefitKind,
    CouponKind,
    FamilyRedemption,
    JoinedBy,
    Partner,
    Redemption,
    Reward,
    RewardKind,
    Tier,
)
from loyalty.rewards import catalogue
from tests import cast
from tests.loyalty.books import unguarded
from tests.loyalty.test_tiers import at_noon, ladder

pytestmark = pytest.mark.django_db
NOON = at_noon("2026-03-10")
TRIED = "a reward that was tried for free took no points, neither own ones nor the family's"
PAID = "a reward without a movement of its own was paid by the family, with as many points"
Taking = Callable[[str], Redemption]


def why(source: str) -> Cause:
    return Cause(source, NOON, "till:1")


def faults() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    return [(fault.promise, fault.row) for part in proof.prove() for fault in part.faults]


def defined(kind: RewardKind, by: Staff) -> Reward:
    if kind == RewardKind.GIFT:
        told: dict[str, Any] = {"product_id": cast.product("MUG").pk}
    elif kind == RewardKind.PARTNER:
        told = {"partner_id": Partner.objects.create(name="Cinema").pk, "note": "Show this."}
    elif kind == RewardKind.VOUCHER:
        terms = {"kind": CouponKind.AMOUNT, "amount": Decimal(5)}
        told = {"coupon_id": defining.define(code="five", name="Five", terms=terms, by=by, at=NOON).pk}
    else:
        told = {"amount": Decimal(5)}
    return catalogue.define(
        code="tea", name="Tea", is_counted=False, terms=told | {"kind": kind, "points": 100}, by=by, at=NOON
    )


@pytest.fixture
def taking(request: pytest.FixtureRequest, irina: Customer, yusuf: Customer, max_: Staff) -> Taking:
    """Takes a reward: free of points, for own points, or for the family's. Of the kind that the test names."""
    tea = defined(request.param, max_)

    def take(paid_by: str) -> Redemption:
        if paid_by == "nobody":
            base = Tier.objects.get(scheme=ladder(), rank=0)
            Benefit.objects.create(tier=base, kind=BenefitKind.FREE_TRIAL, value=1, reward=tea)
        else:
            payer = irina if paid_by == "member" else yusuf
            ledger.earn(payer.pk, [NewLot(100)], why("receipt:1"))
        if paid_by == "family":
            joining.join(irina.pk, yusuf.pk, way=JoinedBy.COUNTER, by="test", at=NOON, shares=True)
        return rewards.redeem(irina.pk, tea, why("slip")).redemption

    return take


@pytest.mark.parametrize("paid_by", ["nobody", "member", "family"])
@pytest.mark.parametrize("taking", list(RewardKind), indirect=True)
def test_the_ledger_is_sound_after_each_kind_of_reward(irina: Customer, taking: Taking, paid_by: str) -> None:
    taken = taking(paid_by)
    assert (taken.trial_year, taken.points) == ((2026, 0) if paid_by == "nobody" else (None, 100))
    assert (taken.movement_id is not None, FamilyRedemption.objects.exists()) == (
        paid_by == "member",
        paid_by == "family",
    )
    assert faults() == []
    rewards.cancel(irina.pk, taken.pk, why("back"))
    assert faults() == []


@pytest.mark.parametrize("taking", [RewardKind.DISCOUNT], indirect=True)
@pytest.mark.parametrize("wrong", ["points", "movement", "own points", "family's points"])
def test_a_trial_that_took_points_is_named(
    irina: Customer, harbour: Store, taking: Taking, wrong: str
) -> None:
    taken = taking("nobody")
    ledger.earn(irina.pk, [NewLot(100)], why("receipt:1"))
    same = f"reward:{taken.reward_id}:slip"
    named = [(TRIED, f"redeemed reward {taken.pk}")]
    if wrong == "own points":
        ledger.redeem(irina.pk, 100, why(same))
    elif wrong == "family's points":
        with unguarded():
            FamilyRedemption.objects.create(
                customer=irina, family_id=1, source=same, points=100, redeemed_at=NOON, actor="test"
            )
    else:
        spent = ledger.redeem(irina.pk, 1, why("till:1")).movement_id
        with unguarded(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE loyalty_redemption DROP CONSTRAINT redemption_costs_points")
            told = {"points": 1} if wrong == "points" else {"movement_id": spent}
            Redemption.objects.filter(pk=taken.pk).update(**told)
    found = faults()
    assert [one for one in found if one[0] == TRIED] == named
    assert PAID not in {promise for promise, _row in found}


@pytest.mark.parametrize("taking", [RewardKind.DISCOUNT], indirect=True)
def test_a_reward_that_nobody_paid_is_named(irina: Customer, taking: Taking) -> None:
    taken = taking("family")
    with unguarded():
        FamilyRedemption.objects.update(points=99)
    assert (PAID, f"redeemed reward {taken.pk}") in faults()
