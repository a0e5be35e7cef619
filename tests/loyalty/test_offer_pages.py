"""The pages of coupons and rewards: built, previewed, issued, declared void; handed over, cancelled."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from crm.jobs import runner
from crm.jobs.models import Job
from crm.org.models import Staff, Store
from customers.models import Customer
from loyalty import ledger, rewards
from loyalty.coupons import defining, giving
from loyalty.ledger import Cause, NewLot
from loyalty.models import (
    Balance,
    Coupon,
    CouponDefinition,
    CouponKind,
    CouponTerms,
    Redemption,
    Reward,
    RewardKind,
    RewardStock,
)
from loyalty.rewards import catalogue, stock
from tests import cast
from tests.ui.forms import filled, taken

pytestmark = pytest.mark.django_db
SignedIn = Callable[[Staff], Client]
LIST = "/loyalty/coupons/"
NEW = {
    "name": "Ten off",
    "code": "ten",
    "kind": "1",
    "amount": "10",
    "share_bp": "5",
    "minimum": "60",
    "place": "100",
}


def five(**more: Any) -> CouponDefinition:
    terms = {"kind": CouponKind.AMOUNT, "amount": Decimal(5), **more}
    return defining.define(code="five", name="Five off", terms=terms, by="test", at=now())


def test_a_coupon_is_made_and_changed(signed_in: SignedIn, max_: Staff, harbour: Store) -> None:
    browser = signed_in(max_)
    assert browser.post(f"{LIST}new/", NEW | {"amount": ""}).status_code == 422
    answer = browser.post(f"{LIST}new/", NEW | {"only_stores": [harbour.pk], "weekdays": [1, 2], "days": "7"})
    made = CouponDefinition.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"{LIST}definition/{made.pk}/")
    terms = CouponTerms.objects.get()
    assert (terms.amount, terms.share_bp, terms.minimum, terms.days) == (10, None, 60, 7)
    assert (terms.only_stores, terms.weekdays) == ([harbour.pk], [1, 2])
    edit = f"{LIST}definition/{made.pk}/terms/"
    shown = browser.get(edit)
    carried = {one.html_initial_name: one.field.hidden_widget().format_value(one.value()) or ""
               for one in shown.context["form"] if one.field.show_hidden_initial}  # fmt: skip
    changed = NEW | {"kind": "2", "share_bp": "12.5", "most": "20", "name": "An eighth", "weekdays": [1, 2],
                     "days": "7", "only_stores": [harbour.pk]}  # fmt: skip
    assert browser.post(edit, {**carried, **changed}).status_code == 303
    newest = defining.newest_of(made)
    assert (newest.number, newest.share_bp, newest.amount, newest.most) == (2, 1250, None, 20)
    assert CouponDefinition.objects.get().name == "An eighth"
    stale = browser.post(edit, {**carried, **changed, "most": "30"})
    assert stale.status_code == 409
    assert browser.get(LIST).content.decode().count("12.50% off, ¥20.00 at most") == 1


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, ["¥10.00 off; from ¥60.00 on.", "costs", "¥100.00"]),
        ({"kind": "2", "share_bp": "10"}, ["10% off; from ¥60.00 on.", "¥100.00"]),
        (
            {"kind": "4", "buy": "2", "get": "1", "minimum": "", "share_bp": ""},
            ["Buy 2, get 1 free.", "¥80.00"],
        ),
        (
            {"kind": "6", "per_customer": "1", "share_bp": "", "amount": ""},
            ["Free delivery; from ¥60.00 on; 1 time a customer.", "¥100.00"],
        ),
        ({"amount": ""}, ["here stands what customers read"]),
    ],
)
def test_the_sentence_while_one_types(
    signed_in: SignedIn, max_: Staff, told: dict[str, str], words: list[str]
) -> None:
    said = signed_in(max_).post(f"{LIST}preview/", NEW | told).content.decode()
    assert all(one in said for one in words), said


def test_issued_to_a_list_and_declared_void(
    signed_in: SignedIn, max_: Staff, irina: Customer, yusuf: Customer, django_assert_max_num_queries: Any
) -> None:
    browser, known = signed_in(max_), five()
    page = f"{LIST}definition/{known.pk}/"
    refused = browser.post(page, {"audience": "list", "members": "M0001 M9999"})
    assert (refused.status_code, "1 number is nobody" in refused.content.decode()) == (422, True)
    assert browser.post(page, {"audience": "list", "members": ""}).status_code == 422
    assert not Job.objects.exists()
    assert browser.post(page, {"audience": "list", "members": "m0001, M0002\n"}).status_code == 303
    runner.run_until_ended(Job.objects.get())
    with django_assert_max_num_queries(20):
        shown = browser.get(page).content.decode()
    assert "2 of 2" in shown
    coupon = Coupon.objects.get(customer=irina)
    place = f"{LIST}coupon/{coupon.public_id}/voiding/"
    assert browser.post(place).status_code == 303
    assert Coupon.objects.get(pk=coupon.pk).voided_by == f"staff:{max_.pk}"
    lines = b"".join(browser.get(f"{page}export/").streaming_content).decode().splitlines()
    assert [line.split(",")[2] for line in lines] == ["State", "Void", "Issued"]
    assert browser.get(f"{LIST}export/?format=xlsx").status_code == 200


def test_ended_and_opened_again(signed_in: SignedIn, max_: Staff) -> None:
    browser, known = signed_in(max_), five()
    place = f"{LIST}definition/{known.pk}/ending/"
    browser.post(place)
    assert CouponDefinition.objects.get().ended_at
    browser.post(place, {"_method": "DELETE"})
    assert CouponDefinition.objects.get().ended_at is None


def test_states_in_words(irina: Customer, noon: datetime) -> None:
    from loyalty.coupons import states

    made = defining.define(code="a", name="A", terms={"kind": CouponKind.AMOUNT, "amount": Decimal(5), "days": 0},
                           by="test", at=noon)  # fmt: skip
    coupon = giving.issue(irina.pk, made, Cause("gift:1", noon, "test"))
    assert states.of_coupons([coupon], noon) == {coupon.pk: "issued"}
    assert coupon.valid_to
    assert states.of_coupons([coupon], coupon.valid_to) == {coupon.pk: "expired"}


def test_a_reward_is_made_counted_taken_and_handed_over(
    signed_in: SignedIn, max_: Staff, marta: Staff, uma: Staff, irina: Customer, harbour: Store
) -> None:
    browser = signed_in(max_)
    cast.product("MUG", "Mug")
    new = {"name": "Mug", "code": "mug", "is_counted": "on", "kind": "1", "product_id": "MUG", "points": "50"}
    assert browser.post("/loyalty/rewards/new/", new | {"product_id": "NONE"}).status_code == 422
    assert browser.post("/loyalty/rewards/new/", new | {"amount": "3"}).status_code == 303
    mug = Reward.objects.get()
    page = f"/loyalty/rewards/reward/{mug.pk}/"
    browser.post(f"{page}stock/", {f"store-{harbour.pk}": "4"})
    assert RewardStock.objects.get().quantity == 4
    ledger.earn(irina.pk, [NewLot(200)], Cause("receipt:1", now(), "test"))
    taken = [
        rewards.redeem(irina.pk, mug, Cause(f"till:{n}", now(), "test", harbour.pk)).redemption
        for n in (1, 2)
    ]
    counter = signed_in(marta)
    assert counter.get("/loyalty/rewards/handing/").content.decode().count("Hand it over") == 2
    place = f"/loyalty/rewards/redeemed/{taken[0].public_id}/"
    assert signed_in(uma).post(place).status_code == 404
    counter.post(place)
    counter.post(f"/loyalty/rewards/redeemed/{taken[1].public_id}/", {"_method": "DELETE"})
    assert list(Redemption.objects.order_by("pk").values_list("state", flat=True)) == ["handed", "cancelled"]
    assert (Balance.objects.get(unit=1).available, RewardStock.objects.get().quantity) == (150, 3)
    assert browser.post(page, {"_method": "DELETE"}).status_code == 303
    assert Reward.objects.get().ended_at
    rows = b"".join(browser.get("/loyalty/rewards/export/").streaming_content).decode().splitlines()
    assert len(rows) == 3


def test_counts_do_not_write_over_what_happened_meanwhile(
    signed_in: SignedIn, max_: Staff, harbour: Store, uptown: Store
) -> None:
    def have() -> list[int]:
        return list(RewardStock.objects.order_by("pk").values_list("quantity", flat=True))

    browser, here, there = signed_in(max_), f"store-{harbour.pk}", f"store-{uptown.pk}"
    cast.product("MUG", "Mug")
    new = {"name": "Mug", "code": "mug", "is_counted": "on", "kind": "1", "product_id": "MUG", "points": "50"}
    browser.post("/loyalty/rewards/new/", new)
    mug = Reward.objects.get()
    stock.put(mug, harbour, 4, by=max_)
    page = f"/loyalty/rewards/reward/{mug.pk}/"
    form = counts_of(browser.get(page))
    assert form == {here: "4", there: "", f"initial-{here}": "4", f"initial-{there}": ""}
    stock.take(mug.pk, harbour.pk)
    assert browser.post(f"{page}stock/", form | {there: "2"}).status_code == 303
    assert have() == [3, 2]  # what was taken is not back
    answer = browser.post(f"{page}stock/", form | {here: "9", there: "3", f"initial-{there}": "2"})
    assert (answer.status_code, have()) == (409, [3, 2])
    assert "Somebody else changed this meanwhile. Save again to keep yours, or take theirs." in str(
        answer.context["counts"].errors[here]
    )
    assert taken(answer) == {here: "3"}
    html = answer.content.decode()
    assert "Take theirs: 3" in html
    assert html.count(f'action="{page}"') == 2  # what else is on the page is not sent to the counts
    again = counts_of(answer)
    assert again == {here: "9", there: "3", f"initial-{here}": "3", f"initial-{there}": "2"}
    wrong = browser.post(f"{page}stock/", again | {here: "-1"})
    assert (wrong.status_code, have()) == (422, [3, 2])
    assert browser.post(f"{page}stock/", again).status_code == 303
    assert have() == [9, 3]


def counts_of(page: Any) -> dict[str, Any]:
    return {name: value for name, value in filled(page).items() if "store-" in name}


def test_an_offer_of_a_partner_is_changed(signed_in: SignedIn, max_: Staff) -> None:
    browser = signed_in(max_)
    new = {"name": "Film", "code": "film", "kind": "4", "partner": "Cinema", "points": "50"}
    assert browser.post("/loyalty/rewards/new/", new).status_code == 303
    film = Reward.objects.get()
    page = f"/loyalty/rewards/reward/{film.pk}/"
    assert browser.post(page, {"name": "Film", "kind": "2", "amount": "3", "points": "60"}).status_code == 303
    newest = catalogue.newest_of(film)
    assert (newest.kind, newest.partner, newest.amount, newest.points) == (RewardKind.DISCOUNT, None, 3, 60)
