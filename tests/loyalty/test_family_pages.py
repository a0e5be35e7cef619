"""Families at the Counter, on pages, for members and over the API."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.audit.models import Entry
from crm.org.models import Staff
from customers.models import Customer
from loyalty import ledger
from loyalty.families import joining, roster
from loyalty.ledger import Cause, NewLot
from loyalty.models import FamilyRedemption, FamilySeat, JoinedBy
from tests import cast
from tests.loyalty import member
from tests.loyalty.test_till import form_of, redemptions, spendable

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]


@pytest.fixture
def family(irina: Customer, yusuf: Customer) -> int:
    """Irina has 30, Yusuf of another store 100; he shares them."""
    at = timezone.now() - timedelta(days=2)
    ledger.earn(irina.pk, [NewLot(30)], Cause("receipt:1", at, "till:1"))
    ledger.earn(yusuf.pk, [NewLot(100)], Cause("receipt:2", at, "till:1"))
    return joining.join(yusuf.pk, irina.pk, way=JoinedBy.COUNTER, by="system:test", at=at).family_id


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def test_the_counter_spends_with_the_family_and_gives_all_of_it_back(
    chen: Staff, irina: Customer, yusuf: Customer, family: int, signed_in: Browser
) -> None:
    theirs = signed_in(chen)
    panel = text(theirs.post("/counter/find/", {"q": "13800138000"}))
    assert "with the family 130" in panel
    form = form_of(theirs, redemptions(irina) + "?place=counter")
    assert 'data-has="30" data-together="130"' in text(theirs.get(redemptions(irina)))
    answer = text(theirs.post(redemptions(irina), form | {"points": "90"}))
    assert (
        "Redeemed 90 of Irina Petrova. With the family: Irina Petrova 30, a member of another store 60."
        in answer
    )
    assert (spendable(irina), spendable(yusuf)) == (0, 40)
    key = FamilyRedemption.objects.get().public_id
    undo = f"{redemptions(irina)}{key}/reversal/"
    assert (undo in answer, f"back-{key}" in answer, "Redeemed today with the family" in answer) == (
        True,
        True,
        True,
    )
    back = text(theirs.post(undo, {"place": "counter"}))
    assert "Given back to everybody of the family: 90." in back
    assert (spendable(irina), spendable(yusuf)) == (30, 100)
    assert theirs.post(redemptions(irina), form | {"points": "131", "token": "a" * 32}).status_code == 409
    assert theirs.post(f"{redemptions(irina)}fam_000000000000/reversal/").status_code == 404


def test_both_pages_say_who_spent_whose(
    ana: Staff, irina: Customer, yusuf: Customer, family: int, signed_in: Browser
) -> None:
    theirs = signed_in(ana)
    theirs.post(redemptions(irina), form_of(theirs, redemptions(irina)) | {"points": "90"})
    said = "Irina Petrova spent points of: Irina Petrova 30, Yusuf Demir 60"
    mine = text(theirs.get(f"/customers/{irina.public_id}/points/"))
    his = text(theirs.get(f"/customers/{yusuf.public_id}/points/"))
    assert (said in mine, said in his) == (True, True)
    assert (">with the family<" in mine, ">spent by Irina Petrova, of the family<" in his) == (True, True)


def test_staff_take_somebody_in_who_says_yes_and_let_them_go(
    chen: Staff, irina: Customer, yusuf: Customer, signed_in: Browser
) -> None:
    theirs, page = signed_in(chen), f"/customers/{irina.public_id}/family/"
    yes = {"who": "13900139000", "shares": "on", "agreed": "on"}
    for wrong in (yes | {"agreed": ""}, yes | {"who": "13900139001"}, yes | {"who": "13800138000"}):
        assert theirs.post(page, wrong).status_code == 422
        assert FamilySeat.objects.count() == 0
    assert theirs.post(page, yes).status_code == 303
    seat = FamilySeat.objects.get(customer=yusuf)
    assert (seat.way, seat.joined_by, seat.shares) == ("counter", f"staff:{chen.pk}", True)
    html = text(theirs.get(page))
    assert ("a member of another store" in html, yusuf.public_id in html, "Yusuf" in html) == (
        True,
        False,
        False,
    )
    theirs.post(f"{page}sharing/", {"shares": "no"})
    assert not FamilySeat.objects.get(customer=irina).shares
    theirs.post(page, {"_method": "DELETE"})
    assert roster.seat_of(irina.pk) is None
    acts = Entry.objects.filter(action__startswith="family.").order_by("pk").values_list("action", flat=True)
    assert list(acts) == ["family.join", "family.join", "family.share", "family.leave"]


def test_members_invite_come_in_stop_sharing_and_leave(irina: Customer, yusuf: Customer) -> None:
    hers, his = member.signed_in("13800138000"), member.signed_in("13900139000")
    assert hers.post("/member/family/invitation/").status_code == 303
    code = re.findall(r'class="digits">([0-9A-Z-]+)<', text(hers.get("/member/family/")))[0]
    assert his.post("/member/family/", {"code": "0000-0000-0000", "shares": "on"}).status_code == 422
    assert his.post("/member/family/", {"code": code, "shares": "on"}).status_code == 303
    assert ("Yusuf Demir" in text(hers.get("/member/family/")), "Irina" in text(his.get("/member/family/"))) == (
        True, True,
    )  # fmt: skip
    assert his.post("/member/family/invitation/").status_code == 409  # the head invites
    his.post("/member/family/sharing/", {"shares": "no"})
    assert not FamilySeat.objects.get(customer=yusuf).shares
    his.post("/member/family/", {"_method": "DELETE"})
    assert [one.customer_id for one in roster.seats(FamilySeat.objects.first().family_id)] == [irina.pk]  # type: ignore[union-attr]
    assert Client().get("/member/family/").status_code == 303


def test_the_api_joins_spends_gives_back_and_leaves(
    irina: Customer, yusuf: Customer, calling: Callable[..., Client]
) -> None:
    at = timezone.now()
    ledger.earn(irina.pk, [NewLot(30)], Cause("receipt:1", at, "till:1"))
    ledger.earn(yusuf.pk, [NewLot(100)], Cause("receipt:2", at, "till:1"))
    till, base = calling("points:read", "points:write"), "/api/v1/"

    def post(address: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        answer = till.post(base + address, body, content_type="application/json")
        return answer.status_code, answer.json()

    home = f"customers/{yusuf.public_id}/family/"
    assert post(home, {"other": irina.public_id, "agreed": False})[0] == 422
    status, told = post(home, {"other": irina.public_id, "agreed": True})
    assert (status, told["own"], told["together"]) == (201, 100, 130)
    assert [(one["customer"], one["head"]) for one in told["members"]] == [
        (irina.public_id, True), (yusuf.public_id, False),
    ]  # fmt: skip
    slip = {"customer": irina.public_id, "points": 90, "source": "pos-1", "external_id": "1"}
    status, spent = post("family-redemptions/", slip)
    assert (status, [one["points"] for one in spent["parts"]]) == (201, [30, 60])
    assert post("family-redemptions/", slip) == (200, spent)
    assert post("family-redemptions/", slip | {"points": 91})[1]["code"] == "source_conflict"
    part = spent["parts"][1]["movement"]
    assert (
        post(f"redemptions/{part}/reversal/", {"source": "pos-1", "external_id": "2"})[1]["code"]
        == "family_is_whole"
    )
    back = post(
        f"family-redemptions/{spent['id']}/reversal/", {"source": "pos-1", "external_id": "3", "points": 70}
    )
    assert (back[0], sorted(one["points"] for one in back[1]["parts"])) == (201, [10, 60])
    assert (spendable(irina), spendable(yusuf)) == (10, 100)
    assert post(f"{home}sharing/", {"shares": False})[1]["members"][1]["shares"] is False
    assert till.delete(base + home).json()["members"] == []
    assert till.delete(base + home).status_code == 409


def test_a_key_of_one_store_sees_no_member_of_another(
    irina: Customer, family: int, uptown: Any, calling: Callable[..., Client]
) -> None:
    cast.customer("Stranger", of=uptown)
    answer = calling("points:read", stores=[irina.home_store]).get(
        f"/api/v1/customers/{irina.public_id}/family/"
    )
    assert [one["customer"] for one in answer.json()["members"]] == [irina.public_id, None]
