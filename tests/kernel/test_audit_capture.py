"""Change capture: what nobody recorded leaves an entry all the same."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from crm.audit import capture, registry, trail
from crm.audit.models import Entry
from crm.org.models import Staff, Store
from crm.scaleout.placement import distribution
from customers import profile, receiving
from customers.models import Customer, Identity, Tag
from customers.receiving import payloads
from tests.customers.histories import body
from tests.customers.test_receiving import RECEIPT

pytestmark = pytest.mark.django_db


@contextmanager
def commit() -> Iterator[None]:
    """What would happen at the end of a transaction happens at the end of the block."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(
            "SELECT set_config('regulars.spoken', '', true), set_config('regulars.actor', '', true)"
        )
        Entry.objects.filter(pk=0)
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def captured() -> list[tuple[str, str, dict]]:  # type: ignore[type-arg]
    rows = Entry.objects.filter(channel="database").order_by("pk")
    return [(one.action, one.subject, one.details) for one in rows]


@pytest.fixture
def before(irina: Customer, yusuf: Customer, lin: Customer) -> int:
    """Everybody is there; entries from here on are the test's."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return Entry.objects.count()


def since(count: int) -> list[tuple[str, str, dict]]:  # type: ignore[type-arg]
    return [(e.action, e.subject, e.details) for e in Entry.objects.order_by("pk")[count:]]


def test_an_update_past_the_domain_leaves_an_entry(before: int, irina: Customer) -> None:
    with commit():
        Customer.objects.filter(pk=irina.pk).update(name="X", occupation="baker")
    ((action, subject, details),) = since(before)
    assert (action, subject) == ("table.update", f"customers.customer:{irina.pk}")
    assert details["columns"] == ["name", "occupation"]
    assert (details["rows"], details["ids"]) == (1, [irina.pk])
    entry = Entry.objects.latest("pk")
    assert (entry.actor, entry.channel, entry.signature) == (f"database:{cast_user()}", "database", None)


def cast_user() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user")
        return str(cursor.fetchone()[0])


def test_an_act_that_is_recorded_leaves_no_second_entry(before: int, irina: Customer, chen: Staff) -> None:
    with commit():
        profile.change(irina.pk, {"name": "Irina Orlova"}, by=chen)
    told = since(before)
    assert [action for action, _s, _d in told if action != "table.insert"] == ["customer.change"]


def test_an_act_of_another_app_does_not_speak_for_it(before: int, irina: Customer) -> None:
    with commit():
        trail.record("job.enqueue", "jobs.job:1", by="system:test")
        Customer.objects.filter(pk=irina.pk).update(name="X")
    assert [action for action, _s, _d in since(before)] == ["job.enqueue", "table.update"]


def test_copy_bulk_create_and_raw_sql_are_seen(before: int) -> None:
    with commit():
        Tag.objects.bulk_create([Tag(name=f"t{n}") for n in range(3)])
        with connection.cursor() as cursor, cursor.copy("COPY customers_customer (name, gender, age_band,"
            " income_band, occupation, household, language, is_stub) FROM STDIN") as copy:  # fmt: skip
            for n in range(60):
                copy.write_row((f"Person {n}", "", "", "", "", "", "", False))
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM customers_identity WHERE kind = 'member'")
    tags, people, identities = since(before)
    assert (tags[0], tags[1], tags[2]["rows"]) == ("table.insert", "customers.tag", 3)
    assert (people[0], people[1], people[2]["rows"]) == ("table.insert", "customers.customer", 60)
    assert "ids" not in people[2] and people[2]["high"] - people[2]["low"] == 59 and people[2]["digest"]
    assert (identities[0], identities[2]["rows"]) == ("table.delete", 3)
    assert "Person" not in str(people)


def test_many_statements_are_one_entry(before: int, irina: Customer, lin: Customer) -> None:
    with commit():
        for person in (irina, lin, irina):
            Customer.objects.filter(pk=person.pk).update(name=f"{person.pk}-{before}")
            before += 0
        Customer.objects.filter(pk=lin.pk).update(occupation="baker")
    ((_action, subject, details),) = since(before)
    assert subject == "customers.customer"
    assert details["columns"] == ["name", "occupation"]
    assert details["ids"] == sorted([irina.pk, lin.pk])


def test_what_changes_nothing_or_does_not_matter_leaves_nothing(before: int, irina: Customer) -> None:
    with commit():
        Customer.objects.filter(pk=irina.pk).update(name=irina.name)
        Customer.objects.filter(pk=irina.pk).update(updated_at="2026-01-01T00:00Z")
        Customer.objects.filter(pk=0).update(name="nobody")
    assert since(before) == []


def test_a_rolled_back_change_leaves_nothing(before: int, irina: Customer) -> None:
    with commit(), pytest.raises(ZeroDivisionError), transaction.atomic():
        Customer.objects.filter(pk=irina.pk).update(name="X")
        raise ZeroDivisionError
    assert since(before) == []


def test_a_rolled_back_act_speaks_for_nothing(before: int, irina: Customer) -> None:
    with commit():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            trail.record("customer.change", irina, by="system:test")
            raise ZeroDivisionError
        Customer.objects.filter(pk=irina.pk).update(name="X")
    assert [action for action, _s, _d in since(before)] == ["table.update"]


def test_who_acts_can_be_told(before: int, irina: Customer, ana: Staff) -> None:
    with commit(), capture.acting(ana):
        Customer.objects.filter(pk=irina.pk).update(name="X")
    assert Entry.objects.latest("pk").actor == f"staff:{ana.pk}"


def test_what_is_recorded_in_another_way_is_left_alone(before: int, irina: Customer) -> None:
    with commit(), connection.cursor() as cursor:
        capture.spoken_for(cursor, "customers")
        Customer.objects.filter(pk=irina.pk).update(name="X")
        Store.objects.update(name="Elsewhere")
    assert [subject.partition(":")[0] for _a, subject, _d in since(before)] == ["org.store"]


def test_links_and_sign_ins_are_watched(before: int, chen: Staff, uptown: Store) -> None:
    before = Entry.objects.count()
    with commit():
        chen.stores.add(uptown)
        assert chen.user is not None
        type(chen.user).objects.filter(pk=chen.user.pk).update(password="x", last_login="2026-01-01T00:00Z")
    told = {(action, subject.partition(":")[0]) for action, subject, _d in since(before)}
    assert ("table.insert", "org.staff_stores") in told
    assert ("table.update", "auth.user") in told
    assert any(d.get("columns") == ["password"] for _a, _s, d in since(before))


def test_every_tracked_table_is_watched_and_a_switched_off_trigger_is_named() -> None:
    assert capture.missing() == []
    assert {model._meta.db_table for model in registry.tracked()} >= {"customers_customer", "org_staff"}
    assert all(model._meta.db_table in distribution() for model in registry.tracked())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE org_store DISABLE TRIGGER audit_capture_update")
    assert capture.missing() == ["org_store"]
    assert capture.install() == ["org_store"]
    assert capture.missing() == []


def test_receipts_of_unknown_people_are_in_the_inbox_and_not_here(before: int) -> None:
    before = Entry.objects.count()
    with commit():
        told = RECEIPT | {"customer": {"kind": "phone", "value": "+8613600136000"}}
        receiving.receive_receipt(payloads.receipt_of(body(told)), by="key:1")
        assert Identity.objects.filter(value="+8613600136000").exists()
    assert [told for told in since(before) if told[1].startswith("customers.")] == []
