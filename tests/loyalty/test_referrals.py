"""Members bring members: who is rewarded, when, once, and what speaks against it."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from crm.audit.models import Entry
from crm.org.models import Chain, Staff, Store
from crm.privacy import erasing
from customers import joining, merging, signups, timeline
from customers.invitations import InvalidInvitation
from customers.models import (
    Customer,
    DuplicatePair,
    Identity,
    MatchRules,
    Purchase,
    SignUp,
    VisitorMark,
)
from loyalty import accounts
from loyalty.models import Kind, Movement, Referral, ReferralState, ReferralTerms, Unit
from loyalty.referrals import codes, deciding, settling, step
from tests import cast
from tests.loyalty import books, member
from tests.loyalty import rules as earning

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
BOUGHT = date(2026, 3, 11)
LAST = BOUGHT + 14 * DAY  # the last day on which it can be returned
S = ReferralState


@pytest.fixture(autouse=True)
def worth(irina: Customer) -> ReferralTerms:
    """200 points for Irina, 100 for whom she brings; goods can be returned for two weeks."""
    earning.programme()
    return ReferralTerms.objects.create(valid_from=date(2026, 1, 1), least=Decimal(5))


@pytest.fixture
def come(irina: Customer, harbour: Store, noon: datetime) -> Callable[..., Customer]:
    """`come()`: a friend enrols with the code of Irina (or of `by`)."""

    def made(phone: str = "13600136000", by: Customer | None = None, **more: Any) -> Customer:
        done = joining.join(
            [("phone", phone)], [], by="system:test", at=noon, source="counter", store_id=harbour.pk,
            invited_by=codes.shown(codes.make((by or irina).pk)), name=more.pop("name", f"Friend {phone}"), **more,
        )  # fmt: skip
        return done.customer

    return made


def buy(who: Customer, harbour: Store, on: date = BOUGHT, amount: str = "30.00") -> Purchase:
    return cast.purchase(who, at=harbour, on=on, amount=amount)


def night(who: Customer, on: date, at: datetime) -> ReferralState:
    return settling.settle(Referral.objects.get(customer=who), on=on, at=at)


def points(who: Customer, at: datetime) -> int:
    return accounts.of(who.pk, at)[Unit.POINTS].spendable


def test_both_are_rewarded_after_the_window_and_once(
    come: Any, irina: Customer, harbour: Store, noon: datetime
) -> None:
    friend = come()
    assert night(friend, LAST, noon) == S.WAITING
    buy(friend, harbour)
    assert (night(friend, LAST, noon), points(irina, noon)) == (S.WAITING, 0)
    assert night(friend, LAST + DAY, noon) == S.PAID
    assert night(friend, LAST + 2 * DAY, noon) == S.PAID
    assert (points(irina, noon), points(friend, noon)) == (200, 100)
    pk = Referral.objects.get().pk
    assert set(Movement.objects.values_list("customer", "source")) == {
        (irina.pk, f"referral:{pk}"), (friend.pk, f"referral:{pk}/friend"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "returned", "on", "why"),
    [
        ("30.00", "26.00", BOUGHT, "small"),
        ("4.99", "0.00", BOUGHT, "small"),
        ("30.00", "0.00", date(2026, 3, 9), "known"),
        ("30.00", "0.00", date(2026, 6, 9), "late"),
    ],
)
def test_what_comes_to_nothing(
    come: Any, irina: Customer, harbour: Store, noon: datetime, amount: str, returned: str, on: date, why: str
) -> None:
    friend = come()
    buy(friend, harbour, on, amount)
    Purchase.objects.update(returned=Decimal(returned))
    assert night(friend, on + 15 * DAY, noon) == S.CANCELLED
    assert (Referral.objects.get().why, Movement.objects.count()) == ([why], 0)
    buy(friend, harbour, LAST)  # what came to nothing stays so
    assert night(friend, LAST + 60 * DAY, noon) == S.CANCELLED


def test_after_one_that_came_back_whole_the_next_purchase_counts(
    come: Any, irina: Customer, harbour: Store, noon: datetime
) -> None:
    """However often, while the days of the terms last; then it came to nothing."""
    friend, idle = come(), come(phone="13600136002")
    buy(friend, harbour)
    buy(idle, harbour)
    Purchase.objects.update(returned=Decimal(30))
    assert night(friend, LAST + DAY, noon) == S.WAITING
    buy(friend, harbour, LAST)
    assert night(friend, LAST + 14 * DAY, noon) == S.WAITING
    assert night(friend, LAST + 15 * DAY, noon) == S.PAID
    assert (points(irina, noon), points(friend, noon)) == (200, 100)
    end = Referral.objects.get(customer=idle).came_on + 90 * DAY
    assert [night(idle, on, noon) for on in (end, end + DAY)] == [S.WAITING, S.CANCELLED]
    assert Referral.objects.get(customer=idle).why == ["returned"]


def test_a_flagged_one_that_came_back_waits_for_the_next(
    come: Any, irina: Customer, harbour: Store, noon: datetime
) -> None:
    friend = come()
    buy(friend, harbour)
    _household(irina, friend)
    assert night(friend, LAST + DAY, noon) == S.FLAGGED
    Purchase.objects.update(returned=Decimal(30))
    assert night(friend, LAST + 2 * DAY, noon) == S.WAITING
    second = buy(friend, harbour, LAST + 2 * DAY)
    assert night(friend, LAST + 17 * DAY, noon) == S.FLAGGED
    one = Referral.objects.get(customer=friend)
    assert (one.why, one.purchase_id, Movement.objects.count()) == (["household"], second.pk, 0)


def test_a_late_return_takes_both_back(come: Any, irina: Customer, harbour: Store, noon: datetime) -> None:
    friend = come()
    buy(friend, harbour)
    night(friend, LAST + DAY, noon)
    Purchase.objects.update(returned=Decimal(30))
    assert night(friend, LAST + 2 * DAY, noon) == S.CANCELLED
    assert (points(irina, noon), points(friend, noon)) == (0, 0)
    assert Movement.objects.filter(kind=Kind.CLAWBACK).count() == 2


def _household(irina: Customer, friend: Customer) -> None:
    Customer.objects.filter(pk__in=[irina.pk, friend.pk]).update(household_code="H1")


def _address(irina: Customer, friend: Customer) -> None:
    Customer.objects.filter(pk=irina.pk).update(address="1 Harbour Road")
    Customer.objects.filter(pk=friend.pk).update(address=" 1 HARBOUR  Road")


def _phone(irina: Customer, friend: Customer) -> None:
    Identity.objects.create(kind="phone", value="+85236136000", customer=irina)


def _device(irina: Customer, friend: Customer) -> None:
    for who in (irina, friend):
        VisitorMark.objects.create(visitor="v1", at=timezone.now(), customer_id=who.pk)


def _duplicate(irina: Customer, friend: Customer) -> None:
    first, second = sorted([irina.pk, friend.pk])
    DuplicatePair.objects.create(
        first_id=first, second_id=second, score=70, rules=MatchRules.objects.create(), digest=b"0" * 16
    )


def _ring(irina: Customer, friend: Customer) -> None:
    Referral.objects.create(
        customer=irina, referrer_id=friend.pk, terms=ReferralTerms.objects.get(), came_at=timezone.now(),
        came_on=BOUGHT,
    )  # fmt: skip


def _many(irina: Customer, friend: Customer) -> None:
    books.rewrite(ReferralTerms.objects.all(), most_a_month=0)


def test_the_timeline_says_who_was_brought(
    come: Any, irina: Customer, chain: Chain, agnes: Staff, noon: datetime
) -> None:
    friend = come()
    asked = timeline.Asked(agnes, chain, friend, groups=frozenset({"life"}))
    (touch,) = [one for one in timeline.page(asked).touches if one.kind == "referral"]
    assert (touch.title, touch.detail, touch.at, touch.data) == (
        "A member brought them",
        "Waits for the first purchase",
        noon,
        {"state": "waiting"},
    )
    theirs = timeline.page(timeline.Asked(agnes, chain, irina, groups=frozenset({"life"}))).touches
    assert "referral" not in {one.kind for one in theirs}


@pytest.mark.parametrize("spoil", [_household, _address, _phone, _device, _duplicate, _ring, _many])
def test_what_looks_wrong_waits_for_a_person(
    come: Any, irina: Customer, harbour: Store, marta: Staff, noon: datetime, spoil: Any
) -> None:
    friend = come(phone="13636136000")
    buy(friend, harbour)
    spoil(irina, friend)
    assert night(friend, LAST + DAY, noon) == S.FLAGGED
    one = Referral.objects.get(customer=friend)
    name = {"_address": "household"}.get(spoil.__name__, spoil.__name__[1:])
    assert (one.why, Movement.objects.count()) == ([name], 0)
    with pytest.raises(deciding.ReferralReason):
        deciding.pay(one, note=" ", by=marta, at=noon)
    assert Movement.objects.count() == 0
    deciding.pay(one, note="Neighbours.", by=marta, at=noon)
    with pytest.raises(deciding.NothingToDecide):
        deciding.refuse(one, note="No.", by=marta, at=noon)
    assert (points(irina, noon), points(friend, noon)) == (200, 100)
    told = Entry.objects.get(action="referral.decide")
    assert (told.actor, told.details) == (f"staff:{marta.pk}", {"decision": "pay", "why": [name]})


def test_merged_into_one_nobody_is_rewarded(
    come: Any, irina: Customer, harbour: Store, marta: Staff, ana: Staff, noon: datetime
) -> None:
    """And undone they are two again, with the referral where it was."""
    friend = come()
    buy(friend, harbour)
    merge = merging.merge(irina, friend, by=ana, at=noon)
    assert night(irina, LAST + DAY, noon) == S.FLAGGED
    one = Referral.objects.get()
    assert one.why == ["self"]
    with pytest.raises(deciding.OneCustomer):
        deciding.pay(one, note="Two.", by=marta, at=noon)
    merging.unmerge(merge, by=ana, at=noon)
    assert Referral.objects.get().customer_id == friend.pk


def test_the_code_leads_to_the_survivor_and_ends_with_an_erasure(
    come: Any, irina: Customer, yusuf: Customer, harbour: Store, ana: Staff, noon: datetime
) -> None:
    code = codes.make(irina.pk)
    friend = come()
    merging.merge(yusuf, irina, by=ana, at=noon, reason="One.", is_confirmed=True)
    assert codes.owner(code) == yusuf
    buy(friend, harbour)
    assert (night(friend, LAST + DAY, noon), points(yusuf, noon)) == (S.PAID, 200)
    second = come(phone="13600136001", by=yusuf)
    erasing.erase(yusuf.pk, by=ana, at=noon)
    assert codes.owner(code) is None
    assert (night(second, LAST + DAY, noon), Referral.objects.get(customer=second).why) == (
        S.CANCELLED,
        ["gone"],
    )


def test_codes_are_read_as_people_write_them(irina: Customer) -> None:
    code = codes.make(irina.pk)
    assert codes.make(irina.pk) == code
    assert codes.read(f" {codes.shown(code).lower()} ") == code
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    assert (codes.read(wrong), codes.read("")) == (None, None)
    with pytest.raises(InvalidInvitation):
        joining.join(
            [("phone", "13600136009")],
            [],
            by="x",
            at=timezone.now(),
            source="x",
            store_id=1,
            invited_by=wrong,
        )
    assert Customer.objects.count() == 1


def test_the_night_finds_what_is_due_and_tells_how_much(come: Any, irina: Customer, harbour: Store) -> None:
    paid, early = come(), come(phone="13600136002")
    buy(paid, harbour)
    buy(early, harbour, LAST)
    run: Any = SimpleNamespace(ranges=[(1, 10**12)], on=LAST + DAY)
    looked_at: list[int] = []
    told: Any = SimpleNamespace(counts={}, advance=looked_at.append)
    step.step(run, told)
    assert (told.counts, looked_at) == ({"rewarded": 1}, [1])  # who still waits is not looked at
    step.step(run, told)
    assert (told.counts, Movement.objects.count()) == ({"rewarded": 1}, 2)
    Purchase.objects.filter(customer=paid).update(returned=Decimal(30))
    step.step(run, told)
    assert told.counts == {"rewarded": 1, "came_to_nothing": 1}
    assert Referral.objects.get(customer=early).state == S.WAITING
    assert looked_at == [1, 0, 1]


def test_the_night_ends_what_came_to_nothing(come: Any, irina: Customer, harbour: Store) -> None:
    """No purchase in time; one from before; one that was brought back, when the days are over."""
    late, known, back = (come(phone=f"1360013600{n}") for n in (3, 4, 5))
    buy(known, harbour, BOUGHT - 30 * DAY)
    buy(back, harbour)
    told: Any = SimpleNamespace(counts={}, advance=lambda _n: None)
    Purchase.objects.filter(customer=back).update(returned=Decimal(30))
    step.step(SimpleNamespace(ranges=[(1, 10**12)], on=BOUGHT), told)  # type: ignore[arg-type]
    assert told.counts == {"came_to_nothing": 1}
    end = Referral.objects.get(customer=late).came_on + 91 * DAY
    step.step(SimpleNamespace(ranges=[(1, 10**12)], on=end - DAY), told)  # type: ignore[arg-type]
    assert told.counts == {"came_to_nothing": 1}
    step.step(SimpleNamespace(ranges=[(1, 10**12)], on=end), told)  # type: ignore[arg-type]
    assert told.counts == {"came_to_nothing": 3}
    why = [Referral.objects.get(customer=who).why for who in (late, known, back)]
    assert why == [["late"], ["known"], ["returned"]]


def test_no_code_is_asked_for_while_nobody_can_bring_friends(chen: Staff, signed_in: Any) -> None:
    till = signed_in(chen)
    assert "Code of a friend" in till.get("/counter/enrol/").content.decode()
    books.rewrite(ReferralTerms.objects.all(), is_on=False)
    assert "Code of a friend" not in till.get("/counter/enrol/").content.decode()


# --- The ways in ----------------------------------------------------------------------------------------------------


def test_the_link_fills_in_the_form(irina: Customer, harbour: Store) -> None:
    browser = member.signed_in("irina@example.com")
    browser.post("/member/friends/")
    code = codes.of(irina.pk)
    assert f"/member/invited/{code}/" in browser.get("/member/friends/").content.decode()
    friend = Client()
    assert (
        codes.shown(code) in friend.get(f"/member/invited/{code}/").content.decode()
    )  # no form is open: say it
    form = signups.switch(harbour, on=True, by="system:test")
    lead = friend.get(f"/member/invited/{code}/")["Location"]
    assert lead == f"/join/{form.code}/?by={codes.shown(code)}"
    assert f'value="{codes.shown(code)}"' in friend.get(lead).content.decode()
    assert friend.get("/member/invited/AAAAAAAAAA/").status_code == 404
    stamp = signing.dumps(timezone.now().timestamp() - 60, salt="customers.join")
    told = {"name": "Ada", "phone": "13600136000", "shown": stamp, "invited_by": codes.shown(code)}
    assert friend.post(f"/join/{form.code}/", told | {"invited_by": "WRONG"}).status_code == 422
    assert friend.post(f"/join/{form.code}/", told).status_code == 303
    signups.take_in(timezone.now())
    one = Referral.objects.get()
    assert (one.referrer_id, one.customer.name, SignUp.objects.get().facts) == (irina.pk, "Ada", {})
    html = browser.get("/member/friends/").content.decode()
    assert "Ada" not in html
    assert re.search(r"Friends on their way</span><b>1</b>", html)


def test_the_counter_and_the_api_take_the_code(
    irina: Customer, harbour: Store, chen: Staff, signed_in: Any, calling: Any
) -> None:
    code = codes.shown(codes.make(irina.pk))
    till = signed_in(chen)
    wrong = till.post("/counter/enrol/", {"phone": "13600136000", "name": "Ada", "invited_by": "AAAAA-AAAAA"})
    assert (wrong.status_code, Customer.objects.count()) == (422, 1)
    assert (
        till.post("/counter/enrol/", {"phone": "13600136000", "name": "Ada", "invited_by": code}).status_code
        == 303
    )
    shop = calling("customers:write", "customers:read", "points:read", "points:write")
    body = {
        "identities": [{"kind": "phone", "value": "13600136001"}],
        "home_store": "HARB",
        "invited_by": code,
    }
    made = shop.post(
        "/api/v1/customers/", body, content_type="application/json", headers={"idempotency-key": "1"}
    )
    assert made.status_code == 201
    told = shop.get(f"/api/v1/customers/{irina.public_id}/referrals/").json()
    assert (told["code"], [one["state"] for one in told["friends"]]) == (code, ["waiting", "waiting"])
    assert set(Referral.objects.values_list("referrer_id", flat=True)) == {irina.pk}


# --- Pages ----------------------------------------------------------------------------------------------------------


def test_a_manager_decides_about_their_own(
    come: Any, irina: Customer, harbour: Store, marta: Staff, uma: Staff, signed_in: Any, noon: datetime
) -> None:
    friend = come()
    buy(friend, harbour)
    _household(irina, friend)
    night(friend, LAST + DAY, noon)
    one = Referral.objects.get()
    address = f"/loyalty/referrals/{one.public_id}/decision/"
    assert signed_in(uma).post(address, {"decision": "pay", "note": "x"}).status_code == 404
    browser = signed_in(marta)
    html = browser.get("/loyalty/referrals/").content.decode()
    assert "The same household or address" in html
    browser.post(address, {"decision": "refuse", "note": "Both live here."})
    one.refresh_from_db()
    assert (one.state, one.note, one.settled_by, Movement.objects.count()) == (
        S.REFUSED, "Both live here.", f"staff:{marta.pk}", 0,
    )  # fmt: skip


def test_terms_are_versions(max_: Staff, signed_in: Any, worth: ReferralTerms) -> None:
    browser = signed_in(max_)
    day = (timezone.localdate() + 2 * DAY).isoformat()
    told = {
        "valid_from": day, "is_on": "on", "points_referrer": "300", "points_friend": "50", "least": "0",
        "within_days": "30", "most_a_month": "3",
    }  # fmt: skip
    past = browser.post("/loyalty/referrals/terms/", told | {"valid_from": "2026-01-02"})
    assert (past.status_code, ReferralTerms.objects.count()) == (422, 1)
    assert browser.post("/loyalty/referrals/terms/", told).status_code == 303
    assert list(ReferralTerms.objects.order_by("pk").values_list("points_referrer", flat=True)) == [200, 300]
