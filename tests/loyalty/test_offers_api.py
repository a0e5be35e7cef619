"""Definitions of coupons over the API: made, listed, read, ended."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.audit.models import Entry
from crm.org.models import Store
from customers.models import Brand, Category, Customer
from loyalty import coupons
from loyalty.coupons import codes, defining
from loyalty.coupons.refusals import CouponEnded
from loyalty.ledger import Cause
from loyalty.models import CouponDefinition, CouponKind
from tests import cast

pytestmark = pytest.mark.django_db
LIST = "/api/v1/coupon-definitions/"
FIVE = {"kind": CouponKind.AMOUNT, "amount": Decimal(5)}


@pytest.fixture
def client(calling: Callable[..., Client]) -> Client:
    return calling("coupons:manage")


def send(client: Client, address: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    answer = client.post(f"{LIST}{address}", body or {}, content_type="application/json")
    return answer.status_code, answer.json()


def test_it_is_made_with_the_codes_of_what_it_names(client: Client, harbour: Store) -> None:
    drinks = Category.objects.create(path="drinks", name="Drinks")
    brand, tea = Brand.objects.create(name="Leaf"), cast.product("TEA", "Tea")
    terms = {
        "kind": "gift", "gift": "TEA", "get": 2, "days": 30, "minimum": "50.00", "only_categories": ["drinks"],
        "not_brands": ["Leaf"], "only_stores": ["HARB"], "weekdays": [7, 6], "tiers": ["gold"], "total": 900,
        "budget": "1000.00",
    }  # fmt: skip
    status, made = send(client, "", {"code": "spring", "name": "Spring greeting", "terms": terms})
    assert (status, made["shared_code"], made["ended_at"]) == (201, None, None)
    assert {name: made["terms"][name] for name in terms} == terms | {"weekdays": [6, 7]}
    assert (made["terms"]["number"], made["terms"]["only_products"], made["terms"]["place"]) == (1, [], 100)
    kept = CouponDefinition.objects.get()
    held = defining.newest_of(kept)
    assert (kept.public_id, kept.code, kept.name) == (made["id"], "spring", "Spring greeting")
    assert (held.gift, held.only_categories, held.not_brands) == (tea, [drinks.pk], [brand.pk])
    assert (held.only_stores, held.budget, kept.tally.uses_most) == ([harbour.pk], Decimal(1000), 900)
    assert Entry.objects.get(action="coupon.define").actor.startswith("key:")
    assert client.get(f"{LIST}{made['id']}/").json() == made


@pytest.mark.parametrize(
    ("told", "code", "places"),
    [
        ({"kind": "percent"}, "invalid_terms", ["/terms/share_bp"]),
        ({"kind": "gift"}, "invalid_terms", ["/terms/gift"]),
        ({"kind": "amount", "amount": "5", "buy": 2}, "invalid_terms", ["/terms/buy"]),
        ({"kind": "gift", "gift": "NONE"}, "invalid", ["/terms/gift"]),
        ({"kind": "amount", "amount": "5", "not_stores": ["HARB", "NONE"]}, "invalid", ["/terms/not_stores/1"]),
        ({"kind": "nothing"}, "invalid", ["/terms/kind"]),
        ({"kind": "amount", "amount": "5", "from_on": "2026-02-02", "to_on": "2026-02-01"}, "invalid_terms",
         ["/terms/to_on"]),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_at_its_place(
    client: Client, harbour: Store, told: dict[str, Any], code: str, places: list[str]
) -> None:
    status, problem = send(client, "", {"code": "a", "name": "A", "terms": told})
    assert (status, problem["code"]) == (422, code)
    assert [one["pointer"] for one in problem["errors"]] == places
    assert (CouponDefinition.objects.count(), Entry.objects.filter(action="coupon.define").count()) == (0, 0)


def test_a_code_is_taken_once(client: Client) -> None:
    body = {"code": "Five", "name": "Five", "terms": {"kind": "amount", "amount": "5.00"}, "is_shared": True}
    status, made = send(client, "", body)
    shown = CouponDefinition.objects.get().codes.get().code
    assert (status, made["shared_code"]) == (201, codes.shown(shown))
    status, problem = send(client, "", body | {"code": "five"})
    assert (status, [one["pointer"] for one in problem["errors"]]) == (422, ["/code"])
    assert CouponDefinition.objects.count() == 1


def test_it_is_ended_and_opened_again(client: Client, irina: Customer) -> None:
    at = timezone.now() - timedelta(hours=1)
    offer = defining.define(code="five", name="Five", terms=FIVE, by="test", at=at)
    held = coupons.issue(irina.pk, offer, Cause("gift:1", at, "test"))
    place = f"{offer.public_id}/ending/"
    status, ended = send(client, place)
    assert (status, ended["counts"]["issued"], ended["ended_at"] is None) == (200, 1, False)
    assert send(client, place) == (200, ended)
    with pytest.raises(CouponEnded):
        coupons.issue(irina.pk, offer, Cause("gift:2", timezone.now(), "test"))
    held.refresh_from_db()
    assert held.voided_at is None
    for _twice in range(2):
        opened = client.delete(f"{LIST}{place}")
        assert (opened.status_code, opened.json()["ended_at"]) == (200, None)
    acts = Entry.objects.filter(action__in=["coupon.end", "coupon.reopen"]).order_by("id")
    assert list(acts.values_list("action", flat=True)) == ["coupon.end", "coupon.reopen"]


def test_a_page_says_what_holds_now_and_asks_no_more_for_many(client: Client) -> None:
    at = timezone.now() - timedelta(hours=1)
    made = [
        defining.define(code=f"c{n}", name=f"C{n}", terms=FIVE, by="test", at=at, is_shared=n == 2)
        for n in range(5)
    ]
    defining.revise(made[0], terms={"amount": Decimal(6)}, by="test", at=at + timedelta(minutes=1))
    later = timezone.now() + timedelta(days=1)
    defining.revise(made[0], terms={"amount": Decimal(7)}, by="test", at=timezone.now(), valid_from=later)
    client.get(LIST)  # what is asked once a process
    with CaptureQueriesContext(connection) as few:
        first = client.get(f"{LIST}?limit=1").json()
    with CaptureQueriesContext(connection) as many:
        page = client.get(f"{LIST}?limit=3").json()
    assert len(many) == len(few)
    assert [one["code"] for one in page["results"]] == ["c4", "c3", "c2"]
    rest = client.get(page["next"]).json()
    assert [(one["code"], one["terms"]["number"], one["terms"]["amount"]) for one in rest["results"]] == [
        ("c1", 1, "5.00"), ("c0", 2, "6.00"),
    ]  # fmt: skip
    assert (rest["next"], first["results"][0]["id"]) == (None, made[4].public_id)
    assert [one["shared_code"] is None for one in page["results"]] == [True, True, False]


def test_what_is_not_there_and_who_may_not(client: Client, calling: Callable[..., Client]) -> None:
    for address in ("cpd_000000000000/", "spring/"):
        assert client.get(f"{LIST}{address}").status_code == 404
        assert send(client, f"{address}ending/")[0] == 404
    other = calling("coupons:write", "points:read", "points:write", "catalogue:read")
    assert (other.get(LIST).status_code, send(other, "")[0]) == (403, 403)
