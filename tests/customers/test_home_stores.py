"""A stub's home store is that of its earliest receipt; what is found by store, and when it last changed, move along."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crm.org.models import Store
from customers import imports, profile, receiving
from customers.models import Customer, NameKey
from customers.receiving import payloads
from tests.customers.histories import body
from tests.customers.test_receiving import RECEIPT

pytestmark = pytest.mark.django_db

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = "source,external_id,store,occurred_at,product,quantity,amount,customer_kind,customer_value"


def receipt(key: str, store: str, at: str) -> dict[str, Any]:
    who = {"kind": "phone", "value": "13812345678"}
    return RECEIPT | {"external_id": key, "store": store, "occurred_at": at, "customer": who}


def post(event: dict[str, Any], _folder: Path) -> None:
    receiving.receive_receipt(payloads.receipt_of(body(event)), by="test")


def batch(event: dict[str, Any], _folder: Path) -> None:
    assert receiving.receive_batch([body(event)], by="test").applied == 1


def file(event: dict[str, Any], folder: Path) -> None:
    path = folder / f"{event['external_id']}.csv"
    who = event["customer"]
    values = [
        event["source"],
        event["external_id"],
        event["store"],
        event["occurred_at"],
        "TEA",
        "1",
        "10.00",
    ]
    path.write_text(f"{HEADER}\n{','.join([*values, who['kind'], who['value']])}\n")
    assert imports.run_now(path, "receipts", by="test").job.counts["applied"] == 1


each_way = pytest.mark.parametrize("tell", [post, batch, file])
Tell = Callable[[dict[str, Any], Path], None]


@pytest.fixture
def stub(harbour: Store, uptown: Store, tmp_path: Path) -> Customer:
    """Somebody of Harbour whom staff gave a name, long ago."""
    post(receipt("1", "HARB", "2026-03-09T10:00:00Z"), tmp_path)
    made = Customer.objects.get()
    profile.change(made.pk, {"name": "Lin Xia"}, by="test")
    Customer.objects.filter(pk=made.pk).update(updated_at=LONG_AGO)
    return made


def known(stub: Customer) -> tuple[str, set[int | None], bool]:
    """Home store, stores of the search keys, whether it has changed since."""
    stub.refresh_from_db()
    assert stub.home_store is not None
    keys = NameKey.objects.filter(customer=stub)
    assert keys.count() == 2
    return stub.home_store.code, set(keys.values_list("home_store_id", flat=True)), stub.updated_at > LONG_AGO


@each_way
def test_keys_and_time_follow_a_late_receipt(stub, harbour, uptown, tmp_path, tell: Tell) -> None:
    assert known(stub) == ("HARB", {harbour.pk}, False)
    tell(receipt("2", "UPTN", "2026-03-08T10:00:00Z"), tmp_path)
    assert known(stub) == ("UPTN", {uptown.pk}, True)


@each_way
def test_a_later_receipt_moves_nothing(stub, harbour, tmp_path, tell: Tell) -> None:
    tell(receipt("2", "UPTN", "2026-03-10T10:00:00Z"), tmp_path)
    assert known(stub) == ("HARB", {harbour.pk}, False)


@each_way
def test_an_earlier_receipt_of_the_same_store_is_no_change(stub, harbour, tmp_path, tell: Tell) -> None:
    tell(receipt("2", "HARB", "2026-03-08T10:00:00Z"), tmp_path)
    assert known(stub) == ("HARB", {harbour.pk}, False)
    assert stub.first_seen_at == datetime(2026, 3, 8, 10, tzinfo=UTC)


@each_way
def test_the_store_that_a_person_chose_stays(stub, uptown, mill, tmp_path, tell: Tell) -> None:
    profile.change(stub.pk, {"home_store_id": uptown.pk}, by="test")
    Customer.objects.filter(pk=stub.pk).update(updated_at=LONG_AGO)
    tell(receipt("2", "MILL", "2026-03-08T10:00:00Z"), tmp_path)
    assert known(stub) == ("UPTN", {uptown.pk}, False)


@each_way
def test_a_clerk_of_the_new_store_finds_them_by_name(
    stub, uma, marta, signed_in, tmp_path, tell: Tell
) -> None:
    tell(receipt("2", "UPTN", "2026-03-08T10:00:00Z"), tmp_path)
    for staff, finds in ((uma, True), (marta, False)):
        hits = signed_in(staff).post("/counter/find/", {"q": "lin x"}).content.decode()
        assert (stub.public_id in hits) == finds
