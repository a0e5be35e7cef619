"""The partition twin has every row, key, index, default, number and promise of the plain database, and more."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from crm.org.models import Store
from crm.scaleout import partitions
from crm.scaleout.placement import distribution
from crm.scaleout.shape import CannotSpread
from customers.models import Customer, Identity, Line, Product, Purchase

SPREAD = sorted(name for name, placement in distribution().items() if placement.is_spread)


def rows(sql: str, *parameters: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def settle() -> None:
    """Check deferred constraints now: a table with checks to come cannot be altered in the same transaction."""
    connection.check_constraints()


def convert(count: int = 3) -> list[str]:
    settle()
    return partitions.convert(partitions=count)


def content() -> dict[str, list[tuple[object, ...]]]:
    return {name: sorted(rows(f'SELECT "{name}"::text FROM "{name}"')) for name in SPREAD}


def structure() -> dict[str, object]:
    """Columns with types and defaults, checks, and indexes without the keys that must differ."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT table_name, column_name, data_type, character_maximum_length, numeric_precision, numeric_scale,
                      collation_name, column_default, is_nullable, is_identity, identity_generation
               FROM information_schema.columns WHERE table_name = ANY(%s) ORDER BY 1, 2""",
            [SPREAD],
        )
        columns = cursor.fetchall()
        cursor.execute(
            """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
               WHERE conrelid::regclass::text = ANY(%s) AND contype IN ('c', 'n', 'u') ORDER BY 1, 2""",
            [SPREAD],
        )
        checks = cursor.fetchall()
        cursor.execute(
            """SELECT tablename, indexname, replace(indexdef, ' ONLY ', ' ') FROM pg_indexes
               WHERE tablename = ANY(%s) AND indexname NOT LIKE '%%_pkey' ORDER BY 1, 2""",
            [SPREAD],
        )
        return {"columns": columns, "checks": checks, "indexes": cursor.fetchall()}


@pytest.fixture
def bought(irina: Customer, yusuf: Customer, harbour: Store) -> list[Purchase]:
    product = Product.objects.create(sku="MILK", name="Milk")
    purchases = [buy(customer, harbour, str(n)) for n in range(3) for customer in (irina, yusuf)]
    for purchase in purchases:
        Line.objects.create(
            customer_id=purchase.customer_id,
            purchase=purchase,
            number=1,
            product=product,
            quantity=1,
            amount=Decimal("3.00"),
        )
    return purchases


def buy(customer: Customer, store: Store, external_id: str) -> Purchase:
    return Purchase.objects.create(
        customer=customer,
        store=store,
        source_id=1,
        business_date=date(2026, 3, 10),
        occurred_at=datetime(2026, 3, 10, 4, tzinfo=UTC),
        amount=Decimal("3.00"),
        external_id=external_id,
    )


@contextmanager
def refused() -> Iterator[None]:
    """What is done inside must be refused by the database, at once or when the transaction would end."""
    with pytest.raises(IntegrityError), transaction.atomic():
        yield
        settle()


@pytest.mark.plain
def test_everything_is_carried_over(bought: list[Purchase]) -> None:
    before, shape, newest = content(), structure(), bought[-1].pk
    assert convert() == SPREAD
    assert content() == before
    assert structure() == shape
    assert buy(Customer.objects.get(pk=bought[0].customer_id), bought[0].store, "new").pk == newest + 1


@pytest.mark.plain
def test_rows_stand_with_their_customer(bought: list[Purchase]) -> None:
    convert()
    where = rows(
        """SELECT c.tableoid::regclass::text, p.tableoid::regclass::text, l.tableoid::regclass::text
           FROM customers_customer c JOIN customers_purchase p ON p.customer_id = c.id
               JOIN customers_line l ON l.purchase_id = p.id"""
    )
    assert len(where) == 6
    for places in where:
        assert len({str(place).rpartition("_")[2] for place in places}) == 1


@pytest.mark.plain
@pytest.mark.django_db
def test_again_changes_nothing() -> None:
    assert convert() == SPREAD
    assert convert() == []
    out = StringIO()
    call_command("scaleout", "--engine", "partitions", "--dry-run", stdout=out)
    assert out.getvalue() == "-- nothing to do\n"


@pytest.mark.plain
@pytest.mark.django_db
def test_a_dry_run_changes_nothing_and_says_all() -> None:
    out = StringIO()
    call_command("scaleout", "--engine", "partitions", "--partitions", "2", "--dry-run", stdout=out)
    lines = out.getvalue().splitlines()
    assert (lines[0], lines[-1]) == ("BEGIN;", "COMMIT;")
    assert rows("SELECT relkind::text FROM pg_class WHERE relname = 'customers_purchase'") == [("r",)]
    settle()
    run("\n".join(lines[1:-1]))
    assert rows("SELECT relkind::text FROM pg_class WHERE relname = 'customers_purchase'") == [("p",)]
    assert rows("SELECT count(*) FROM pg_inherits WHERE inhparent = 'customers_purchase'::regclass") == [(2,)]


@pytest.mark.plain
@pytest.mark.django_db
def test_triggers_grants_comments_and_storage_are_carried_over() -> None:
    run(
        """CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
           CREATE TRIGGER seen_it BEFORE INSERT ON customers_purchase FOR EACH ROW EXECUTE FUNCTION seen();
           CREATE ROLE reader_of_twins;
           GRANT SELECT ON customers_purchase TO reader_of_twins;
           GRANT SELECT (customer_id, unit) ON loyalty_balance TO reader_of_twins;
           COMMENT ON TABLE customers_purchase IS 'The chain''s receipts';
           ALTER TABLE customers_purchase SET (fillfactor = 90)"""
    )
    convert()
    assert rows("SELECT has_table_privilege('reader_of_twins', 'customers_purchase', 'SELECT')") == [(True,)]
    assert rows(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'loyalty_balance'::regclass"
        " AND has_column_privilege('reader_of_twins', attrelid, attnum, 'SELECT') ORDER BY 1"
    ) == [("customer_id",), ("unit",)]
    assert rows("SELECT obj_description('customers_purchase'::regclass)") == [("The chain's receipts",)]
    assert rows("SELECT reloptions FROM pg_class WHERE relname = 'customers_purchase_p1'") == [
        (["fillfactor=90"],)
    ]
    assert rows("SELECT count(*) FROM pg_trigger WHERE tgname = 'seen_it'") == [(4,)]


@pytest.mark.plain
@pytest.mark.django_db
def test_the_application_writes_no_more_than_before_and_no_partition() -> None:
    convert()
    may = "SELECT right_, has_table_privilege('regulars_app', %s, right_) FROM unnest(%s::text[]) AS right_"
    writes = ["INSERT", "UPDATE", "DELETE"]
    assert [may_it for _, may_it in rows(may, "customers_purchase", writes)] == [True, True, True]
    assert [may_it for _, may_it in rows(may, "loyalty_movement", writes)] == [True, False, True]
    assert [may_it for _, may_it in rows(may, "loyalty_movement_p1", writes)] == [False, False, False]
    assert [may_it for _, may_it in rows(may, "customers_purchase_p1", ["SELECT", *writes])] == [True] + 3 * [
        False
    ]
    assert rows(
        "SELECT has_column_privilege('regulars_app', 'loyalty_balance', 'extended_to', 'UPDATE')"
    ) == [(True,)]


@pytest.mark.plain
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            "CREATE UNIQUE INDEX once ON customers_purchase (external_id)",
            "once is unique without customer_id",
        ),
        ("ALTER TABLE customers_merge ADD UNIQUE (merged_at)", "is unique without customer_id"),
        ("CREATE VIEW takings AS SELECT amount FROM customers_purchase", "the view takings reads it"),
        ("ALTER TABLE customers_purchase ENABLE ROW LEVEL SECURITY", "it has row security"),
        (
            "ALTER TABLE customers_purchasestate DROP CONSTRAINT customers_purchasestate_pkey",
            "no primary key",
        ),
        (
            "ALTER TABLE jobs_job ADD owner bigint REFERENCES customers_customer",
            "points from outside to rows of customers_customer",
        ),
        (
            "ALTER TABLE customers_merge ADD purchase_id bigint REFERENCES customers_purchase ON DELETE SET NULL",
            "would set the customer to NULL",
        ),
        ("ALTER TABLE segmentation_standing RENAME TO elsewhere", "Run migrate first"),
    ],
)
def test_what_cannot_be_carried_is_refused(fault: str, words: str) -> None:
    run(fault)
    with pytest.raises(CannotSpread, match=words):
        convert()
    with pytest.raises(CommandError, match=words):
        call_command("scaleout", "--engine", "partitions")
    assert rows("SELECT relkind::text FROM pg_class WHERE relname = 'customers_purchase'") == [("r",)]


@pytest.mark.twin
@pytest.mark.django_db
def test_the_suite_runs_on_the_twin() -> None:
    kinds = dict(rows("SELECT relname, relkind::text FROM pg_class WHERE relname = ANY(%s)", SPREAD))
    assert kinds == dict.fromkeys(SPREAD, "p")


@pytest.mark.twin
def test_the_twin_refuses_a_line_of_another_customer(bought: list[Purchase], yusuf: Customer) -> None:
    with refused():
        Line.objects.create(
            customer=yusuf,
            purchase=bought[0],
            number=2,
            product_id=Product.objects.get().pk,
            quantity=1,
            amount=1,
        )


@pytest.mark.twin
def test_the_twin_refuses_to_move_a_row(bought: list[Purchase], yusuf: Customer) -> None:
    line = Line.objects.filter(purchase=bought[0])
    with refused():
        line.update(customer=yusuf)
    line.update(customer=bought[0].customer_id, quantity=2)  # the same customer: no move
    assert line.get().customer_id == bought[0].customer_id


@pytest.mark.twin
def test_the_twin_refuses_a_second_identity(irina: Customer, yusuf: Customer) -> None:
    number = Identity.objects.filter(customer=irina, kind="phone").values_list("value", flat=True).get()
    with refused():
        Identity.objects.create(customer=yusuf, kind="phone", value=number)


@pytest.mark.parametrize("count", ["0", "1025", "x", "-1"])
def test_a_wrong_number_of_partitions(count: str) -> None:
    with pytest.raises(CommandError, match="not a number from 1 to 1024"):
        call_command("scaleout", "--engine", "partitions", f"--partitions={count}")


@pytest.mark.django_db
def test_citus_is_refused_where_it_is_not_installed() -> None:
    with pytest.raises(CommandError, match=r"no Citus extension\. The server does not know it either"):
        call_command("scaleout", "--engine", "citus")


@pytest.mark.twin
@pytest.mark.django_db
def test_a_twin_is_not_for_citus() -> None:
    with pytest.raises(CommandError, match="This database is a partition twin"):
        call_command("scaleout", "--engine", "citus", "--dry-run")


@pytest.mark.plain
@pytest.mark.django_db
def test_the_citus_plan_runs_in_the_order_that_links_ask_for() -> None:
    out = StringIO()
    call_command("scaleout", "--engine", "citus", "--dry-run", stdout=out)
    plan = out.getvalue()
    order = [
        'DROP CONSTRAINT "customers_purchase_pkey"',
        'ADD CONSTRAINT "customers_purchase_pkey" PRIMARY KEY ("customer_id", "id")',
        "create_reference_table('org_region')",
        "create_reference_table('org_store')",
        "create_distributed_table('customers_customer', 'id', colocate_with => 'none')",
        "create_distributed_table('customers_line', 'customer_id', colocate_with => 'customers_customer')",
        "create_distributed_table('customers_identity', 'value', colocate_with => 'none')",
        'FOREIGN KEY ("customer_id") REFERENCES "customers_customer" ("id")',
    ]
    places = [plan.index(part) for part in order]
    assert places == sorted(places)
    for name, placement in distribution().items():
        if not placement.is_spread and placement.place != "reference":
            assert f"'{name}'" not in plan
