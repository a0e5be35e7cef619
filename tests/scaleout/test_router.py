"""Hot paths stay with one customer, on the twin; and the proof notices when they do not."""

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from crm.org.models import Staff, Store
from crm.scaleout import plans, router
from crm.scaleout.recording import Executed, numbered, recording
from customers import consents
from customers.events import inbox
from customers.models import Customer, Identity, Line, Purchase
from customers.receiving.payloads import ReceiptIn, ReturnIn
from customers.receiving.single import receive_receipt, receive_return
from tests import cast

pytestmark = [pytest.mark.twin, pytest.mark.django_db]

CUSTOMERS = 40  # more than one in every partition, so that going astray shows


@pytest.fixture
def crowd(harbour: Store, irina: Customer) -> list[Customer]:
    crowd = [
        irina,
        *(cast.customer(f"Guest {n}", of=harbour, phone=f"+86138001381{n:02}") for n in range(CUSTOMERS)),
    ]
    for customer in crowd:
        cast.purchase(
            customer, at=harbour, on=date(2026, 3, 9), lines=[("SKU1", "1", "5.00"), ("SKU2", "2", "7.00")]
        )
    return crowd


# Identifiers are placed by their value. Listing a customer's asks all machines, one index probe each; making a new one
# goes through the batch statement, which names its values in a list.
IDENTITIES = frozenset({"customers_identity"})


def slip(**other: Any) -> ReceiptIn:
    receipt = {
        "source": "pos-1", "external_id": "2026-03-09-000123", "store": "HARB", "channel": "store",
        "occurred_at": "2026-03-09T18:03:11+08:00", "customer": {"kind": "phone", "value": "+8613800138000"},
        "lines": [{"line": 1, "product": "SKU1", "quantity": "2", "amount": "35.80", "discount": "4.20"}],
        "payments": [{"method": "card", "amount": "35.80"}],
    } | other  # fmt: skip
    return msgspec.convert(receipt, ReceiptIn)


def test_a_receipt_touches_one_partition(crowd: list[Customer]) -> None:
    with router.one_customer() as proof:
        outcome = receive_receipt(slip(), by=None)
    assert outcome.customer_id == crowd[0].pk
    assert proof.faults == []
    here = proof.worked["customers_purchase"]
    assert len(here) == 1
    assert {table: proof.worked[table] for table in ("customers_line", "customers_payment")} == {
        "customers_line": here,
        "customers_payment": here,
    }


def test_the_same_receipt_again_touches_one_partition(crowd: list[Customer]) -> None:
    receive_receipt(slip(), by=None)
    with router.one_customer() as proof:
        assert not receive_receipt(slip(), by=None).is_new
    assert proof.faults == []


def test_a_receipt_of_an_unknown_customer_touches_one_partition(crowd: list[Customer]) -> None:
    with router.one_customer(fans_out=IDENTITIES) as proof:
        receive_receipt(slip(customer={"kind": "phone", "value": "+8613900139999"}), by=None)
    assert proof.faults == []


def _plan_as_for_large_tables() -> None:
    """A table of three rows is read whole, whatever its indexes: at full size the planner goes by key."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off"
        )


def test_a_return_works_in_one_partition(crowd: list[Customer]) -> None:
    receive_receipt(slip(), by=None)
    event = {
        "source": "pos-1", "external_id": "R1", "occurred_at": "2026-03-10T10:00:00+08:00", "store": "HARB",
        "receipt": {"source": "pos-1", "external_id": "2026-03-09-000123"},
        "lines": [{"line": 1, "quantity": "1", "amount": "17.90"}],
    }  # fmt: skip
    _plan_as_for_large_tables()
    with router.one_customer() as proof:
        receive_return(msgspec.convert(event, ReturnIn), by=None)
    # A return settles through the statements of the batch, which name customers in lists: they may go anywhere. What is
    # proven is that they went to one.
    owned = {
        table: proof.worked[table] for table in ("customers_purchase", "customers_line", "customers_return")
    }
    assert len(set().union(*owned.values())) == 1


def test_events_of_one_customer_work_in_one_partition(crowd: list[Customer]) -> None:
    """The inbox is placed by the events' ids and goes anywhere; the touches go to their customer."""
    who = {"customer": {"kind": "phone", "value": "+8613800138000"}, "occurred_at": now().isoformat()}
    batch = [msgspec.json.encode(who | {"id": f"e{n}", "kind": "visit"}) for n in range(20)]
    with router.one_customer() as proof:
        assert inbox.receive("shop", batch, by="system:test").applied == 20
    assert len(proof.worked["customers_interaction"]) == 1


def test_a_look_up_touches_one_partition(crowd: list[Customer], calling: Callable[..., Client]) -> None:
    till = calling("customers:read")
    with router.one_customer(fans_out=IDENTITIES) as proof:  # the profile lists identifiers
        answer = till.post(
            "/api/v1/customers/lookup/",
            {"kind": "phone", "value": "+8613800138000"},
            content_type="application/json",
        )
    assert answer.json()["id"] == crowd[0].public_id
    assert proof.faults == []


@pytest.mark.parametrize("page", ["", "receipts/"])
def test_the_apis_pages_of_a_customer_touch_one_partition(
    page: str, crowd: list[Customer], calling: Callable[..., Client]
) -> None:
    reader = calling("customers:read")
    with router.one_customer(fans_out=IDENTITIES) as proof:
        assert reader.get(f"/api/v1/customers/{crowd[0].public_id}/{page}").status_code == 200
    assert proof.faults == []


def test_the_customer_page_touches_one_partition(
    crowd: list[Customer], marta: Staff, signed_in: Callable[[Staff], Client]
) -> None:
    browser = signed_in(marta)
    browser.get(f"/customers/{crowd[1].public_id}/")
    with router.one_customer(fans_out=IDENTITIES) as proof:
        assert browser.get(f"/customers/{crowd[0].public_id}/").status_code == 200
    assert proof.faults == []


def test_the_counter_works_in_one_partition(
    crowd: list[Customer], marta: Staff, signed_in: Callable[[Staff], Client]
) -> None:
    """What is typed may be several identifiers, so lists are asked for; the customer's rows come from one place."""
    browser = signed_in(marta)
    with router.one_customer() as proof:
        found = browser.post("/counter/find/", {"q": "+8613800138000"})
    assert "Irina Petrova" in found.content.decode()
    owned = {table for table, placement in plans.partition_map().places.items() if placement.is_with_customer}
    numbers = [numbers for table, numbers in proof.worked.items() if table in owned]
    assert len(set().union(*numbers)) == 1


@pytest.mark.parametrize(
    ("channel", "purpose"), [("email", "marketing"), (None, "profiling"), (None, "contact")]
)
def test_asking_for_a_consent_touches_one_partition(
    channel: str | None, purpose: str, crowd: list[Customer]
) -> None:
    for customer in crowd:
        consents.record(customer, channel=channel, purpose=purpose, is_given=True, wording="unknown/test",
                        source="test", by="system:test", at=None)  # fmt: skip
    with router.one_customer() as proof:
        assert consents.allows(crowd[0].pk, channel, purpose)
        assert consents.state_of(crowd[0]).cells
    assert proof.faults == []


def test_recording_a_consent_touches_one_partition(crowd: list[Customer]) -> None:
    consents.wordings.find("unknown/test")
    with router.one_customer() as proof:
        consents.record(crowd[0], channel="sms", purpose="marketing", is_given=True, wording="unknown/test",
                        source="test", by="system:test", at=None)  # fmt: skip
    assert proof.faults == []


# Seeded faults ------------------------------------------------------------------------------------------------------


def faults_of(path: Callable[[], object], **options: Any) -> list[str]:
    with router.one_customer(**options) as proof:
        path()
    return proof.faults


def test_a_purchase_by_its_id_alone_is_noticed(crowd: list[Customer]) -> None:
    purchase = Purchase.objects.filter(customer=crowd[0]).get()
    found = faults_of(lambda: Purchase.objects.get(pk=purchase.pk))
    assert [fault.partition(" in:")[0] for fault in found] == [
        "4 partitions of customers_purchase in the custom plan",
        "rows of several customers' partitions in the custom plan",
        "4 partitions of customers_purchase in the generic plan",
        "rows of several customers' partitions in the generic plan",
    ]
    assert faults_of(lambda: Purchase.objects.get(customer=crowd[0], pk=purchase.pk)) == []


def test_a_server_bound_statement_is_noticed(crowd: list[Customer]) -> None:
    def path() -> None:
        cursor = psycopg.Cursor(connection.connection)
        cursor.execute("UPDATE customers_line SET discount = %s WHERE purchase_id = %s", [0, 1])

    assert "4 partitions of customers_line in the custom plan" in faults_of(path)[0]


def test_a_list_of_customers_is_noticed_in_the_generic_plan_only(crowd: list[Customer]) -> None:
    """`= ANY(list)` prunes when its values are known and not in the plan that is kept: hot paths say `=`."""

    def path() -> None:
        cursor = psycopg.Cursor(connection.connection)
        cursor.execute("SELECT amount FROM customers_purchase WHERE customer_id = ANY(%s)", [[crowd[0].pk]])

    assert {fault.partition(" in the ")[2].partition(" plan")[0] for fault in faults_of(path)} == {"generic"}


def test_a_join_over_two_keys_is_noticed(crowd: list[Customer]) -> None:
    found = faults_of(
        lambda: list(Identity.objects.filter(kind="phone", value="+8613800138000").select_related("customer"))
    )
    assert any("placed by different keys" in fault for fault in found)


def test_a_function_that_goes_astray_is_counted(crowd: list[Customer]) -> None:
    """No plan shows what a function does; the counters of the partitions do."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION astray() RETURNS bigint LANGUAGE plpgsql"
            " AS 'BEGIN RETURN (SELECT count(*) FROM customers_line); END'"
        )

    def path() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT astray()")

    assert faults_of(path) == [
        "4 partitions of customers_line did something",
        "partitions of several customers did something",
    ]


def test_keyed_tables_fan_out_only_where_that_is_said(crowd: list[Customer]) -> None:
    def path() -> object:
        return list(Identity.objects.filter(customer_id=crowd[0].pk))

    assert "4 partitions of customers_identity" in faults_of(path)[0]
    assert faults_of(path, fans_out=IDENTITIES) == []


def test_a_prefetch_of_one_customers_lines_stays(crowd: list[Customer]) -> None:
    def path() -> object:
        return [
            list(p.lines.all()) for p in Purchase.objects.filter(customer=crowd[0]).prefetch_related("lines")
        ]

    assert faults_of(path) == []
    assert faults_of(lambda: list(Line.objects.filter(customer=crowd[0]).select_related("purchase"))) == []


# The tools ----------------------------------------------------------------------------------------------------------


def test_placeholders_become_numbers() -> None:
    assert numbered("SELECT '%%', %s, %s", [1, "x"]) == Executed("SELECT '%', $1, $2", (1, "x"))
    assert numbered("SELECT %(b)s, %(a)s, %(b)s", {"a": 1, "b": 2}) == Executed("SELECT $1, $2, $1", (2, 1))
    assert numbered("COPY (SELECT %s) TO STDOUT (FORMAT binary)", [3]) == Executed("SELECT $1", (3,))
    assert numbered("SELECT 5 % 3") == Executed("SELECT 5 % 3")


def test_recording_hears_every_cursor(chain: object) -> None:
    with recording() as kept:
        Customer.objects.filter(pk=1).exists()
        psycopg.Cursor(connection.connection).execute("SELECT 1")
        list(Customer.objects.iterator())
        with connection.cursor() as cursor, cursor.copy("COPY (SELECT 2) TO STDOUT") as copy:
            list(copy)
    said = [str(statement) for statement in kept.queries]
    assert "SELECT 1" in said
    assert "SELECT 2" in said
    assert sum("customers_customer" in statement for statement in said) == 2


def test_a_generic_plan_prunes_when_it_starts(crowd: list[Customer]) -> None:
    statement = numbered("SELECT * FROM customers_purchase WHERE customer_id = %s", [crowd[0].pk])
    among = plans.partition_map()
    assert {len(v) for v in plans.touched(plans.plan(statement, "generic"), among).values()} == {1}


@pytest.mark.parametrize("page", ["", "timeline/", "timeline/?kinds=purchase&channel=store"])
def test_a_customers_page_asks_one_partition_for_its_rows(
    page: str, crowd: list[Customer], chen: Staff, signed_in: Callable[[Staff], Client]
) -> None:
    browser = signed_in(chen)
    address = f"/customers/{crowd[0].public_id}/{page}"
    browser.get(address)
    with router.one_customer(fans_out=IDENTITIES) as proof:  # the page lists identifiers
        assert browser.get(address).status_code == 200
    assert proof.faults == []
