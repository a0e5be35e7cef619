"""Enrolling: new people, people whom receipts have named, and identifiers that somebody has."""

import pytest

from crm.audit.models import Entry
from customers import enrolment, search
from customers.enrolment import AlreadyEnrolled, IdentifiersDisagree, InvalidIdentifier
from customers.models import Customer, Identity
from customers.receiving import people
from customers.receiving.database import cursor

pytestmark = pytest.mark.django_db


def test_a_new_customer_is_found_at_once(harbour, chen, noon) -> None:
    done = enrolment.enrol(
        [("phone", "138 1234 5678")], by=chen, at=noon, name="王芳", home_store_id=harbour.pk
    )
    customer = done.customer
    assert (done.was_known, customer.is_stub, customer.enrolled_at, customer.home_store) == (
        False,
        False,
        noon,
        harbour,
    )
    assert Identity.objects.get().value == "+8613812345678"
    assert [hit.customer_id for hit in search.find(chen, "wangf")] == [customer.pk]
    entry = Entry.objects.get(action="customer.enrol")
    assert entry.details == {"fields": ["enrolled_at", "home_store_id", "name"], "identifiers": ["phone"]}
    assert (entry.actor, entry.store_id) == (f"staff:{chen.pk}", harbour.pk)


def test_somebody_whom_receipts_named_is_completed(harbour, chen, noon) -> None:
    (stub_id,) = people.resolve(cursor(), [("phone", "+8613812345678")], source="till").values()
    done = enrolment.enrol([("phone", "13812345678"), ("card", "c1")], by=chen, at=noon, name="Ann")
    assert (done.was_known, done.customer.pk, done.customer.is_stub, done.customer.name) == (
        True,
        stub_id,
        False,
        "Ann",
    )
    assert Identity.objects.filter(customer_id=stub_id).count() == 2


def test_an_identifier_of_somebody_is_refused_and_nothing_changes(irina, yusuf, chen, noon) -> None:
    before = Customer.objects.count(), Identity.objects.count(), Entry.objects.count()
    with pytest.raises(AlreadyEnrolled) as refusal:
        enrolment.enrol([("phone", "13800138000"), ("email", "new@example.com")], by=chen, at=noon, name="X")
    assert refusal.value.customer_id == irina.pk
    with pytest.raises(IdentifiersDisagree):
        enrolment.enrol([("phone", "13800138000"), ("phone", "13900139000")], by=chen, at=noon, name="X")
    with pytest.raises(InvalidIdentifier) as invalid:
        enrolment.enrol([("phone", "13812345678"), ("email", "nobody")], by=chen, at=noon, name="X")
    assert [fault.pointer for fault in invalid.value.faults] == ["/identities/1/value"]
    with pytest.raises(InvalidIdentifier):
        enrolment.enrol([], by=chen, at=noon)
    assert (Customer.objects.count(), Identity.objects.count(), Entry.objects.count()) == before


def test_one_more_identifier(irina, yusuf, chen) -> None:
    first = enrolment.identify(irina, "card", "c 55", by=chen)
    assert (first.value, first.customer) == ("C55", irina)
    assert enrolment.identify(irina, "card", "C55", by=chen) == first
    assert Entry.objects.filter(action="customer.identify").count() == 1
    with pytest.raises(AlreadyEnrolled):
        enrolment.identify(yusuf, "card", "C55", by=chen)
