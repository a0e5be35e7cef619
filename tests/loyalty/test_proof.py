"""`verify_ledger`: a sound ledger passes, and 240 seeded corruptions are all named."""

from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.models import F

from crm.org.models import Staff, Store
from customers.models import Customer
from loyalty.ledger import proof
from loyalty.models import Accrual, Balance, CouponTally, Lot, Movement, Trace
from tests.loyalty import books

pytestmark = pytest.mark.django_db
CORRUPTIONS = 240
# What can be done to a row so that it says something else, by table: a column, and what to.
MOVES = {
    Movement: [
        ("available", "available + 1"), ("available", "available - 1"), ("pending", "pending + 1"),
        ("held", "held - 1"), ("debt", "debt + 1"), ("contra", "contra + 1"), ("contra", "contra - 1"),
        ("unit", "CASE unit WHEN 1 THEN 2 ELSE 1 END"), ("source", "''"),
        ("actor", "''"), ("kind", "CASE kind WHEN 3 THEN 7 WHEN 1 THEN 2 ELSE 3 END"),
        ("of_id", "id"), ("available, contra", "available + 1, contra - 1"),
        ("available, debt", "available + 1, debt + 1"),
        ("occurred_at", "now() + interval '9 years'"), ("customer_id", "%(other)s"),
    ],
    Lot: [
        ("points", "points + 1"), ("points", "points - 1"), ("available", "available + 1"),
        ("available", "available - 1"),
        ("pending", "pending + 1"), ("held", "held + 1"), ("unit", "2"), ("movement_id", "movement_id + 1"),
        ("customer_id", "%(other)s"),
    ],
    Trace: [
        ("available", "available + 1"), ("available", "available - 1"), ("pending", "pending - 1"),
        ("held", "held + 1"), ("customer_id", "%(other)s"),
    ],
    Balance: [
        ("available", "available + 1"), ("available", "available - 1"), ("pending", "pending + 1"),
        ("held", "held + 1"), ("debt", "debt + 1"), ("version", "version - 1"), ("unit", "2 + unit"),
    ],
}  # fmt: skip
GONE = ("", "")


@pytest.fixture
def ledger_of_two(irina: Customer, yusuf: Customer, noon: datetime) -> None:
    books.written(irina, yusuf, noon)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def faults() -> list[proof.Fault]:
    return [fault for proved in proof.prove() for fault in proved.faults]


def corruptions() -> Iterator[tuple[Any, dict[str, Any], str, str]]:
    """(table, row, column, what to): each row with each change, and each row taken out; shuffled by a fixed seed."""
    found = []
    for model, moves in MOVES.items():
        names = [field.name for field in model._meta.pk_fields]
        keys = ["customer_id", *(str(field.column) for field in model._meta.pk_fields)]
        for row in model.objects.order_by(*names).values(*dict.fromkeys(keys)):
            found += [(model, row, column, to) for column, to in [*moves, GONE]]
    Random(7).shuffle(found)
    yield from found


def corrupt(cursor: Any, model: Any, row: dict[str, Any], column: str, to: str, other: int) -> None:
    table = model._meta.db_table
    where = " AND ".join(f"{name} = %({name})s" for name in row)
    if (column, to) == GONE:
        cursor.execute(f"DELETE FROM {table} WHERE {where}", row)
        return
    sets = ", ".join(
        f"{one} = {value}" for one, value in zip(column.split(", "), to.split(", "), strict=True)
    )
    cursor.execute(f"UPDATE {table} SET {sets} WHERE {where}", row | {"other": other})


def test_a_sound_ledger_holds(ledger_of_two: None) -> None:
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    assert out.getvalue() == f"{Movement.objects.count()} movements: the ledger holds.\n"


def test_the_books_hold_every_kind_but_transfers(ledger_of_two: None) -> None:
    assert set(Movement.objects.values_list("kind", flat=True)) == set(range(1, 14)) - {12}


@pytest.mark.parametrize("part", range(4))
def test_each_corruption_is_named(ledger_of_two: None, lin: Customer, part: int) -> None:
    """With all triggers and constraints out of the way, as somebody with the keys to the database could."""
    missed, tried = [], 0
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = 'replica'")
        for name, table in _constraints(cursor):
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        assert faults() == []
        for model, row, column, to in list(corruptions())[part * 60 : part * 60 + 60]:
            tried += 1
            mark = transaction.savepoint()
            corrupt(cursor, model, row, column, to, lin.pk)
            if not any({*fault.row.split()} & {*map(str, row.values())} for fault in faults()):
                missed.append((model.__name__, row, column, to))
            transaction.savepoint_rollback(mark)
    assert (tried, missed) == (CORRUPTIONS // 4, [])


def _constraints(cursor: Any) -> list[tuple[str, str]]:
    cursor.execute(
        "SELECT conname, conrelid::regclass::text FROM pg_constraint WHERE contype = 'c' AND conparentid = 0"
        " AND conrelid::regclass::text ~ '^loyalty_(movement|lot|trace|balance)$'"
    )
    return list(cursor.fetchall())


def test_a_redemption_that_is_partly_owed_is_named(ledger_of_two: None) -> None:
    """Given back, it would give less than it took: its lots are not all of it."""
    spent = Movement.objects.get(source="till:1")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = 'replica'")
        cursor.execute("ALTER TABLE loyalty_movement DROP CONSTRAINT movement_signs")
        cursor.execute("UPDATE loyalty_movement SET debt = 5, contra = contra + 5 WHERE id = %s", [spent.pk])
    named = proof.Fault("the legs of a movement have the signs of its kind", f"movement {spent.pk}")
    assert named in faults()


def test_the_command_names_the_row(ledger_of_two: None, irina: Customer) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = 'replica'")
        cursor.execute(
            "UPDATE loyalty_balance SET available = available + 1 WHERE customer_id = %s", [irina.pk]
        )
        cursor.execute("SET LOCAL session_replication_role = 'origin'")
    errors = StringIO()
    with pytest.raises(CommandError, match="broken in 2 places"):
        call_command("verify_ledger", stderr=errors)
    assert (
        f"balance of {irina.pk} in unit 1: broken: a balance is the sum of its movements" in errors.getvalue()
    )


def test_what_a_receipt_earned_and_the_counts_of_coupons_are_proven(
    irina: Customer, harbour: Store, max_: Staff, noon: datetime
) -> None:
    books.around(irina, harbour, noon, max_)
    assert faults() == []
    with books.unguarded():
        Accrual.objects.update(kept=F("kept") - 1)
        CouponTally.objects.update(spent=F("spent") - 1)
    assert faults() == [
        proof.Fault("what a receipt earned is what its movements say", "receipt 1000001"),
        proof.Fault("a count of coupons is that of its coupons and uses", "coupon spring"),
    ]
