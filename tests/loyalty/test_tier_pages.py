"""Pages and calls of tiers and adjustments."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from crm.org.models import Staff, Store
from customers.models import Customer
from loyalty import adjustments
from loyalty.models import (
    Adjustment,
    AdjustmentState,
    Benefit,
    BenefitKind,
    Membership,
    RewardKind,
    Tier,
    TierScheme,
)
from loyalty.rewards import catalogue
from loyalty.tiers import changing, keeping
from tests import cast
from tests.loyalty.test_tiers import ladder

pytestmark = pytest.mark.django_db
SignIn = Callable[[Staff], Client]


def draft(**more: Any) -> dict[str, Any]:
    """What the page of a version sends."""
    tomorrow = now().date() + timedelta(days=2)
    told = {
        "valid_from": tomorrow.isoformat(), "measure": 2, "period": 1, "months": 12, "downgrade": 1, "grace_days": 30,
        "notice_days": 30, "take_back_days": 30, "refund_days": 14, "birthday_days": 3,
        "t0_code": "member", "t0_name_en": "Member", "t1_code": "silver",
        "t1_name_en": "Silver", "t1_name_zh-hans": "银卡", "t1_threshold": 500, "t1_keep_threshold": 400,
        "t1_multiplier": "1.5",
    }  # fmt: skip
    return told | more


def test_a_version_is_tried_and_published(
    irina: Customer, harbour: Store, max_: Staff, signed_in: SignIn
) -> None:

    cast.purchase(irina, at=harbour, on=keeping.today(now()), amount="500.00")
    page = signed_in(max_)
    tried = page.post("/loyalty/tiers/edit/", draft(preview="1"))
    assert "1 member would go up" in tried.content.decode()
    assert TierScheme.objects.count() == 0
    assert page.post("/loyalty/tiers/edit/", draft()).status_code == 303
    scheme = TierScheme.objects.get()
    assert list(Tier.objects.filter(scheme=scheme).order_by("rank").values_list("code", "threshold")) == [
        ("member", 0), ("silver", 500),
    ]  # fmt: skip
    assert [str(one.value) for one in Benefit.objects.all()] == ["1.50"]


def test_fields_that_need_each_other_stand_together(max_: Staff, signed_in: SignIn) -> None:
    ladder()
    page = signed_in(max_).get("/loyalty/tiers/edit/")
    _place, heading, fields = page.context["form"].groups()[1]
    names = [one.name.removeprefix("t1_") for one in fields]
    assert heading == "Silver"
    assert names[-8:] == [
        "multiplier", "discount", "early_access", "agent", "free_trial", "trial_reward", "birthday_gift",
        "birthday_coupon",
    ]  # fmt: skip
    assert "---------" not in page.text and "No reward" in page.text and "No coupon" in page.text
    assert page.text.count("Without a code this version leaves the tier out.") == 5


def test_what_a_tier_gives_is_told_in_words(chen: Staff, signed_in: SignIn, noon: datetime) -> None:
    base, *_others = Tier.objects.filter(scheme=ladder()).order_by("rank")
    terms = {"kind": RewardKind.DISCOUNT, "amount": Decimal(1), "points": 5}
    tea = catalogue.define(code="tea", name="Tea", terms=terms, by="test", at=noon)
    for kind, value, reward in (
        (BenefitKind.MULTIPLIER, "1.25", None), (BenefitKind.DISCOUNT, "2", None),
        (BenefitKind.EARLY_ACCESS, "5", None), (BenefitKind.FREE_TRIAL, "1", tea), (BenefitKind.AGENT, "1", None),
        (BenefitKind.BIRTHDAY_GIFT, "1000", None),
    ):  # fmt: skip
        Benefit.objects.create(tier=base, kind=kind, value=value, reward=reward)
    page = signed_in(chen).get("/loyalty/tiers/")
    (told,) = (gifts for tier, _members, gifts in page.context["rungs"] if tier.pk == base.pk)
    assert told == [
        "Points × 1.25", "2% off", "Windows open 5 days before others", "1 free trial of Tea a year",
        "A dedicated agent", "Birthday gift: 1,000 points",
    ]  # fmt: skip
    assert " · ".join(told) in page.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"t1_keep_threshold": 501},
        {"t1_threshold": 0},
        {"t0_threshold": 5},
        {"t1_code": "member"},
        {"t1_code": "No!"},
    ],
)
def test_a_version_that_cannot_hold(max_: Staff, signed_in: SignIn, wrong: dict[str, Any]) -> None:
    assert signed_in(max_).post("/loyalty/tiers/edit/", draft(**wrong)).status_code == 422
    assert TierScheme.objects.count() == 0


def test_a_day_that_has_begun_keeps_its_version_and_a_tier_that_somebody_has_stays(
    irina: Customer, marta: Staff, max_: Staff, signed_in: SignIn
) -> None:
    ladder()
    page = signed_in(max_)
    assert page.post("/loyalty/tiers/edit/", draft(valid_from="2026-01-01")).status_code == 422
    changing.change(irina, "gold", cause="goodwill", by=marta, at=now())
    answer = page.post("/loyalty/tiers/edit/", draft())
    assert (answer.status_code, "Members stand on gold" in answer.content.decode()) == (422, True)
    assert TierScheme.objects.count() == 1


def test_the_ladder_counts_members_and_opens_them(
    irina: Customer, yusuf: Customer, marta: Staff, signed_in: SignIn
) -> None:
    ladder()
    changing.change(irina, "gold", cause="goodwill", by=marta, at=now())
    page = signed_in(marta)
    assert "/loyalty/tiers/members/?tier=gold" in page.get("/loyalty/tiers/").content.decode()
    listed = page.get("/customers/").content.decode()
    assert (listed.count(">Gold<"), listed.count(">Member<")) == (1, 0)  # Yusuf is Uptown's
    people = page.get("/loyalty/tiers/members/?tier=gold").content.decode()
    assert (irina.public_id in people, yusuf.public_id in people) == (True, False)
    day = keeping.today(now()).isoformat()
    moved = page.get(
        f"/loyalty/tiers/members/?was=member&now=gold&from_on={day}&to_on={day}"
    ).content.decode()
    assert irina.public_id in moved
    statement = page.get("/loyalty/tiers/movement/").content.decode()
    assert "1 member moved" in statement
    assert page.get("/loyalty/tiers/movement/export/").status_code == 200


def test_by_hand_on_the_customers_page(irina: Customer, marta: Staff, signed_in: SignIn) -> None:
    ladder()
    page, address = signed_in(marta), f"/customers/{irina.public_id}/tier/"
    until = (now().date() + timedelta(days=30)).isoformat()
    told = {"tier": "gold", "cause": "goodwill", "locked_until": until}
    assert page.post(address, told).status_code == 303
    assert Membership.objects.get(customer=irina).locked_until == date.fromisoformat(until)
    assert "Gold" in page.get(address).content.decode()
    assert page.post(address, {"_method": "DELETE"}).status_code == 303
    assert Membership.objects.get(customer=irina).locked_until is None
    assert page.post(address, told | {"tier": "ruby"}).status_code == 422


def test_the_customer_page_says_the_tier_and_what_the_next_one_needs(
    irina: Customer, harbour: Store, chen: Staff, signed_in: SignIn
) -> None:

    ladder(measure=2)
    cast.purchase(irina, at=harbour, on=keeping.today(now()), amount="250.00")
    page = signed_in(chen).get(f"/customers/{irina.public_id}/").content.decode()
    assert "Member" in page
    assert "750 more to Silver" in page


def test_points_above_the_limit_are_approved_by_somebody_else(
    irina: Customer, agnes: Staff, marta: Staff, signed_in: SignIn
) -> None:
    address = f"/customers/{irina.public_id}/adjustments/"
    told = {"points": 600, "reason": "goodwill", "note": "A broken jar.", "source": "page:1"}
    assert signed_in(agnes).post(address, told).status_code == 303
    made = Adjustment.objects.get()
    page = signed_in(marta)
    assert "A broken jar." in page.get("/loyalty/approvals/").content.decode()
    assert page.post(f"/loyalty/approvals/{made.public_id}/", {"decision": "approve"}).status_code == 303
    made.refresh_from_db()
    assert made.state == AdjustmentState.APPLIED
    undo = page.post(f"{address}{made.public_id}/undoing/", {"reason": "Wrong person."})
    made.refresh_from_db()
    assert (undo.status_code, made.state) == (303, AdjustmentState.UNDONE)


def test_another_stores_approvals_are_nobodys_business(
    irina: Customer, agnes: Staff, uma: Staff, signed_in: SignIn
) -> None:
    made = adjustments.ask(irina, 600, reason="goodwill", by=agnes, at=now(), source="page:1")
    page = signed_in(uma)
    assert made.public_id not in page.get("/loyalty/approvals/").content.decode()
    assert page.post(f"/loyalty/approvals/{made.public_id}/", {"decision": "approve"}).status_code == 404


def test_a_system_adjusts_within_its_limit(irina: Customer, calling: Callable[..., Client]) -> None:
    till = calling("points:write")
    told = {
        "customer": irina.public_id,
        "points": 500,
        "reason": "goodwill",
        "source": "desk",
        "external_id": "1",
    }

    def post(n: int, **more: Any) -> Any:
        head = {"idempotency-key": f"k{n}"}
        return till.post("/api/v1/adjustments/", told | more, content_type="application/json", headers=head)

    first = post(1)
    assert (first.status_code, first.json()["state"]) == (201, "applied")
    assert post(2).json() == first.json()
    assert post(3, external_id="2", points=501).json()["state"] == "waiting"
    assert post(4, points=499).json()["code"] == "source_conflict"
    assert post(5, external_id="3", reason="friendship").json()["code"] == "invalid_adjustment"
    assert post(6, external_id="4", receipt_number="9", store="NONE").status_code == 422


def test_pages_cost_as_many_questions_for_many_as_for_few(
    irina: Customer, agnes: Staff, marta: Staff, signed_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    ladder()
    for n in range(3):
        adjustments.ask(irina, 600 + n, reason="goodwill", by=agnes, at=now(), source=f"page:{n}")
    page = signed_in(marta)
    for address, most in (
        ("/loyalty/approvals/", 14),
        ("/loyalty/tiers/", 14),
        ("/loyalty/tiers/movement/", 14),
    ):
        page.get(address)
        with django_assert_max_num_queries(most):
            assert page.get(address).status_code == 200


def test_limits_are_set_and_hold(irina: Customer, agnes: Staff, max_: Staff, signed_in: SignIn) -> None:
    page = signed_in(max_)
    told = {
        f"{one.role}_{name}": getattr(one, name)
        for one in adjustments.of_roles()
        for name in ("points", "points_a_day")
    }
    assert (
        page.post("/loyalty/limits/", told | {"agent_points": 3_000}).status_code == 422
    )  # more than in a day
    assert page.post("/loyalty/limits/", told | {"agent_points": 100}).status_code == 303
    made = adjustments.ask(irina, 101, reason="goodwill", by=agnes, at=now(), source="page:1")
    assert made.is_waiting
