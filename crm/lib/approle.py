"""The application's own role in the database: it reads and writes rows, and owns nothing.

Migrations and commands of `manage.py` speak as the owner of the tables. Web, worker and beat speak as the role of this
module, to which PostgreSQL refuses what would get round the guards: emptying or changing tables, switching triggers
off, replacing their functions, acting as another role. Where a table's promises want it, the role may write less than
every row and column: its app says so (`narrow`). See docs/operations.md.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.conf import settings
from psycopg import sql

# ANALYZE and VACUUM after large writes.
MAINTAINS_SINCE = 17_00_00
WRITES = frozenset({"INSERT", "UPDATE", "DELETE"})


class Rights(NamedTuple):
    """Rights to a table as a whole, and the columns that may be changed."""

    whole: frozenset[str]
    columns: frozenset[str]


# Which migrations are there is not the application's to say.
_narrow = {"django_migrations": Rights(frozenset(), frozenset())}


def narrow(table: str, *columns: str, inserts: bool = True, deletes: bool = True) -> None:
    """Of this table's rows the application changes these columns alone. Apps say so as they get ready."""
    whole = {right for right, may in (("INSERT", inserts), ("DELETE", deletes)) if may}
    _narrow[table] = Rights(frozenset(whole), frozenset(columns))


def exists(cursor: Any, role: str | None = None) -> bool:
    cursor.execute(
        "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [role or settings.DATABASE_APP_ROLE]
    )
    return bool(cursor.fetchone()[0])


def prepare(cursor: Any) -> bool:
    """Make the role where its password is known, and see to its rights. False: there is no such role.

    Called by the owner after migrations. Needs CREATEROLE to make the role, and ADMIN on pg_read_all_stats.
    """
    role, password = settings.DATABASE_APP_ROLE, settings.DATABASE_APP_PASSWORD
    is_there = exists(cursor, role)
    if not is_there and not password:
        return False
    if password:  # a new one takes the place of the old one
        asked = "ALTER ROLE {} LOGIN PASSWORD {}" if is_there else "CREATE ROLE {} LOGIN PASSWORD {}"
        cursor.execute(sql.SQL(asked).format(sql.Identifier(role), sql.Literal(password)))
    if not is_there:  # it sees whose transactions run: what may still come is not taken as complete
        cursor.execute(sql.SQL("GRANT pg_read_all_stats TO {}").format(sql.Identifier(role)))
    grant(cursor)
    return True


def grant(cursor: Any) -> None:
    """Give the role what it lacks and take what is too much. Writes nothing where all is right, or no such role."""
    role = settings.DATABASE_APP_ROLE
    if not exists(cursor, role):
        return
    is_new = cursor.connection.info.server_version >= MAINTAINS_SINCE
    reads = frozenset({"SELECT", "MAINTAIN"} if is_new else {"SELECT"})
    changes = [*_of_tables(cursor, role, reads), *_of_functions(cursor)]
    cursor.execute(SEQUENCES_DIFFER, {"role": role})
    if changes or cursor.fetchone()[0]:
        cursor.execute("SELECT current_schema()")
        schema, rights = sql.Identifier(cursor.fetchone()[0]), sql.SQL(", ".join(sorted(reads | WRITES)))
        for statement in [*map(sql.SQL, GENERAL), *changes]:
            cursor.execute(statement.format(role=sql.Identifier(role), schema=schema, rights=rights))


def _of_tables(cursor: Any, role: str, reads: frozenset[str]) -> list[sql.SQL]:
    """What changes the role's rights to each table to those that it should have."""
    cursor.execute(TABLES, {"role": role, "rights": sorted(reads | WRITES)})
    return [
        statement
        for table, is_part, columns, whole, may_change in cursor.fetchall()
        for statement in _changes(
            sql.Identifier(table).as_string(),
            Rights(frozenset(whole), frozenset(may_change)),
            _wanted(table, is_part, reads, frozenset(columns)),
        )
    ]


def _wanted(table: str, is_part: bool, reads: frozenset[str], columns: frozenset[str]) -> Rights:
    """Partitions are written through their table, whose triggers see the statement."""
    if is_part:
        return Rights(reads, frozenset())
    if table not in _narrow:
        return Rights(reads | WRITES, columns)
    return Rights(reads | _narrow[table].whole, columns & _narrow[table].columns)


def _changes(table: str, held: Rights, wanted: Rights) -> Iterator[sql.SQL]:
    columns = held.columns
    if excess := (held.whole - wanted.whole) | ({"UPDATE"} if columns - wanted.columns else frozenset()):
        yield sql.SQL(f"REVOKE {', '.join(sorted(excess))} ON {table} FROM {{role}}")
        columns -= columns if "UPDATE" in excess else frozenset()  # goes with the whole
    if missing := wanted.whole - held.whole:
        yield sql.SQL(f"GRANT {', '.join(sorted(missing))} ON {table} TO {{role}}")
    if "UPDATE" not in wanted.whole and wanted.columns - columns:
        named = ", ".join(sql.Identifier(column).as_string() for column in sorted(wanted.columns))
        yield sql.SQL(f"GRANT UPDATE ({named}) ON {table} TO {{role}}")


def _of_functions(cursor: Any) -> list[sql.SQL]:
    """What runs as its owner is nobody else's to set on a table. A backup that was restored has no rights in it."""
    cursor.execute(OPEN_TO_ALL)
    return [sql.SQL(f"REVOKE EXECUTE ON FUNCTION {name} FROM PUBLIC") for (name,) in cursor.fetchall()]


GENERAL = (
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    # Numbers are taken, never set back.
    "REVOKE UPDATE ON ALL SEQUENCES IN SCHEMA {schema} FROM {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    # What the owner makes later: a table of partitions, one that is copied.
    "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {rights} ON TABLES TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE, SELECT ON SEQUENCES TO {role}",
)
# Where the role owns a table itself, or is all-powerful, there is nothing to give or take.
TABLES = """
SELECT c.relname, c.relispartition, array_agg(a.attname),
    ARRAY(SELECT one FROM unnest(%(rights)s::text[]) AS one WHERE has_table_privilege(%(role)s, c.oid, one)),
    coalesce(
        array_agg(a.attname) FILTER (WHERE has_column_privilege(%(role)s, c.oid, a.attnum, 'UPDATE')), ARRAY[]::name[]
    )
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v')
    AND pg_has_role(c.relowner, 'USAGE') AND NOT pg_has_role(%(role)s, c.relowner, 'USAGE')
GROUP BY c.oid, c.relname, c.relispartition ORDER BY c.relname
"""
SEQUENCES_DIFFER = """
SELECT EXISTS (
    SELECT FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'S'
      AND pg_has_role(c.relowner, 'USAGE') AND NOT pg_has_role(%(role)s, c.relowner, 'USAGE')
      AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(%(role)s, c.oid, 'USAGE')
          OR has_sequence_privilege(%(role)s, c.oid, 'UPDATE') END
)
"""
OPEN_TO_ALL = """
SELECT p.oid::regprocedure::text
FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
WHERE p.pronamespace = current_schema()::regnamespace AND p.prosecdef AND pg_has_role(p.proowner, 'USAGE')
    AND g.grantee = 0
ORDER BY 1
"""
