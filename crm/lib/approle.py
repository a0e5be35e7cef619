"""The application's own role in the database: it reads and writes rows, and owns nothing.

Migrations and commands of `manage.py` speak as the owner of the tables. Web, worker and beat speak as the role of this
module, to which PostgreSQL refuses what would get round the guards: emptying or changing tables, switching triggers
off, replacing their functions, acting as another role. See docs/operations.md.
"""

from typing import Any

from django.conf import settings
from psycopg import sql

# ANALYZE and VACUUM after large writes.
MAINTAINS_SINCE = 17_00_00
MISSING = """
SELECT EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v')
      AND pg_has_role(c.relowner, 'USAGE') AND c.relname <> 'django_migrations'
      AND NOT has_table_privilege(%(role)s, c.oid, %(rights)s)
)
"""
SEQUENCES_MISSING = """
SELECT EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND pg_has_role(c.relowner, 'USAGE')
      AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(%(role)s, c.oid, 'USAGE') END
)
"""


def exists(cursor: Any, role: str | None = None) -> bool:
    cursor.execute(
        "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [role or settings.DATABASE_APP_ROLE]
    )
    return bool(cursor.fetchone()[0])


def prepare(cursor: Any) -> bool:
    """Make the role where its password is known, and give it what it lacks. False: there is no such role.

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
    rights = _rights(cursor)
    if _lacks(cursor, role, rights):
        _grant(cursor, role, rights)
    return True


def _rights(cursor: Any) -> list[str]:
    is_new = cursor.connection.info.server_version >= MAINTAINS_SINCE
    return ["SELECT", "INSERT", "UPDATE", "DELETE", *(["MAINTAIN"] if is_new else [])]


def _lacks(cursor: Any, role: str, rights: list[str]) -> bool:
    """Whether a table or a sequence of ours came since. `has_table_privilege` takes any of a list: so one at a time."""
    for right in rights:
        cursor.execute(MISSING, {"role": role, "rights": right})
        if cursor.fetchone()[0]:
            return True
    cursor.execute(SEQUENCES_MISSING, {"role": role})
    return bool(cursor.fetchone()[0])


def _grant(cursor: Any, role: str, rights: list[str]) -> None:
    cursor.execute("SELECT current_schema()")
    given = {
        "role": sql.Identifier(role),
        "schema": sql.Identifier(cursor.fetchone()[0]),
        "rights": sql.SQL(", ".join(rights)),
    }
    for statement in (
        "GRANT USAGE ON SCHEMA {schema} TO {role}",
        "GRANT {rights} ON ALL TABLES IN SCHEMA {schema} TO {role}",
        # Numbers are taken, never set back; which migrations are there is not the application's to say.
        "REVOKE UPDATE ON ALL SEQUENCES IN SCHEMA {schema} FROM {role}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
        "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}",
        # What the owner makes later: a table of partitions, one that is copied.
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {rights} ON TABLES TO {role}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE, SELECT ON SEQUENCES TO {role}",
    ):
        cursor.execute(sql.SQL(statement).format(**given))
