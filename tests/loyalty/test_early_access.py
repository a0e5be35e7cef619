"""Early access: windows of coupons, shared codes and rewards open so many days earlier, to the day, for those tiers."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm.org.models import Chain, Staff, Store
from customers.models import Customer
from loyalty import coupons, ledger, rewards
from loyalty.coupons import defining, holding
from loyalty.coupons import refusals as no
from loyalty.evaluation import Asked, AskedLine, evaluate
from loyalty.ledger import Cause, NewLot
from loyalty.models import Benefit, BenefitKind, CouponDefinition, CouponKind, Reward, RewardKind, Tier
from loyalty.rewards import catalogue
from loyalty.rewards.refusals import RewardNotNow
from loyalty.tiers import agents, changing, early_days, trials
from tests.loyalty.test_coupons import code_of, goods
from tests.loyalty.test_tiers import at_noon, ladder

pytestmark = pytest.mark.django_db
OPENS = date(2026, 3, 20)


def why(on: str, source: str, store: Store | None = None) -> Cause:
    return Cause(source, at_noon(on), "till:1", store_id=store.pk if store else None)


@pytest.fixture
def early(irina: Customer, yusuf: Customer, marta: Staff) -> Customer:
    """Irina is on gold, to which windows open five days early; Yusuf is not."""
    scheme = ladder()
    gold = Tier.objects.get(scheme=scheme, code="gold")
    Benefit.objects.create(tier=gold, kind=BenefitKind.EARLY_ACCESS, value=5)
    changing.change(irina, "gold", cause="goodwill", by=marta, at=at_noon("2026-01-02"))
    return irina


def spring(by: Staff, **terms: Any) -> CouponDefinition:
    five = {"kind": CouponKind.AMOUNT, "amount": Decimal(5), "from_on": OPENS, **terms.pop("terms", {})}
    return defining.define(code="spring", name="Spring", terms=five, by=by, at=at_noon("2026-01-01"), **terms)


def test_a_coupon(early: Customer, yusuf: Customer, max_: Staff, harbour: Store) -> None:
    definition = spring(max_)
    hers, his = (coupons.issue(who.pk, definition, why("2026-01-05", "gift")) for who in (early, yusuf))
    first = hers.valid_from - timedelta(days=5)
    before = first - timedelta(seconds=1)
    assert holding.usable(early.pk, before, harbour.pk) == holding.usable(yusuf.pk, first, harbour.pk) == []
    assert [one.is_early for one in holding.usable(early.pk, first, harbour.pk)] == [True]
    assert [one.is_early for one in holding.usable(early.pk, hers.valid_from, harbour.pk)] == [False]
    for coupon, at in ((hers, before), (his, first)):
        with pytest.raises(no.CouponNotYet):
            coupons.redeem(coupon.code, goods(harbour, at), Cause("till:1", at, "till:1", harbour.pk))
    slip = Cause("till:1", first, "till:1", harbour.pk)
    assert coupons.redeem(hers.code, goods(harbour, first), slip).use.amount == 5


def test_not_before_it_was_issued(early: Customer, max_: Staff, harbour: Store) -> None:
    coupon = coupons.issue(early.pk, spring(max_), why("2026-03-18", "gift"))
    earlier = at_noon("2026-03-17")
    assert holding.usable(early.pk, earlier, None) == []
    with pytest.raises(no.CouponNotYet):
        coupons.redeem(coupon.code, goods(harbour, earlier), Cause("till:1", earlier, "till:1", harbour.pk))


def test_a_shared_code_also_in_a_basket(
    early: Customer, yusuf: Customer, max_: Staff, harbour: Store
) -> None:
    code = code_of(spring(max_, is_shared=True))

    def off(who: Customer, on: str) -> int:
        line = (AskedLine(1, "SKU1", 1000, 2000),)
        asked = Asked(harbour, 1, at_noon(on), line, customer_id=who.pk, codes=(code,))
        return sum(evaluate(asked).off)

    assert [off(early, "2026-03-14"), off(early, "2026-03-15"), off(yusuf, "2026-03-15")] == [0, 500, 0]
    with pytest.raises(no.CouponNotYet):
        coupons.redeem(
            code, goods(harbour, at_noon("2026-03-15")), why("2026-03-15", "a", harbour), customer_id=yusuf.pk
        )
    basket = goods(harbour, at_noon("2026-03-15"))
    coupons.redeem(code, basket, why("2026-03-15", "b", harbour), customer_id=early.pk)


def test_a_reward(early: Customer, yusuf: Customer, max_: Staff, harbour: Store) -> None:
    terms = {"kind": RewardKind.DISCOUNT, "amount": Decimal(5), "points": 10, "from_on": OPENS}
    mug: Reward = catalogue.define(code="m", name="M", terms=terms, by=max_, at=at_noon("2026-01-01"))
    for who in (early, yusuf):
        ledger.earn(who.pk, [NewLot(50)], why("2026-01-05", "receipt:1"))

    def may(who: Customer, at: datetime) -> list[tuple[bool, bool]]:
        asked = Asked(harbour, 1, at, (), customer_id=who.pk)
        return [(one.refused is None, one.is_early) for one in evaluate(asked).prizes]

    assert may(early, at_noon("2026-03-14")) == may(yusuf, at_noon("2026-03-15")) == [(False, False)]
    assert may(early, at_noon("2026-03-15")) == [(True, True)]
    assert may(early, at_noon("2026-03-20")) == [(True, False)]
    for who, on in ((early, "2026-03-14"), (yusuf, "2026-03-15")):
        with pytest.raises(RewardNotNow):
            rewards.redeem(who.pk, mug, why(on, "till:1", harbour))
    assert rewards.redeem(early.pk, mug, why("2026-03-15", "till:2", harbour)).redemption.points == 10


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        ("Asia/Shanghai", "2026-03-09T15:59Z", "2026-03-09T16:00Z"),
        ("America/New_York", "2026-03-10T03:59Z", "2026-03-10T04:00Z"),
    ],
)
def test_a_version_begins_at_the_chains_midnight(
    irina: Customer, agnes: Staff, zone: str, before: str, after: str
) -> None:
    """Whatever day it is in Greenwich."""
    Chain.objects.update(timezone=zone)
    ladder()
    lowest = Tier.objects.get(scheme=ladder(valid_from=date(2026, 3, 10)), rank=0)
    reward = Reward.objects.create(code="tea", name="Tea", created_by="test")
    for kind, more in (
        (BenefitKind.EARLY_ACCESS, {}),
        (BenefitKind.AGENT, {}),
        (BenefitKind.FREE_TRIAL, {"reward": reward}),
    ):
        Benefit.objects.create(tier=lowest, kind=kind, value=3, **more)
    for moment, days in ((before, 0), (after, 3)):
        at = datetime.fromisoformat(moment)
        assert early_days(irina.pk, at) == trials.left(irina.pk, reward.pk, at) == days
        assert agents.is_promised(irina.pk, at) is bool(days)
