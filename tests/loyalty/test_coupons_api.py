"""Coupons and rewards as a till asks for them."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from crm.org.models import Store
from customers.models import Brand, Category, Customer, Purchase
from loyalty import coupons, ledger, takingback
from loyalty.coupons import codes, defining, guesses
from loyalty.ledger import Cause, NewLot
from loyalty.models import Balance, CouponCode, CouponKind, CouponTally, CouponUse, RewardKind
from loyalty.rewards import catalogue, stock
from tests import cast

pytestmark = pytest.mark.django_db
Calling = Callable[..., Client]
TILL = {"source": "pos-12", "external_id": "R-1", "store": "HARB"}
LINES = [{"line": 7, "product": "TEA", "quantity": "2", "amount": "35.80"},
         {"line": 9, "product": "CUP", "quantity": "1", "amount": "14.20"}]  # fmt: skip
IRINA = {"customer": {"kind": "phone", "value": "138 0013 8000"}}


@pytest.fixture
def tea(db: None) -> None:
    drinks = Category.objects.create(path="drinks", name="Drinks")
    leaves = Category.objects.create(path="drinks/tea", name="Tea", parent=drinks)
    cast.product("TEA", "Tea", category=leaves, brand=Brand.objects.create(name="Leaf"))
    cast.product("CUP", "Cup")


def define(code: str = "spring", *, is_shared: bool = False, **terms: Any) -> Any:
    ten = {"kind": CouponKind.PERCENT, "share_bp": 1000}
    made = defining.define(
        code=code, name=code.title(), is_shared=is_shared, terms=ten | terms, by="test", at=now()
    )
    return CouponCode.objects.get(definition=made).code if is_shared else made


def send(client: Client, method: str, address: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    answer = getattr(client, method)(f"/api/v1/{address}", body, content_type="application/json")
    return answer.status_code, answer.json()


def test_reserved_redeemed_and_given_back(
    calling: Calling, irina: Customer, harbour: Store, tea: None
) -> None:
    till = calling("coupons:write", stores=[harbour])
    drinks = Category.objects.get(path="drinks").pk
    coupon = coupons.issue(irina.pk, define(only_categories=[drinks]), Cause("gift:1", now(), "test"))
    place = f"coupons/{codes.shown(coupon.code).lower()}"
    status, held = send(till, "post", f"{place}/reservation/", TILL | {"lines": LINES})
    assert (status, held["state"], held["cost"]) == (200, "reserved", "3.58")
    assert held["lines"] == [{"line": 7, "discount": "3.58"}, {"line": 9, "discount": "0.00"}]
    assert held["customer"] == irina.public_id
    other = TILL | {"external_id": "R-2", "lines": LINES}
    assert send(till, "post", f"{place}/redemption/", other)[1]["code"] == "coupon_reserved"
    status, done = send(till, "post", f"{place}/redemption/", TILL)
    assert (status, done["state"], done["id"]) == (201, "redeemed", held["id"])
    assert send(till, "post", f"{place}/redemption/", TILL) == (200, done)
    asked = "?source=pos-12&external_id=R-1"
    assert send(till, "delete", f"{place}/reservation/{asked}")[1]["code"] == "not_reserved"
    assert send(till, "delete", f"{place}/redemption/{asked}")[1]["state"] == "reversed"
    assert CouponTally.objects.get().spent == 0
    for what in ("reservation", "redemption"):  # the earlier answer must not give its discount once more
        again = send(till, "post", f"{place}/{what}/", TILL | {"lines": LINES})
        assert (again[0], again[1]["code"]) == (409, "coupon_given_back")
    assert send(till, "post", f"{place}/redemption/", other)[0] == 201


def test_a_key_speaks_for_its_stores_alone(
    calling: Calling, irina: Customer, harbour: Store, uptown: Store, tea: None
) -> None:
    ours, theirs = calling("coupons:write", stores=[harbour]), calling("coupons:write", stores=[uptown])
    coupon = coupons.issue(irina.pk, define(), Cause("gift:1", now(), "test"))
    place = f"coupons/{coupon.code}"
    asked = "?source=pos-12&external_id=R-1"
    for what in ("reservation", "redemption"):
        refused = send(theirs, "post", f"{place}/{what}/", TILL | {"lines": LINES})
        assert (refused[0], refused[1]["errors"][0]["pointer"]) == (422, "/store")
    assert send(ours, "post", f"{place}/reservation/", TILL | {"lines": LINES})[0] == 200
    assert send(theirs, "delete", f"{place}/reservation/{asked}")[1]["code"] == "not_reserved"
    assert send(ours, "post", f"{place}/redemption/", TILL)[0] == 201
    assert send(theirs, "delete", f"{place}/redemption/{asked}")[1]["code"] == "not_redeemed"
    assert send(ours, "delete", f"{place}/redemption/{asked}")[1]["state"] == "reversed"


def test_a_shared_code_needs_a_customer(calling: Calling, irina: Customer, harbour: Store, tea: None) -> None:
    till, code = calling("coupons:write"), define(is_shared=True, per_customer=1)
    place, body = f"coupons/{code}", TILL | {"lines": LINES}
    assert send(till, "post", f"{place}/redemption/", body)[1]["code"] == "customer_needed"
    assert send(till, "post", f"{place}/reservation/", body | IRINA)[0] == 200
    asked = "?source=pos-12&external_id=R-1"
    assert send(till, "delete", f"{place}/reservation/{asked}")[1]["state"] == "released"
    assert send(till, "post", f"{place}/redemption/", body | IRINA)[0] == 201
    again = send(till, "post", f"{place}/redemption/", body | IRINA | {"external_id": "R-2"})
    assert (again[0], again[1]["detail"]) == (409, "A customer may use it 1 time.")
    assert send(till, "delete", f"{place}/redemption/{asked}")[1]["state"] == "reversed"
    unknown = body | {"customer": {"kind": "member", "value": "M9999"}}
    assert send(till, "post", f"{place}/redemption/", unknown)[1]["errors"][0]["pointer"] == "/customer"


def test_a_gift_goods_without_a_category_and_the_delivery(
    calling: Calling, irina: Customer, harbour: Store, tea: None
) -> None:
    till = calling("coupons:write")
    gift = define(
        "gift", kind=CouponKind.GIFT, share_bp=None, gift_id=cast.product("CUP").pk, get=2, is_shared=True
    )
    free = define("free", kind=CouponKind.DELIVERY, share_bp=None, is_shared=True)
    body = (
        TILL
        | IRINA
        | {"lines": [*LINES[:1], {"line": 2, "product": "NEW", "quantity": "0.5", "amount": "1"}]}
    )
    assert send(till, "post", f"coupons/{gift}/redemption/", body)[1]["gifts"] == [
        {"product": "CUP", "quantity": "2"}
    ]
    used = send(till, "post", f"coupons/{free}/redemption/", body | {"delivery": "8.00"})[1]
    assert (used["delivery"], used["cost"]) == ("8.00", "8.00")


def test_whoever_guesses_is_stopped(calling: Calling, irina: Customer, harbour: Store) -> None:
    till, code = calling("coupons:write"), define(is_shared=True)
    body = TILL | IRINA | {"lines": LINES}
    for n in range(guesses.MOST):
        tried = codes.new() if n % 2 else "nothing"
        status, said = send(till, "post", f"coupons/{tried}/redemption/", body)
        assert (status, said["code"], said["detail"]) == (
            404,
            "coupon_unknown",
            "There is no coupon with this code.",
        )
    assert send(till, "post", f"coupons/{code}/redemption/", body)[1]["code"] == "too_many_guesses"
    assert send(calling("coupons:write"), "post", f"coupons/{code}/redemption/", body)[0] == 201


def test_what_a_customer_can_use(calling: Calling, irina: Customer, uptown: Store) -> None:
    coupon = coupons.issue(irina.pk, define(most=Decimal(20), days=3), Cause("gift:1", now(), "test"))
    place = f"customers/{irina.public_id}/coupons/"
    (row,) = send(calling("points:read"), "get", place)[1]["results"]
    assert (row["id"], row["code"], row["what"]) == (
        coupon.public_id, codes.shown(coupon.code), "10% off, ¥20.00 at most",
    )  # fmt: skip
    assert send(calling("points:read", stores=[uptown]), "get", place)[0] == 404


def test_the_catalogue_and_taking_from_it(
    calling: Calling, irina: Customer, harbour: Store, uptown: Store
) -> None:
    at = now()
    terms = {"kind": RewardKind.DISCOUNT, "amount": Decimal("2.5"), "points": 40, "only_stores": [harbour.pk]}
    one = catalogue.define(code="two", name="2.50 off", is_counted=True, terms=terms, by="test", at=at)
    gone = catalogue.define(code="old", name="Old", terms=terms, by="test", at=at)
    catalogue.end(gone, by="test", at=at)
    catalogue.revise(one, by="test", at=at, terms={"points": 99}, valid_from=at + timedelta(days=1))
    stock.put(one, harbour, 3, by="test")
    ledger.earn(irina.pk, [NewLot(100)], Cause("receipt:1", at, "test"))
    till = calling("points:read", "points:write")
    (row,) = send(till, "get", "rewards/?store=HARB")[1]["results"]
    assert (row["points"], row["in_stock"], row["stores"], row["kind"]) == (40, 3, ["HARB"], "discount")
    assert send(till, "get", "rewards/?store=UPTN")[1]["results"] == []
    place = f"rewards/{row['id']}/redemptions/"
    status, taken = send(till, "post", place, TILL | IRINA)
    assert (status, taken["state"], taken["discount"]) == (201, "handed", "2.50")
    assert send(till, "post", place, TILL | IRINA) == (200, taken)
    assert Balance.objects.get(unit=1).available == 60
    assert (
        send(calling("points:write", stores=[uptown]), "delete", f"rewards/redeemed/{taken['id']}/")[0] == 404
    )
    assert send(till, "delete", f"rewards/redeemed/{taken['id']}/")[1]["state"] == "cancelled"
    assert Balance.objects.get(unit=1).available == 100


def test_a_receipt_that_is_brought_back_gives_its_coupon_back(
    calling: Calling, irina: Customer, harbour: Store, tea: None
) -> None:
    till = calling("coupons:write", "receipts:write")
    coupon = coupons.issue(irina.pk, define(), Cause("gift:1", now(), "test"))
    assert send(till, "post", f"coupons/{coupon.code}/redemption/", TILL | {"lines": LINES})[0] == 201
    at = now().isoformat()
    sold = [{**line, "quantity": "1", "amount": "10.00"} for line in LINES]
    assert send(till, "post", "receipts/", TILL | IRINA | {"occurred_at": at, "lines": sold})[0] == 201
    assert CouponUse.objects.get().purchase == Purchase.objects.get()
    back = {"source": "pos-12", "store": "HARB", "occurred_at": at,
            "receipt": {"source": "pos-12", "external_id": "R-1"}}  # fmt: skip
    for number, state in ((7, "redeemed"), (9, "reversed")):
        lines = [{"line": number, "quantity": "1", "amount": "10.00"}]
        assert send(till, "post", "returns/", back | {"external_id": f"B-{number}", "lines": lines})[0] == 201
        assert CouponUse.objects.get().state == state
    assert (CouponTally.objects.get().redeemed, CouponTally.objects.get().spent) == (0, 0)


def test_goods_decide_whether_all_of_a_receipt_came_back(
    calling: Calling, irina: Customer, harbour: Store, tea: None
) -> None:
    """A paid line back and a gift kept: the coupon stays used. The gift back, which cost nothing: good again. A coupon
    that is told of after that is good again at once, for another checkout."""
    till = calling("coupons:write", "receipts:write")
    coupon = coupons.issue(irina.pk, define(), Cause("gift:1", now(), "test"))
    place = f"coupons/{coupon.code}/redemption/"
    assert send(till, "post", place, TILL | {"lines": LINES})[0] == 201
    at = now().isoformat()
    sold = [{**LINES[0], "quantity": "1", "amount": "10.00"}, {**LINES[1], "amount": "0.00"}]
    back = {"source": "pos-12", "store": "HARB", "occurred_at": at,
            "receipt": {"source": "pos-12", "external_id": "R-1"}}  # fmt: skip
    assert send(till, "post", "receipts/", TILL | IRINA | {"occurred_at": at, "lines": sold})[0] == 201
    for number, amount, state in ((7, "10.00", "redeemed"), (9, "0.00", "reversed")):
        assert [one.external_id for one in takingback.candidates(irina.pk)] == ["R-1"]
        lines = [{"line": number, "quantity": "1", "amount": amount}]
        assert send(till, "post", "returns/", back | {"external_id": f"B-{number}", "lines": lines})[0] == 201
        assert CouponUse.objects.get().state == state
    assert takingback.candidates(irina.pk) == []
    other = coupons.issue(irina.pk, define("autumn"), Cause("gift:2", now(), "test"))
    place = f"coupons/{other.code}/redemption/"
    assert send(till, "post", place, TILL | {"lines": LINES})[1]["state"] == "reversed"
    assert send(till, "post", place, TILL | {"lines": LINES})[1]["code"] == "coupon_given_back"
    assert [*CouponTally.objects.values_list("redeemed", "spent")] == [(0, 0), (0, 0)]
    assert send(till, "post", place, TILL | {"external_id": "R-2", "lines": LINES})[0] == 201
