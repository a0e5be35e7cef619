"""The audit trail: written with the change, never rewritten."""

import pytest
from django.db import IntegrityError, connection, transaction

from crm.audit import trail
from crm.audit.models import Entry
from crm.org.models import Staff, Store

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(marta: Staff, harbour: Store) -> Entry:
    return trail.record("store.change", harbour, by=marta, store_id=harbour.pk, details={"fields": ["name"]})


def test_an_entry_says_who_did_what_to_which_record(entry: Entry, marta: Staff, harbour: Store) -> None:
    entry.refresh_from_db()
    assert (entry.actor, entry.action, entry.subject) == (
        f"staff:{marta.pk}",
        "store.change",
        f"org.store:{harbour.pk}",
    )
    assert entry.recorded_at is not None


@pytest.mark.parametrize(
    "rewriting",
    [
        "UPDATE audit_entry SET actor = 'somebody else'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
    ],
)
def test_the_database_refuses_to_rewrite_it(entry: Entry, rewriting: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        # Switched off for the tests' own emptying of tables (conftest.py); this transaction is rolled back.
        cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_no_truncate")
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            cursor.execute(rewriting)
    assert Entry.objects.get().actor == entry.actor


@pytest.mark.django_db(transaction=True)
def test_an_act_outside_the_transaction_of_its_change_is_refused() -> None:
    with pytest.raises(trail.OutsideTransaction):
        trail.record("store.change", "org.store:1", by="system:test")
    assert not Entry.objects.filter(action="store.change").exists()
