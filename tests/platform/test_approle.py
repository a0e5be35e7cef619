"""The application's own role: it reads every row and writes what it must, owns nothing, and gets what it lacks by
migrating, which takes what is too much."""

from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.lib import approle

pytestmark = pytest.mark.django_db


def ask(statement: str, *given: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchone()[0]


def rights(table: str, role: str) -> str:
    """The first letters of what it may."""
    words = ("SELECT", "INSERT", "UPDATE", "DELETE", "MAINTAIN", "TRUNCATE", "REFERENCES", "TRIGGER")
    return "".join(
        word[0] for word in words if ask("SELECT has_table_privilege(%s, %s, %s)", role, table, word)
    )


NARROW = {
    "django_migrations": "SM",
    "loyalty_balance": "SIM",
    "loyalty_lot": "SIDM",
    "loyalty_movement": "SIDM",
    "loyalty_tierchange": "SIDM",
    "loyalty_trace": "SIDM",
}


def changeable(table: str, role: str) -> set[str]:
    """The columns that it may change."""
    with connection.cursor() as cursor:
        columns = [column.name for column in connection.introspection.get_table_description(cursor, table)]
    return {
        column
        for column in columns
        if ask("SELECT has_column_privilege(%s, %s, %s, 'UPDATE')", role, table, column)
    }


def test_it_may_write_rows_and_owns_nothing() -> None:
    role = settings.DATABASE_APP_ROLE
    names = set(connection.introspection.table_names())
    assert {rights(name, role) for name in names - set(NARROW)} == {"SIUDM"}
    assert {name: rights(name, role) for name in NARROW} == NARROW
    assert {name: changeable(name, role) for name in NARROW if changeable(name, role)} == {
        "loyalty_balance": {"extended_to", "parted"}
    }
    sequence = "loyalty_movement_id_seq"
    assert [
        ask("SELECT has_sequence_privilege(%s, %s, %s)", role, sequence, one) for one in ("USAGE", "UPDATE")
    ] == [True, False]
    assert ask("SELECT count(*) FROM pg_class WHERE relowner = %s::regrole", role) == 0
    powers = (
        "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname = %s"
    )
    assert ask(powers, role) is False
    assert ask("SELECT has_schema_privilege(%s, 'public', 'CREATE')", role) is False


def test_a_table_that_comes_later_is_its_too() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE later (id bigint GENERATED ALWAYS AS IDENTITY)")
        cursor.execute(f"REVOKE ALL ON customers_customer FROM {settings.DATABASE_APP_ROLE}")
    assert rights("later", settings.DATABASE_APP_ROLE) == "SIUDM"
    call_command("migrate", verbosity=0)
    assert rights("customers_customer", settings.DATABASE_APP_ROLE) == "SIUDM"


def test_what_is_too_much_is_taken() -> None:
    role = settings.DATABASE_APP_ROLE
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT UPDATE, DELETE ON loyalty_balance, django_migrations TO {role}")
        cursor.execute(f"GRANT UPDATE (points) ON loyalty_lot TO {role}")
        cursor.execute("GRANT EXECUTE ON FUNCTION loyalty_lots_follow() TO PUBLIC")
    call_command("migrate", verbosity=0)
    assert {name: rights(name, role) for name in NARROW} == NARROW
    assert changeable("loyalty_balance", role) == {"extended_to", "parted"}
    assert changeable("loyalty_lot", role) == set()
    assert ask("SELECT has_function_privilege(%s, 'loyalty_lots_follow()', 'EXECUTE')", role) is False


def test_where_all_is_right_nothing_is_written() -> None:
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as asked:
        approle.prepare(cursor)
    assert [one["sql"] for one in asked if not one["sql"].lstrip().startswith("SELECT")] == []


def test_guards_look_at_our_tables_first() -> None:
    """A function without a path of its own would take a temporary table for ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, proconfig FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
            " AND prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c') AND proname !~ '^audit_'"
        )
        paths = {name: [one for one in path or () if one.startswith("search_path=")] for name, path in cursor}
    assert len(paths) >= 14
    firsts = (["search_path=public, pg_temp"], ["search_path=pg_catalog, pg_temp"])
    assert {name: path for name, path in paths.items() if path not in firsts} == {}


def test_it_is_made_where_its_password_is_known(settings: Any) -> None:
    settings.DATABASE_APP_ROLE = "somebody_else"
    with connection.cursor() as cursor:
        assert approle.prepare(cursor) is False
        settings.DATABASE_APP_PASSWORD = "first"
        assert approle.prepare(cursor) is True
        before = ask("SELECT rolpassword FROM pg_authid WHERE rolname = 'somebody_else'")
        settings.DATABASE_APP_PASSWORD = "second"
        assert approle.prepare(cursor) is True
    assert rights("loyalty_accrual", "somebody_else") == "SIUDM"
    assert rights("loyalty_movement", "somebody_else") == "SIDM"
    assert ask("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'somebody_else'") is True
    assert ask("SELECT rolpassword FROM pg_authid WHERE rolname = 'somebody_else'") != before


def test_it_signs_in_and_what_would_get_round_the_guards_is_refused() -> None:
    given = connection.get_connection_params()
    with psycopg.connect(
        host=given["host"], dbname=given["dbname"], user=settings.DATABASE_APP_ROLE, autocommit=True
    ) as session:
        assert session.execute("SELECT count(*) FROM loyalty_movement").fetchone() == (0,)
        session.execute("VACUUM (ANALYZE) loyalty_movement")
        for statement in (
            "SET session_replication_role = 'replica'",
            "SET ROLE regulars",
            "TRUNCATE loyalty_lot",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(statement)
