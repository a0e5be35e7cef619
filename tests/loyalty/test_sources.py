"""What senders number: two of their pairs of system and number are never one thing."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from crm.org.models import Staff, Store
from customers.models import Customer
from customers.receiving.payloads import LineIn, ReceiptIn, WhoIn
from customers.receiving.single import receive_receipt
from loyalty import coupons, ledger, sources
from loyalty.baskets import Basket, BasketLine
from loyalty.coupons import defining
from loyalty.families import joining
from loyalty.ledger import Cause, NewLot, proof
from loyalty.models import Balance, CouponCode, CouponKind, CouponUse, FamilyRedemption, JoinedBy, Movement
from tests.loyalty import rules

TEXT = st.text(alphabet=":/\\~ab", min_size=1, max_size=40)
PAIR = st.tuples(TEXT, st.text(alphabet=":/\\~ab", min_size=1, max_size=64))


@given(PAIR, PAIR)
@example(("pos:1", "7"), ("pos", "1:7"))
@example(("pos/1", "7"), ("pos", "1/7"))
@example(("a\\", ":b"), ("a\\:", "b"))
@example((":" * 40, "b" * 60), (":" * 39, ":" + "b" * 60))
def test_two_pairs_have_two_names(one: tuple[str, str], other: tuple[str, str]) -> None:
    for name in (sources.named, sources.checkout):
        assert (name(*one) == name(*other)) is (one == other)
    assert len(sources.named(*one)) <= sources.MOST
    assert len(sources.checkout(*one)) <= 180


def test_a_name_says_what_it_always_said_where_that_is_clear() -> None:
    assert sources.named("pos", "1:7") == "pos:1:7"
    assert sources.named("pos/1", "7/a") == "pos/1:7/a"
    assert sources.checkout("shop:x", "450/1") == "shop:x/450/1"
    assert (sources.named("pos:1", "7"), sources.checkout("pos/1", "7")) == (r"pos\:1:7", r"pos\/1/7")


@pytest.mark.django_db
@given(PAIR)
@example(("pos/1", "7"))
@example(("\\/", "\\/"))
def test_the_database_reads_a_checkout_alike(one: tuple[str, str]) -> None:
    asked = f"SELECT {sources.CHECKOUT} FROM (SELECT %s AS code) s, (SELECT %s AS external_id) p"
    with connection.cursor() as cursor:
        cursor.execute(asked, one)
        assert cursor.fetchone() == (sources.checkout(*one),)


# --- Over the API ----------------------------------------------------------------------------------------------------


@pytest.fixture
def client(calling: Callable[..., Client]) -> Client:
    return calling("points:read", "points:write", "coupons:write")


@pytest.mark.django_db
def test_points_are_spent_for_each_of_two_receipts(client: Client, irina: Customer, harbour: Store) -> None:
    ledger.earn(irina.pk, [NewLot(100)], Cause("receipt:1", timezone.now(), "till:1"))
    told = {"customer": irina.public_id, "points": 30}
    for source, number in (("pos:1", "7"), ("pos", "1:7")):
        answer = client.post("/api/v1/redemptions/", told | {"source": source, "external_id": number},
                             content_type="application/json")  # fmt: skip
        assert answer.status_code == 201
    assert [one.points for one in Movement.objects.filter(kind=3)] == [-30, -30]


@pytest.mark.django_db
def test_a_system_that_is_called_as_our_own_numbers_takes_none_of_them(
    client: Client, irina: Customer, yusuf: Customer, harbour: Store
) -> None:
    for who, points in ((irina, 10), (yusuf, 100)):
        ledger.earn(who.pk, [NewLot(points)], Cause("receipt:1", timezone.now(), "till:1"))
    joining.join(irina.pk, yusuf.pk, way=JoinedBy.COUNTER, by="system:test", at=timezone.now(), shares=True)

    def post(address: str, who: Customer, points: int, source: str, number: str) -> int:
        told = {"customer": who.public_id, "points": points, "source": source, "external_id": number}
        answer = client.post(f"/api/v1/{address}/", told, content_type="application/json")
        return int(answer.status_code)

    post("family-redemptions", irina, 20, "pos", "0")
    (last,) = FamilyRedemption.objects.values_list("pk", flat=True)
    assert post("redemptions", yusuf, 30, "family", f"{last + 1}/1") == 201
    assert post("family-redemptions", irina, 40, "pos", "1") == 201
    assert sum(Balance.objects.filter(unit=1).values_list("available", flat=True)) == 110 - 20 - 30 - 40
    # A number that was spent with the family is not another thing.
    ledger.earn(irina.pk, [NewLot(100)], Cause("receipt:2", timezone.now(), "till:1"))
    assert post("redemptions", irina, 40, "pos", "1") == 409
    assert Balance.objects.get(customer=irina, unit=1).available == 100
    assert not [fault for proved in proof.prove() for fault in proved.faults]


LONG = {"source": "s" * 40, "external_id": "9" * 60}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("adjustments/", {"points": 5, "reason": "goodwill"}),
        ("actions/", {"action": "review_written"}),
        ("redemptions/", {"points": 5}),
        ("redemptions/", {"points": 5, "source": ":" * 40}),
    ],
)
def test_the_longest_of_names_is_kept(
    client: Client, irina: Customer, harbour: Store, address: str, told: dict[str, Any]
) -> None:
    rules.programme()
    rules.rule("r" * 40, kind="action", action="review_written", points=20)
    ledger.earn(irina.pk, [NewLot(100)], Cause("receipt:1", timezone.now(), "till:1"))
    body = {"customer": irina.public_id} | LONG | told
    first, again = (
        client.post(f"/api/v1/{address}", body, content_type="application/json") for _twice in range(2)
    )
    assert (first.status_code, again.json()) == (201, first.json())
    assert Movement.objects.exclude(source="receipt:1").count() == 1


@pytest.mark.django_db
def test_a_coupon_goes_with_the_receipt_of_its_own_system(
    max_: Staff, irina: Customer, harbour: Store, noon: datetime
) -> None:
    def sell(source: str, number: str) -> int | None:
        line = LineIn(1, "TEA", "1", "20.00")
        told = ReceiptIn(
            source, number, harbour.code, noon.isoformat(), [line], WhoIn("phone", "13800138000")
        )
        return receive_receipt(told, by="till:1").purchase_id

    terms = {"kind": CouponKind.AMOUNT, "amount": Decimal(5)}
    offer = defining.define(code="all", name="All", terms=terms, is_shared=True, by=max_, at=noon)
    basket = Basket(harbour.pk, noon, (BasketLine(None, frozenset(), None, 1000, 2000),), harbour.zone)
    code = str(CouponCode.objects.get(definition=offer).code)
    for source, number in (("pos/1", "7"), ("pos", "1/7")):
        why = Cause(sources.checkout(source, number), noon, "till:1", harbour.pk)
        assert coupons.redeem(code, basket, why, customer_id=irina.pk).is_new
    first, second = CouponUse.objects.order_by("pk")
    other, own = sell("pos", "1/7"), sell("pos/1", "7")
    for use, bought in ((first, own), (second, other)):
        use.refresh_from_db()
        assert use.purchase_id == bought
