"""Every step of the night can be done by each machine alone, on the twin; and the proof notices when it cannot."""

from collections.abc import Iterator
from datetime import date
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import walk_packages

import pytest
from django.conf import settings
from django.db import connection

from crm.lib.statements import Statement
from crm.org.models import Store
from crm.scaleout import dialect, plans, pushdown
from crm.scaleout.placement import distribution
from crm.scaleout.recording import numbered
from tests import cast
from tests.loyalty import rules as earning
from tests.night.helpers import run_night

APPS = ["customers", "loyalty", "segmentation", "analytics"]
PLACES = distribution()


def _registered() -> Iterator[Statement]:
    """All that stands in a list called STATEMENTS."""
    for app in APPS:
        spec = find_spec(app)
        assert spec is not None
        for module in walk_packages(spec.submodule_search_locations, f"{app}."):
            path = Path(settings.BASE_DIR, *module.name.split(".")).with_suffix(".py")
            if path.exists() and "\nSTATEMENTS" in path.read_text():
                yield from import_module(module.name).STATEMENTS


REGISTERED = list(_registered())


@pytest.fixture
def year(harbour: Store, uptown: Store) -> None:
    """Customers with a few purchases each, in every partition."""
    for n in range(60):
        shop = (harbour, uptown)[n % 2]
        customer = cast.customer(f"Guest {n}", of=shop, phone=f"+86138001381{n:02}")
        for day in range(1, 1 + n % 3):
            cast.purchase(customer, at=shop, on=date(2026, 1 + (n + day) % 3, day), amount=f"{5 + n}.00")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("ANALYZE customers_customer, customers_purchase, customers_purchasestate")


@pytest.mark.parametrize("statement", REGISTERED, ids=lambda statement: statement.name)
@pytest.mark.twin
@pytest.mark.django_db
def test_a_registered_statement_pushes_down(statement: Statement) -> None:
    assert pushdown.faults(numbered(statement.sql, statement.example), plans.partition_map()) == []


@pytest.mark.parametrize("statement", REGISTERED, ids=lambda statement: statement.name)
def test_a_registered_statement_keeps_to_the_portable_subset(statement: Statement) -> None:
    assert dialect.faults(statement.sql, PLACES) == []


# What segments, products and target markets ask of everybody at once and does not lie with its customer: identifiers
# (by their value), who brought a friend (with the friend), and consents, which a plain server looks up one by one here.
# docs/scaleout.md says so.
MET = (" customers_identity", " loyalty_referral", " customers_consent", "loyalty_referral ")


@pytest.mark.twin
def test_a_whole_night_pushes_down(year: None) -> None:
    earning.programme(valid_from=date(2026, 1, 1))
    earning.rule("first", kind="bonus", points=5, cap_month=50, condition={"is_first": True})
    with pushdown.every_machine_alone() as proof:
        run_night(date(2026, 3, 10))
        run_night(date(2026, 3, 11))
        run_night(date(2026, 3, 11), rebuild=True)
    assert [fault for fault in map(str, proof.faults) if not any(table in fault for table in MET)] == []
    said = " ".join(map(str, proof.examined))
    for table in (
        "customers_purchase",
        "customers_purchasestate",
        "customers_lifecycle",
        "segmentation_standing",
    ):
        assert f" {table} " in said


# Seeded faults ------------------------------------------------------------------------------------------------------


def meetings(sql: str) -> list[str]:
    return [str(meeting) for meeting in pushdown.meetings(numbered(sql), plans.partition_map())]


@pytest.fixture
def many(harbour: Store) -> None:
    """Enough purchases for the planner to think of totals over parts."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_customer (id, name, gender, age_band, income_band, occupation, household, language,
                                               is_stub)
               SELECT n, '', '', '', '', '', '', '', false FROM generate_series(1, 2000) n"""
        )
        cursor.execute(
            f"""INSERT INTO customers_purchase (customer_id, store_id, source_id, channel, business_date, occurred_at,
                                               amount, discount, returned, external_id, staff_code)
               SELECT 1 + n % 2000, {harbour.pk}, 1, 1, '2026-01-01', now(), 5, 0, 0, n::text, ''
               FROM generate_series(1, 10000) n"""
        )
        cursor.execute("ANALYZE customers_customer, customers_purchase")


@pytest.mark.twin
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT customer_id, count(*) FROM customers_purchase GROUP BY customer_id",
        "SELECT store_id, sum(amount) FROM customers_purchase GROUP BY store_id",  # parts, then a total
        "SELECT max(business_date) FROM customers_purchase",
        """SELECT p.customer_id, sum(l.amount) FROM customers_purchase p
           JOIN customers_line l ON l.customer_id = p.customer_id AND l.purchase_id = p.id GROUP BY p.customer_id""",
        "SELECT p.id, s.name FROM customers_purchase p JOIN org_store s ON s.id = p.store_id",
        """UPDATE customers_purchasestate s SET count = f.n
           FROM (SELECT customer_id, count(*)::int AS n FROM customers_purchase GROUP BY customer_id) f
           WHERE f.customer_id = s.customer_id""",
        "SELECT customer_id, row_number() OVER (PARTITION BY customer_id ORDER BY id) FROM customers_purchase",
        "DELETE FROM customers_purchasestate WHERE customer_id = ANY('{1,2,3}')",
        """SELECT c.id, (SELECT max(p.business_date) FROM customers_purchase p WHERE p.customer_id = c.id)
           FROM customers_customer c""",
    ],
)
def test_what_each_machine_can_do_alone(sql: str, many: None) -> None:
    assert meetings(sql) == []


@pytest.mark.twin
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT count(DISTINCT customer_id) FROM customers_purchase", "Aggregate over partitions of"),
        ("SELECT store_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) FROM customers_purchase GROUP BY 1",
         "Aggregate over partitions of"),
        ("SELECT customer_id, ntile(5) OVER (ORDER BY spent) FROM customers_purchasestate", "WindowAgg"),
        ("SELECT p.id FROM customers_purchase p JOIN customers_line l ON l.purchase_id = p.id", "customers_line"),
        ("SELECT a.id FROM customers_purchase a JOIN customers_purchase b USING (external_id)", "customers_purchase"),
        ("SELECT p.id FROM customers_purchase p JOIN customers_identity i ON i.customer_id = p.customer_id",
         "customers_identity, customers_purchase"),
        ("SELECT id FROM customers_purchase WHERE id NOT IN (SELECT purchase_id FROM customers_line)",
         "customers_line, customers_purchase"),
        ("""SELECT c.id, (SELECT count(*) FROM customers_purchase p WHERE p.store_id = c.home_store_id)
            FROM customers_customer c""", "customers_purchase"),
        ("""WITH spent AS MATERIALIZED (SELECT customer_id, sum(amount) AS s FROM customers_purchase GROUP BY 1)
            SELECT a.s, b.s FROM spent a JOIN spent b ON a.customer_id = b.customer_id""", "customers_purchase"),
    ],
)  # fmt: skip
def test_what_needs_all_rows_is_noticed(sql: str, found: str) -> None:
    assert any(found in meeting for meeting in meetings(sql)), meetings(sql)


@pytest.mark.twin
def test_a_fault_in_the_night_is_noticed(year: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from customers import states

    worse = states._READ + " AND customer_id IN (SELECT id FROM customers_purchase)"
    monkeypatch.setattr(states, "_READ", worse)
    with pushdown.every_machine_alone() as proof:
        run_night(date(2026, 3, 10))
        run_night(date(2026, 3, 11))
    assert any("customers_purchase, customers_purchasestate" in fault for fault in proof.faults)


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT store_id, sum(amount) FROM customers_purchase GROUP BY ROLLUP (store_id)", "ROLLUP"),
        ("SELECT sum(amount) FROM customers_purchase GROUP BY GROUPING SETS ((store_id), ())", "ROLLUP"),
        ("SELECT DISTINCT ON (customer_id) id FROM customers_purchase", "DISTINCT ON"),
        ("SELECT width_bucket(amount, 0, 10, 5) FROM customers_purchase", "width_bucket"),
        ("SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY amount) FROM customers_purchase", "percentile"),
        (
            "SELECT ntile(5) OVER (ORDER BY spent) FROM customers_purchasestate",
            "a window without the customer",
        ),
        ("SELECT * FROM customers_line TABLESAMPLE system (1)", "TABLESAMPLE"),
        (
            "WITH f AS (SELECT customer_id FROM customers_purchase), g AS (SELECT * FROM f)"
            " SELECT * FROM g JOIN customers_line USING (customer_id) JOIN g h USING (customer_id)",
            "the CTE “g” is as long as the list of customers and named 2 times",
        ),
    ],
)
def test_words_outside_the_subset_are_noticed(sql: str, found: str) -> None:
    assert any(fault.startswith(found) for fault in dialect.faults(sql, PLACES))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT row_number() OVER (PARTITION BY customer_id ORDER BY id) FROM customers_purchase",
        "WITH cut AS (SELECT 1 AS v), s AS (SELECT * FROM org_store) SELECT * FROM cut a, cut b, s, s t",
        "SELECT 'DISTINCT ON' FROM customers_purchase -- ROLLUP",
        "WITH f AS (SELECT customer_id FROM customers_purchase) SELECT * FROM f",
    ],
)
def test_portable_statements_pass(sql: str) -> None:
    assert dialect.faults(sql, PLACES) == []
