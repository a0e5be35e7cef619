"""What the database itself sees: changes that nobody recorded.

Triggers by the statement, with transition tables, on the tables that apps name in `audited.py`. A statement that
changes rows leaves a note in `audit_pending`; as the transaction commits, a deferred trigger looks whether somebody
recorded an act of that app in it. If so the notes go. If not (raw SQL, `queryset.update()`, `bulk_create`, COPY, psql)
they become entries: who (`regulars.actor`, else the user of the database), table, operation, how many rows, which
columns, which ids (all up to LISTED, of more the range and a digest). Values are never kept.

Triggers are brought up to date after `migrate`, from the models as they are then; `verify_audit` names tables whose
trigger is gone or switched off.
"""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection, connections, models

from crm.audit import registry, trail

PREFIX = "audit_capture"
LISTED = 50  # ids in an entry
EVENTS = {"insert": "NEW TABLE AS new_rows", "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
          "delete": "OLD TABLE AS old_rows", "truncate": ""}  # fmt: skip


@contextlib.contextmanager
def acting(by: Any) -> Iterator[None]:
    """Changes inside that nobody records are `by`'s. For the rest of the transaction that is open; else nothing."""
    if connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('regulars.actor', %s, true)", [trail.actor_name(by)])
    yield


def spoken_for(cursor: Any, app: str) -> None:
    """The changes of this transaction to tables of `app` are recorded in another way (receipts in the inbox), or will
    be at its end: bulk work says so beforehand, and the triggers do nothing."""
    cursor.execute("SELECT audit_spoken_for(%s)", [app])


def spoken_for_all() -> None:
    """The same for all apps: an act that is recorded of many tables at once."""
    with connection.cursor() as cursor:
        for app in sorted({app_of(model) for model in registry.tracked()}):
            spoken_for(cursor, app)


def app_of(model: type[models.Model]) -> str:
    """Sign-ins belong to the organisation."""
    label = model._meta.app_label
    return "org" if label == "auth" else label


def install(using: str = "default") -> list[str]:
    """Give every tracked table the triggers that it should have. Returns the tables that were changed."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regproc('audit_capture_commit')")
        if cursor.fetchone()[0] is None:
            return []
        present, distributed, changed = _present(cursor), _distributed(cursor), []
        for model, ignored in registry.tracked().items():
            table = model._meta.db_table
            if table in distributed:
                continue
            cursor.execute("SELECT to_regclass(%s)", [f'"{table}"'])
            if cursor.fetchone()[0] is None:
                continue  # its migration is still to come
            body = function_of(model, ignored)
            if present.get(table) != (_version(body), len(EVENTS)):
                cursor.execute(body)
                for statement in triggers_of(table):
                    cursor.execute(statement)
                cursor.execute(f"COMMENT ON FUNCTION {_function(table)}() IS '{_version(body)}'")
                changed.append(table)
    return changed


def missing(using: str = "default") -> list[str]:
    """Tracked tables that the database does not watch, as it should."""
    with connections[using].cursor() as cursor:
        present, distributed = _present(cursor), _distributed(cursor)
    wanted = {
        model._meta.db_table: (_version(function_of(model, ignored)), len(EVENTS))
        for model, ignored in registry.tracked().items()
        if model._meta.db_table not in distributed
    }
    return sorted(table for table, state in wanted.items() if present.get(table) != state)


def drop_statements(cursor: Any, tables: Iterable[str], prefix: str = PREFIX) -> list[str]:
    """What takes the triggers off these tables: a distributed database has no transition tables."""
    wanted = set(tables)
    cursor.execute(_TRIGGERS, [prefix + "%"])
    found = [(table, name) for table, name in cursor.fetchall() if table in wanted]
    return [f'DROP TRIGGER {name} ON "{table}"' for table, name in found]


def _present(cursor: Any) -> dict[str, tuple[str, int]]:
    """Table to the version of its function and how many of its triggers are switched on."""
    cursor.execute(_STATE, [PREFIX + "%"])
    return {table: (version or "", count) for table, version, count in cursor.fetchall()}


def _distributed(cursor: Any) -> set[str]:
    """Tables that Citus spread over machines: it has no transition tables there (docs/scaleout.md)."""
    cursor.execute("SELECT to_regclass('pg_dist_partition')")
    if cursor.fetchone()[0] is None:
        return set()
    cursor.execute("SELECT c.relname FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid")
    return {row[0] for row in cursor.fetchall()}


def _version(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def _function(table: str) -> str:
    return f'"{PREFIX}_{table[:48]}"'


def triggers_of(table: str) -> Iterator[str]:
    for event, rows in EVENTS.items():
        referencing = f"REFERENCING {rows} " if rows else ""
        yield (
            f'CREATE OR REPLACE TRIGGER {PREFIX}_{event} AFTER {event.upper()} ON "{table}" {referencing}'
            f"FOR EACH STATEMENT EXECUTE FUNCTION {_function(table)}()"
        )


def function_of(model: type[models.Model], ignored: frozenset[str]) -> str:
    """The function of one table: which rows and columns a statement changed."""
    fields = list(model._meta.local_concrete_fields)
    key: list[str] = [str(one.column) for one in getattr(model._meta.pk, "fields", (model._meta.pk,))]
    others = [
        str(one.column) for one in fields
        if one.column and str(one.column) not in key and one.name not in ignored and one.column not in ignored
    ]  # fmt: skip
    return _FUNCTION.format(
        name=_function(model._meta.db_table),
        table=model._meta.db_table,
        app=app_of(model),
        label=model._meta.label_lower,
        key=f'"{key[0]}"',
        same=" AND ".join(f'o."{one}" = n."{one}"' for one in key),
        differs=" OR ".join(f'o."{one}" IS DISTINCT FROM n."{one}"' for one in others) or "false",
        changed=", ".join(
            f"CASE WHEN bool_or(o.\"{one}\" IS DISTINCT FROM n.\"{one}\") THEN '{one}' END" for one in others
        ) or "NULL::text",
        moved=", ".join(f"'{one}'" for one in key),
        listed=LISTED,
    )  # fmt: skip


# The ids of a statement: a list while they are few; else only their range, and a digest that any order gives.
_IDS = """
        CASE WHEN count(*) <= {listed} THEN array_agg({of} ORDER BY {of}) END, min({of}), max({of}),
        to_hex(bit_xor(hashint8extended({of}, 0)))"""
_FUNCTION = (
    """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    note audit_pending;
BEGIN
    IF strpos(coalesce(current_setting('regulars.spoken', true), ''), ',{app},') > 0 THEN
        RETURN NULL;
    END IF;
    note.rows := 0;
    IF TG_OP = 'INSERT' THEN
        SELECT count(*), """  # noqa: S608  names of our own tables
    + _IDS.replace("{of}", "n.{key}")
    + """
        INTO note.rows, note.ids, note.low, note.high, note.digest FROM new_rows n;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT count(*), """
    + _IDS.replace("{of}", "o.{key}")
    + """
        INTO note.rows, note.ids, note.low, note.high, note.digest FROM old_rows o;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT count(*), """
    + _IDS.replace("{of}", "n.{key}")
    + """, array_remove(ARRAY[{changed}], NULL)
        INTO note.rows, note.ids, note.low, note.high, note.digest, note.columns
        FROM new_rows n JOIN old_rows o ON {same} WHERE {differs};
        IF EXISTS (SELECT FROM new_rows n WHERE NOT EXISTS (SELECT FROM old_rows o WHERE {same})) THEN
            SELECT note.rows + count(*), """
    + _IDS.replace("{of}", "n.{key}").replace("count(*) <=", "note.rows + count(*) <=")
    + """, note.columns || ARRAY[{moved}]
            INTO note.rows, note.ids, note.low, note.high, note.digest, note.columns
            FROM new_rows n WHERE NOT EXISTS (SELECT FROM old_rows o WHERE {same});
        END IF;
    END IF;
    IF note.rows = 0 AND TG_OP <> 'TRUNCATE' THEN
        RETURN NULL;
    END IF;
    INSERT INTO audit_pending (transaction, app, label, operation, rows, columns, ids, low, high, digest)
    VALUES (pg_current_xact_id()::text::bigint, '{app}', '{label}', lower(TG_OP), note.rows, note.columns, note.ids,
            note.low, note.high, note.digest);
    RETURN NULL;
END
$body$"""
)
_TRIGGERS = """
SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE t.tgname LIKE %s AND NOT t.tgisinternal AND t.tgparentid = 0 AND c.relname <> 'audit_pending'
    AND c.relnamespace = current_schema()::regnamespace
ORDER BY 1, 2
"""
_STATE = """
SELECT c.relname, max(obj_description(t.tgfoid, 'pg_proc')), count(*) FILTER (WHERE t.tgenabled IN ('O', 'A'))
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE t.tgname LIKE %s AND NOT t.tgisinternal AND t.tgparentid = 0
    AND c.relnamespace = current_schema()::regnamespace
GROUP BY c.relname
"""
