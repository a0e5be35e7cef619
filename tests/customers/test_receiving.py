"""Receipts and returns as tills post them: what is applied, what is refused, and that a refusal changes nothing."""

from decimal import Decimal

import pytest

from customers import receiving, statehash
from customers.models import (
    Arrival,
    ArrivalState,
    Customer,
    GuestDay,
    Identity,
    Line,
    Payment,
    Product,
    Purchase,
    Return,
    Source,
    StaleState,
)
from customers.receiving import InvalidEvent, ReceiptConflict, ReturnConflict, payloads, quarantine
from tests.customers.histories import body

pytestmark = pytest.mark.django_db

RECEIPT = {
    "source": "pos-12", "external_id": "2026-11-21-000123", "store": "HARB", "channel": "store",
    "occurred_at": "2026-03-09T18:03:11+08:00", "customer": {"kind": "phone", "value": "+8613800138000"},
    "staff": "E1021",
    "lines": [
        {"line": 1, "product": "SKU1", "quantity": "2", "amount": "35.80", "discount": "4.20"},
        {"line": 2, "product": "SKU2", "quantity": "0.250", "amount": "4.00"},
    ],
    "payments": [{"method": "card", "amount": "39.80"}],
}  # fmt: skip
RETURN = {
    "source": "pos-12", "external_id": "B1", "occurred_at": "2026-03-10T10:00:00+08:00", "store": "HARB",
    "receipt": {"source": "pos-12", "external_id": "2026-11-21-000123"},
    "lines": [{"line": 1, "quantity": "1", "amount": "17.90"}],
}  # fmt: skip


def post(**changes) -> receiving.ReceiptOutcome:
    return receiving.receive_receipt(payloads.receipt_of(body(RECEIPT | changes)), by="test")


def give_back(
    key: str = "B1", quantity: str = "1", amount: str = "17.90", **changes
) -> receiving.ReturnOutcome:
    lines = [{"line": 1, "quantity": quantity, "amount": amount}]
    event = RETURN | {"external_id": key, "lines": lines} | changes
    return receiving.receive_return(payloads.return_of(body(event)), by="test")


def pointers(**changes) -> list[str]:
    with pytest.raises(InvalidEvent) as refusal:
        post(**changes)
    return [fault.pointer for fault in refusal.value.faults]


def line(**changes) -> list[dict[str, object]]:
    return [RECEIPT["lines"][0] | changes]


def test_a_receipt_becomes_a_purchase_with_lines_and_payments(irina, harbour) -> None:
    outcome = post()
    purchase = Purchase.objects.get()
    assert (outcome.is_new, outcome.purchase_id, outcome.customer_id) == (True, purchase.pk, irina.pk)
    assert (purchase.amount, purchase.discount, purchase.returned) == (
        Decimal("39.80"),
        Decimal("4.20"),
        Decimal(0),
    )
    assert (str(purchase.business_date), purchase.staff_code, purchase.channel) == ("2026-03-09", "E1021", 1)
    assert list(
        Line.objects.order_by("number").values_list("number", "product__sku", "quantity", "amount")
    ) == [
        (1, "SKU1", Decimal("2.000"), Decimal("35.80")),
        (2, "SKU2", Decimal("0.250"), Decimal("4.00")),
    ]
    assert Payment.objects.values_list("method", "amount").get() == ("card", Decimal("39.80"))
    assert Product.objects.filter(is_stub=True).count() == 2
    assert StaleState.objects.get().customer_id == irina.pk
    assert Arrival.objects.get().raw["lines"][1]["amount"] == "4.00"


@pytest.mark.parametrize("what", ["amount", "discount"])
def test_lines_may_not_add_up_to_more_than_an_amount_can_be(irina, harbour, what) -> None:
    lines = [RECEIPT["lines"][0] | {"line": n, what: "9999999999.99"} for n in range(1, 102)]
    assert pointers(lines=lines) == ["/lines"]
    outcome = receiving.receive_batch([body(RECEIPT), body(RECEIPT | {"lines": lines})], by="test")
    assert (outcome.applied, [error.pointer for error in outcome.errors]) == (1, ["/lines"])
    post(external_id="most", lines=lines[:100])


def test_a_receipt_has_a_hundred_payments_at_most(irina, harbour) -> None:
    paid = [{"method": "coin", "amount": "0.01"}] * 100
    assert pointers(payments=[*paid, *paid[:1]]) == ["/payments"]
    outcome = receiving.receive_batch([body(RECEIPT | {"payments": paid * 400})], by="test")
    assert [error.pointer for error in outcome.errors] == ["/payments"]
    post(payments=paid)
    assert Payment.objects.count() == 100


def test_guests_of_a_day_may_buy_for_more_than_a_receipt_can_be(harbour) -> None:
    lines = [RECEIPT["lines"][0] | {"line": n, "amount": "9999999999.99"} for n in range(1, 101)]
    for key in ("1", "2"):
        post(external_id=key, customer=None, lines=lines)
    assert GuestDay.objects.get().amount == Decimal("1999999999998.00")


def test_the_same_again_changes_nothing_however_it_is_written(irina, harbour) -> None:
    first = post()
    before = statehash.whole(), StaleState.objects.count()
    same = post(
        occurred_at="2026-03-09T10:03:11Z",
        customer={"kind": "phone", "value": "+86 138-0013-8000"},
        lines=[RECEIPT["lines"][1] | {"quantity": "0.25"}, RECEIPT["lines"][0] | {"amount": "３５.８"}],
    )
    assert same == receiving.ReceiptOutcome(
        False, first.purchase_id, irina.pk, harbour.pk, first.business_date, first.cents
    )
    assert (statehash.whole(), StaleState.objects.count()) == before


@pytest.mark.parametrize(
    "change",
    [
        {"staff": "E1"}, {"store": "UPTN"}, {"customer": None}, {"payments": []}, {"channel": "online"},
        {"lines": RECEIPT["lines"][:1]}, {"occurred_at": "2026-03-09T18:03:12+08:00"},
        {"customer": {"kind": "phone", "value": "+8613900139000"}},
    ],
)  # fmt: skip
def test_the_same_key_with_other_content_is_refused(irina, harbour, uptown, change) -> None:
    post()
    before = statehash.whole()
    with pytest.raises(ReceiptConflict):
        post(**change)
    assert statehash.whole() == before
    assert Customer.objects.count() == 1


def test_the_business_date_is_the_stores_day(irina, harbour) -> None:
    post(occurred_at="2026-03-08T15:59:59Z")
    post(external_id="next", occurred_at="2026-03-08T16:00:00Z")
    assert [str(d) for d in Purchase.objects.order_by("pk").values_list("business_date", flat=True)] == [
        "2026-03-08",
        "2026-03-09",
    ]


def test_a_guest_adds_to_the_day(harbour) -> None:
    post(customer=None)
    post(customer=None, external_id="2")
    assert not Purchase.objects.exists()
    day = GuestDay.objects.get()
    assert (day.receipts, day.lines, day.amount, day.discount) == (2, 4, Decimal("79.60"), Decimal("8.40"))


def test_an_unknown_phone_makes_a_stub_of_its_earliest_store(harbour, uptown) -> None:
    who = {"kind": "phone", "value": "13812345678"}
    post(customer=who, occurred_at="2026-03-09T10:00:00Z")
    post(customer=who, external_id="2", store="UPTN", occurred_at="2026-03-08T10:00:00Z")
    post(customer=who, external_id="3", occurred_at="2026-03-08T11:00:00Z")
    stub = Customer.objects.get()
    assert (stub.is_stub, stub.home_store, stub.name) == (True, uptown, "")
    assert Identity.objects.get().value == "+8613812345678"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"lines": line(quantity="-1")}, "/lines/0/quantity"),
        ({"lines": line(quantity="0")}, "/lines/0/quantity"),
        ({"lines": line(quantity="1.2345")}, "/lines/0/quantity"),
        ({"lines": line(amount="-0.01")}, "/lines/0/amount"),
        ({"lines": line(amount="1.999")}, "/lines/0/amount"),
        ({"lines": line(amount="1e3")}, "/lines/0/amount"),
        ({"lines": line(amount=5)}, "/lines/0/amount"),
        ({"lines": line(product=" ")}, "/lines/0/product"),
        ({"lines": line(product="a\u0000b")}, "/lines/0/product"),
        ({"lines": line(line=0)}, "/lines/0/line"),
        ({"lines": line() * 2}, "/lines"),
        ({"lines": []}, "/lines"),
        ({"occurred_at": "2026-02-30T10:00:00+08:00"}, "/occurred_at"),
        ({"occurred_at": "2026-03-09T10:00:00"}, "/occurred_at"),
        ({"occurred_at": "2999-01-01T00:00:00Z"}, "/occurred_at"),
        ({"store": "ELSEWHERE"}, "/store"),
        ({"store": "no such"}, "/store"),
        ({"channel": "pigeon"}, "/channel"),
        ({"customer": {"kind": "phone", "value": "hello"}}, "/customer/value"),
        ({"customer": {"kind": "shoe", "value": "44"}}, "/customer/kind"),
        ({"external_id": ""}, "/external_id"),
        ({"surprise": 1}, "/surprise"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_place_and_changes_nothing(harbour, change, where) -> None:
    assert pointers(**change) == [where]
    assert not Arrival.objects.exists()
    assert not Customer.objects.exists()


def test_all_faults_are_told_at_once(harbour) -> None:
    assert pointers(staff="x" * 40, channel="fax", lines=line(quantity="0", amount="x")) == [
        "/channel", "/staff", "/lines/0/quantity", "/lines/0/amount"
    ]  # fmt: skip


def test_a_sender_with_stores_may_write_for_these_only(irina, harbour, uptown, marta) -> None:
    with pytest.raises(InvalidEvent):
        receiving.receive_receipt(payloads.receipt_of(body(RECEIPT | {"store": "UPTN"})), by=marta)
    assert receiving.receive_receipt(payloads.receipt_of(body(RECEIPT)), by=marta).is_new


# --- Returns --------------------------------------------------------------------------------------------------------


def test_a_return_is_booked_on_line_and_purchase(irina, harbour) -> None:
    post()
    outcome = give_back()
    assert (outcome.is_new, outcome.state, outcome.customer_id) == (True, ArrivalState.APPLIED, irina.pk)
    assert Purchase.objects.get().returned == Decimal("17.90")
    assert Line.objects.get(number=1).returned_quantity == Decimal(1)
    assert give_back().is_new is False
    assert Return.objects.count() == 1


def test_a_return_may_come_first(irina, harbour) -> None:
    assert give_back().state == ArrivalState.WAITING
    assert not Return.objects.exists()
    post()
    assert Purchase.objects.get().returned == Decimal("17.90")
    assert Arrival.objects.filter(state=ArrivalState.APPLIED).count() == 2


def test_the_earlier_return_wins_whichever_came_first(irina, harbour) -> None:
    post()
    assert give_back("late", "2", "30.00").state == ArrivalState.APPLIED
    assert (
        give_back("early", "1", "17.90", occurred_at="2026-03-09T20:00:00+08:00").state
        == ArrivalState.APPLIED
    )
    late = Arrival.objects.get(external_id="late")
    assert (late.state, late.reason) == (ArrivalState.QUARANTINED, "return_exceeds_receipt")
    assert Return.objects.get().external_id == "early"
    assert Purchase.objects.get().returned == Decimal("17.90")


def test_more_than_was_bought_is_kept_aside(irina, harbour, ana) -> None:
    post()
    outcome = give_back("B1", "3", "10.00")
    assert (outcome.state, outcome.reason) == (ArrivalState.QUARANTINED, "return_exceeds_receipt")
    assert (
        give_back("B2", lines=[{"line": 9, "quantity": "1", "amount": "1.00"}]).reason
        == "return_line_unknown"
    )
    assert Purchase.objects.get().returned == 0
    assert [a.external_id for a in quarantine.listed(ana)] == ["B2", "B1"]


def test_a_guests_return_is_booked_on_the_day_it_came(harbour) -> None:
    give_back()
    post(customer=None)
    rows = GuestDay.objects.order_by("business_date").values_list(
        "business_date", "receipts", "amount", "returned"
    )
    assert [(str(d), n, a, r) for d, n, a, r in rows] == [
        ("2026-03-09", 1, Decimal("39.80"), Decimal(0)),
        ("2026-03-10", 0, Decimal(0), Decimal("17.90")),
    ]


def test_who_took_a_return_is_kept(irina, harbour) -> None:
    post()
    give_back(staff="E7")
    assert Arrival.objects.get(external_id="B1").raw["staff"] == "E7"
    assert give_back(staff=" E7 ").is_new is False
    with pytest.raises(ReturnConflict):
        give_back(staff="E8")
    with pytest.raises(InvalidEvent) as refusal:
        give_back(key="B2", staff="E" * 33)
    assert [fault.pointer for fault in refusal.value.faults] == ["/staff"]


# --- Batches and replay ---------------------------------------------------------------------------------------------


def test_a_batch_tells_each_line(irina, harbour) -> None:
    post()
    lines = [
        body(RECEIPT | {"external_id": "1"}),
        b"",
        body(RECEIPT | {"external_id": "1"}),
        body(RECEIPT),
        body(RECEIPT | {"staff": "other"}),
        b"{",
        body(RECEIPT | {"external_id": "2", "lines": line(quantity="0")}),
        body(RECEIPT | {"external_id": "3", "store": "NOWHERE"}),
        body(RECEIPT | {"external_id": "4", "customer": None}),
    ]
    outcome = receiving.receive_batch(lines, by="test")
    assert (outcome.applied, outcome.duplicates, outcome.rejected) == (2, 2, 4)
    assert [(error.line, error.code, error.pointer) for error in outcome.errors] == [
        (5, "receipt_conflict", "/external_id"), (6, "invalid_event", ""), (7, "invalid_event", "/lines/0/quantity"),
        (8, "invalid_event", "/store"),
    ]  # fmt: skip
    assert GuestDay.objects.get().receipts == 1


def test_a_receipt_of_an_unknown_store_waits_for_the_store(irina, harbour, ana) -> None:
    receiving.receive_batch([body(RECEIPT | {"store": "NEW"})], by="test")
    (aside,) = quarantine.listed(ana)
    assert (aside.reason, aside.raw["store"]) == ("unknown_store", "NEW")
    with pytest.raises(InvalidEvent):
        quarantine.replay(aside, by=ana)
    harbour.code = "NEW"
    harbour.save()
    assert quarantine.replay(aside, by=ana) == ArrivalState.APPLIED
    assert Purchase.objects.get().customer == irina
    with pytest.raises(quarantine.NothingToReplay):
        quarantine.replay(aside, by=ana)


def test_a_receipt_of_an_unknown_store_may_stand_in_a_batch_twice(irina, harbour, ana) -> None:
    new = RECEIPT | {"store": "NEW"}
    good = RECEIPT | {"external_id": "good"}
    lines = [body(good), body(new), body(new | {"staff": "E2"}), body(good | {"store": "NEW"})]
    for applied, duplicates in ((1, 0), (0, 1)):  # a till that retries gets past it
        outcome = receiving.receive_batch(lines, by="test")
        assert (outcome.applied, outcome.duplicates, outcome.rejected) == (applied, duplicates, 3)
    assert quarantine.listed(ana).get().raw["staff"] == "E2"
    assert Purchase.objects.get().store == harbour


def test_a_batch_is_applied_and_set_aside_together(irina, harbour, monkeypatch) -> None:
    from customers.receiving import engine

    monkeypatch.setattr(engine, "apply", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        receiving.receive_batch(
            [body(RECEIPT), body(RECEIPT | {"external_id": "2", "store": "NEW"})], by="test"
        )
    assert not Arrival.objects.exists()


def test_a_batch_for_another_store_leaves_no_source(irina, harbour, uptown, chen) -> None:
    outcome = receiving.receive_batch([body(RECEIPT | {"source": "stray", "store": "UPTN"})], by=chen)
    assert outcome.rejected == 1
    assert not Source.objects.filter(code="stray").exists()


def test_a_batch_and_a_post_of_the_same_receipt_are_one(irina, harbour) -> None:
    assert receiving.receive_batch([body(RECEIPT)], by="test").applied == 1
    assert post().is_new is False
    assert receiving.receive_batch([body(RECEIPT)], by="test").duplicates == 1


def test_more_than_ten_thousand_are_refused(harbour) -> None:
    with pytest.raises(receiving.BatchTooLarge):
        receiving.receive_batch([b"{"] * 10_001, by="test")
