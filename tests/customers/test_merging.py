"""Two customers who are one person become one; nothing is lost, old names for them go on working."""

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from crm.audit.models import Entry
from customers import merging, receiving, search, statehash
from customers.merging.record import Record
from customers.models import (
    Arrival,
    Customer,
    CustomerTag,
    Identity,
    Line,
    NameKey,
    Payment,
    Purchase,
    PurchaseState,
    Return,
    ReturnLine,
    StaleState,
    Tag,
)
from customers.receiving import payloads
from tests import cast
from tests.customers.histories import body

# Irina and Yusuf have different member numbers: whoever joins them says why.
SURE: dict[str, Any] = {"is_confirmed": True, "reason": "showed both cards"}
TILL = {"source": "pos-1", "store": "HARB", "occurred_at": "2026-03-10T12:00:00+08:00"}


def _return(key: str, of: str, quantity: str, amount: str) -> payloads.ReturnIn:
    lines = [{"line": 1, "quantity": quantity, "amount": amount}]
    return payloads.return_of(
        body(TILL | {"external_id": key, "receipt": {"source": "pos-1", "external_id": of}, "lines": lines})
    )


@pytest.fixture
def double(irina, harbour, uptown) -> Customer:
    """Irina again, with another phone."""
    person = cast.customer(
        "I. Petrova", of=uptown, phone="+8613900139009", email="ip@example.com", gender="f"
    )
    cast.purchase(
        person,
        at=uptown,
        on="2026-03-02",
        external_id="U1",
        lines=[("TEA", "2", "12.00"), ("RICE", "1", "8")],
    )
    cast.purchase(irina, at=harbour, on="2026-03-01", external_id="H1")
    for who, names in ((irina, ["vip"]), (person, ["vip", "tea"])):
        for name in names:
            CustomerTag.objects.create(customer=who, tag=Tag.objects.get_or_create(name=name)[0])
    return person


def test_all_that_the_double_owned_is_irinas_with_ids_kept(irina, double, ana, noon) -> None:
    receiving.receive_return(_return("B1", "U1", "1", "6.00"), by="test")
    purchase = Purchase.objects.get(external_id="U1")
    returned = Return.objects.get()
    StaleState.objects.all().delete()

    done = merging.merge(irina, double, by=ana, at=noon)

    assert list(Purchase.objects.filter(customer=irina).order_by("pk").values_list("pk", flat=True)) == [
        purchase.pk,
        Purchase.objects.get(external_id="H1").pk,
    ]
    moved = Purchase.objects.get(pk=purchase.pk)
    assert (moved.customer_id, moved.returned, moved.amount) == (irina.pk, Decimal("6.00"), Decimal("20.00"))
    assert set(
        Line.objects.filter(purchase=moved).values_list("customer_id", "number", "returned_amount")
    ) == {
        (irina.pk, 1, Decimal("6.00")),
        (irina.pk, 2, Decimal("0.00")),
    }
    assert Payment.objects.get(purchase=moved).customer_id == irina.pk
    assert Return.objects.get(pk=returned.pk).customer_id == irina.pk
    assert ReturnLine.objects.get().customer_id == irina.pk
    assert set(
        Arrival.objects.filter(external_id__in=["U1", "B1"]).values_list("customer_id", flat=True)
    ) == {irina.pk}
    assert sorted(irina_tags(irina)) == ["tea", "vip"]
    assert not CustomerTag.objects.filter(customer=double).exists()
    assert sorted(StaleState.objects.values_list("customer_id", flat=True)) == sorted([irina.pk, double.pk])
    assert done.before["moved"] == {
        "customers.Purchase": [purchase.pk],
        "customers.Return": [returned.pk],
        "customers.CustomerTag": [{"tag_id": Tag.objects.get(name="tea").pk}],
    }
    assert Record.of(done).changed == ["gender"]
    entry = Entry.objects.get(action="customer.merge")
    assert (entry.subject, entry.details["loser"]) == (f"customers.customer:{irina.pk}", double.pk)


def irina_tags(customer: Customer) -> list[str]:
    return list(CustomerTag.objects.filter(customer=customer).values_list("tag__name", flat=True))


def test_old_identifiers_and_the_old_public_id_find_the_survivor(irina, double, ana, noon) -> None:
    old = double.public_id
    merging.merge(irina, double, by=ana, at=noon)
    for words in ("+86 139-0013-9009", "IP@example.com", "13800138000", old):
        assert [hit.customer_id for hit in search.find(ana, words)] == [irina.pk], words
    assert [hit.customer_id for hit in search.find(ana, "petrova")] == [irina.pk]
    assert not NameKey.objects.filter(customer=double).exists()
    double.refresh_from_db()
    assert merging.survivor_of(double) == irina
    primary = Identity.objects.filter(customer=irina, kind="phone", is_primary=True)
    assert [identity.value for identity in primary] == ["+8613800138000"]


def test_the_survivor_of_a_survivor(irina, double, yusuf, ana, noon) -> None:
    merging.merge(irina, double, by=ana, at=noon)
    merging.merge(yusuf, irina, by=ana, at=noon, **SURE)
    double.refresh_from_db()
    assert merging.survivor_of(double) == yusuf
    assert Purchase.objects.filter(customer=yusuf).count() == 2
    assert [hit.customer_id for hit in search.find(ana, "13900139009")] == [yusuf.pk]


def test_a_merged_customer_cannot_be_merged_again_and_nothing_changes(
    irina, double, yusuf, ana, noon
) -> None:
    merging.merge(irina, double, by=ana, at=noon)
    before = statehash.whole(), Entry.objects.count(), StaleState.objects.count()
    for survivor, loser in ((yusuf, double), (double, yusuf), (irina, irina)):
        with pytest.raises(merging.CannotMerge):
            merging.merge(survivor, loser, by=ana, at=noon)
    assert (statehash.whole(), Entry.objects.count(), StaleState.objects.count()) == before


def test_a_return_after_the_merge_finds_its_receipt(irina, double, ana, noon) -> None:
    merging.merge(irina, double, by=ana, at=noon)
    outcome = receiving.receive_return(_return("B2", "U1", "2", "12.00"), by="test")
    assert (outcome.state, outcome.customer_id) == (1, irina.pk)
    assert Purchase.objects.get(external_id="U1").returned == Decimal("12.00")


def test_a_stub_gives_its_history_to_the_enrolled(irina, harbour, uptown, ana, noon) -> None:
    receipt = TILL | {
        "external_id": "S1", "customer": {"kind": "card", "value": "C777"},
        "lines": [{"line": 1, "product": "TEA", "quantity": "1", "amount": "5.00"}],
    }  # fmt: skip
    receiving.receive_receipt(payloads.receipt_of(body(receipt)), by="test")
    stub = Customer.objects.get(is_stub=True)
    PurchaseState.objects.create(customer=stub, count=1)
    merging.merge(irina, stub, by=ana, at=noon)
    irina.refresh_from_db()
    assert (irina.is_stub, irina.name, irina.home_store) == (False, "Irina Petrova", harbour)
    assert not PurchaseState.objects.filter(customer=stub).exists()


def test_every_owned_model_says_what_a_merge_does_with_it() -> None:
    named = {model._meta.label: model.on_merge.value for model in merging.owned_models()}
    assert named["customers.Purchase"] == named["customers.Line"] == "carry"
    assert named["customers.CustomerTag"] == "unite"
    assert named["customers.NameKey"] == named["customers.PurchaseState"] == "drop"
    assert named["customers.Lifecycle"] == "stay"


def test_receipts_that_come_while_customers_are_merged(transactional_db, harbour, ana, noon) -> None:
    """Two appliers post to both phones while the two are merged: every receipt ends at the survivor."""
    phones = ["+8613800000001", "+8613800000002"]
    people = [cast.customer(f"P{i}", of=harbour, phone=phone) for i, phone in enumerate(phones)]
    failures: list[BaseException] = []

    def post(which: int) -> None:
        try:
            for number in range(60):
                line = {"line": 1, "product": "TEA", "quantity": "1", "amount": "1.00"}
                receipt = TILL | {
                    "external_id": f"{which}-{number}", "lines": [line],
                    "customer": {"kind": "phone", "value": phones[number % 2]},
                }  # fmt: skip
                receiving.receive_receipt(payloads.receipt_of(body(receipt)), by="test")
        except BaseException as failure:  # noqa: BLE001
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=post, args=[which]) for which in (1, 2)]
    for thread in threads:
        thread.start()
    merging.merge(people[0], people[1], by=ana, at=noon)
    for thread in threads:
        thread.join()
    assert not failures
    assert Purchase.objects.filter(customer=people[0]).count() == 120
    assert Line.objects.filter(customer=people[0]).count() == 120
    assert set(Arrival.objects.values_list("customer_id", flat=True)) == {people[0].pk}
