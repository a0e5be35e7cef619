"""Triggers that note whose values changed, on every table that the registry of attributes names.

By the statement, with transition tables: a statement that changes a thousand rows notes their customers once. They are
brought up to date after `migrate`, from the registry as it is then. A database spread over machines has no transition
tables: there the night alone keeps segments up to date (docs/scaleout.md).
"""

from typing import Any

from django.db import connections

from customers.attributes import registry

PREFIX = "segments_touch"
PEOPLE = "customers_customer"
EVENTS = {"insert": "NEW", "update": "NEW", "delete": "OLD"}

_FUNCTION = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $body$
BEGIN
    INSERT INTO segmentation_touched (customer_id) SELECT DISTINCT {column} FROM changed WHERE {column} IS NOT NULL;
    RETURN NULL;
END
$body$
"""
FUNCTIONS = {"segments_touch_customer": "customer_id", "segments_touch_self": "id"}
_TRIGGER = """
CREATE OR REPLACE TRIGGER {prefix}_{event} AFTER {what} ON "{table}" REFERENCING {rows} TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION {function}()
"""
_PRESENT = """
SELECT c.relname, count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE t.tgname LIKE %s AND NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled IN ('O', 'A')
    AND c.relnamespace = current_schema()::regnamespace
GROUP BY c.relname
"""
_OWNED = """
SELECT c.relname FROM pg_class c WHERE c.relname = ANY(%s) AND c.relnamespace = current_schema()::regnamespace
    AND (c.relname = 'customers_customer' OR EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'customer_id' AND NOT a.attisdropped
    ))
ORDER BY 1
"""


def watched() -> list[str]:
    """The tables whose changes are noted."""
    tables = {table for one in registry.attributes() for table in one.relation.watches}
    return sorted(tables | {table for one in registry.behaviours() for table in one.watches})


def of_customers(using: str = "default") -> list[str]:
    """Those of them whose rows are customers', and that are there. Others (a store's region, a rule) are about
    everybody: they wait for the night."""
    with connections[using].cursor() as cursor:
        cursor.execute(_OWNED, [watched()])
        return [row[0] for row in cursor.fetchall()]


def install(using: str = "default") -> list[str]:
    """Give every watched table its triggers. Returns the tables that had not all of them."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regclass('segmentation_touched')")
        if cursor.fetchone()[0] is None:
            return []
        cursor.execute("SELECT quote_ident(current_schema())")
        schema = cursor.fetchone()[0]
        for name, column in FUNCTIONS.items():
            cursor.execute(_FUNCTION.format(name=name, column=column, schema=schema))
        wanted = missing(using)
        for table in wanted:
            function = "segments_touch_self" if table == PEOPLE else "segments_touch_customer"
            for event, rows in EVENTS.items():
                cursor.execute(
                    _TRIGGER.format(
                        prefix=PREFIX,
                        event=event,
                        what=event.upper(),
                        table=table,
                        rows=rows,
                        function=function,
                    )
                )
    return wanted


def missing(using: str = "default") -> list[str]:
    """Watched tables without all their triggers."""
    with connections[using].cursor() as cursor:
        cursor.execute(_PRESENT, [PREFIX + "%"])
        present = dict(cursor.fetchall())
        cursor.execute("SELECT to_regclass('pg_dist_partition')")
        distributed = _distributed(cursor) if cursor.fetchone()[0] else set()
    return [
        table
        for table in of_customers(using)
        if table not in distributed and present.get(table) != len(EVENTS)
    ]


def _distributed(cursor: Any) -> set[str]:
    cursor.execute("SELECT c.relname FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid")
    return {row[0] for row in cursor.fetchall()}
