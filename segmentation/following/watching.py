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
CUSTOMER = (
    "customer_id"  # the column that says whose a row is, unless `watches` names another: "table.column"
)
_TRIGGER = """
CREATE OR REPLACE TRIGGER {prefix}_{event} AFTER {what} ON "{table}" REFERENCING {rows} TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION {function}()
"""
# Of tables that are about everybody it is noted that they changed: no column that rests on them holds from then on.
OF_TABLES = "segments_touch_table"
_TABLE_FUNCTION = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $body$
BEGIN
    INSERT INTO segmentation_changedtable (name) VALUES (TG_TABLE_NAME);
    RETURN NULL;
END
$body$
"""
_TABLE_TRIGGER = """
CREATE OR REPLACE TRIGGER {prefix}_table AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "{table}"
FOR EACH STATEMENT EXECUTE FUNCTION {function}()
"""
_PRESENT = """
SELECT c.relname, count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE t.tgname LIKE %s AND NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled IN ('O', 'A')
    AND c.relnamespace = current_schema()::regnamespace
GROUP BY c.relname
"""
_TABLES = """
SELECT c.relname, EXISTS (
    SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'customer_id' AND NOT a.attisdropped
)
FROM pg_class c WHERE c.relname = ANY(%s) AND c.relnamespace = current_schema()::regnamespace ORDER BY 1
"""
_STRAY = """
SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE t.tgname LIKE %s AND NOT t.tgisinternal AND t.tgparentid = 0 AND NOT c.relname = ANY(%s)
    AND c.relnamespace = current_schema()::regnamespace
"""


def watched() -> list[str]:
    """The tables whose changes are noted."""
    return sorted(_columns())


def _columns() -> dict[str, str]:
    """By table the column that says whose its rows are."""
    named = {table for one in registry.attributes() for table in one.relation.watches}
    named |= {table for one in registry.behaviours() for table in one.watches}
    found = {PEOPLE: "id"}
    for table, _dot, column in (one.partition(".") for one in sorted(named - {PEOPLE})):
        found[table] = column or CUSTOMER
    return found


def of_customers(using: str = "default") -> list[str]:
    """Those of them whose rows are customers', and that are there."""
    return [table for table, is_owned in _there(using) if is_owned]


def of_everybody(using: str = "default") -> list[str]:
    """The others (a store's region, a rule). Who is in a segment by them waits for the night."""
    return [table for table, is_owned in _there(using) if not is_owned]


def install(using: str = "default") -> list[str]:
    """Give every watched table its triggers, and take them off the others. Returns the tables that lacked some."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regclass('segmentation_touched'), to_regclass('segmentation_changedtable')")
        if None in cursor.fetchone():
            return []
        cursor.execute("SELECT quote_ident(current_schema())")
        schema = cursor.fetchone()[0]
        for column in set(_columns().values()):
            cursor.execute(_FUNCTION.format(name=_function(column), column=column, schema=schema))
        cursor.execute(_TABLE_FUNCTION.format(name=OF_TABLES, schema=schema))
        cursor.execute(_STRAY, [PREFIX + "%", watched()])
        for table, trigger in cursor.fetchall():
            cursor.execute(f'DROP TRIGGER "{trigger}" ON "{table}"')
        wanted, owned = missing(using), set(of_customers(using))
        for table in wanted:
            _watch(cursor, table, table in owned)
    return wanted


def _watch(cursor: Any, table: str, is_owned: bool) -> None:
    if not is_owned:
        cursor.execute(_TABLE_TRIGGER.format(prefix=PREFIX, table=table, function=OF_TABLES))
        return
    function = _function(_columns()[table])
    for event, rows in EVENTS.items():
        trigger = {"event": event, "what": event.upper(), "rows": rows}
        cursor.execute(_TRIGGER.format(prefix=PREFIX, table=table, function=function, **trigger))


def _function(column: str) -> str:
    return f"{PREFIX}_{'self' if column == 'id' else column.removesuffix('_id')}"


def missing(using: str = "default") -> list[str]:
    """Watched tables without all their triggers."""
    with connections[using].cursor() as cursor:
        cursor.execute(_PRESENT, [PREFIX + "%"])
        present = dict(cursor.fetchall())
        cursor.execute("SELECT to_regclass('pg_dist_partition')")
        distributed = _distributed(cursor) if cursor.fetchone()[0] else set()
    return [
        table
        for table, is_owned in _there(using)
        if table not in distributed and present.get(table) != (len(EVENTS) if is_owned else 1)
    ]


def _there(using: str) -> list[tuple[str, bool]]:
    """Watched tables, and whether their rows are customers'."""
    with connections[using].cursor() as cursor:
        cursor.execute(_TABLES, [watched()])
        return [(table, is_owned or table == PEOPLE) for table, is_owned in cursor.fetchall()]


def _distributed(cursor: Any) -> set[str]:
    cursor.execute("SELECT c.relname FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid")
    return {row[0] for row in cursor.fetchall()}
