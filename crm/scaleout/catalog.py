"""What the database itself says about a table: everything a converted table must have again.

Read from the catalogue and not from the models, so that indexes, triggers or defaults made by hand in a migration are
carried too. What cannot be carried is an obstacle, and a conversion refuses before it begins.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db.backends.utils import CursorWrapper

FOREIGN_KEY = re.compile(
    r"FOREIGN KEY \((?P<columns>.*?)\) REFERENCES (?P<target>\S+?)\((?P<to>.*?)\)(?P<tail>.*)"
)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Key:
    """A primary key, a UNIQUE or EXCLUDE constraint, or a unique index. `definition` recreates it."""

    name: str
    kind: str  # p, u, x as in pg_constraint; i for an index without a constraint
    columns: tuple[str, ...]
    definition: str


@dataclass(frozen=True)
class Sequence:
    """The sequence that numbers a column; `identity` is a (always), d (by default) or "" (a plain default)."""

    column: str
    name: str
    identity: str
    options: str


@dataclass(frozen=True)
class ForeignKey:
    table: str
    name: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    tail: str  # actions, deferral
    sets_null: bool


@dataclass
class Table:
    name: str
    is_partitioned: bool
    columns: list[str] = field(default_factory=list)  # those that are stored as given, not generated
    keys: list[Key] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    sequences: list[Sequence] = field(default_factory=list)
    triggers: list[str] = field(default_factory=list)
    storage: str = ""
    grants: list[str] = field(default_factory=list)
    comment: str | None = None
    obstacles: list[str] = field(default_factory=list)

    @property
    def primary_key(self) -> Key | None:
        return next((key for key in self.keys if key.kind == "p"), None)


def read(cursor: CursorWrapper, names: Iterable[str]) -> dict[str, Table]:
    """The named tables of the schema in use, by name. Missing ones are left out."""
    wanted = sorted(names)
    found = {
        name: Table(name, kind == "p", storage=", ".join(options or ()), comment=comment)
        for name, kind, options, comment in _rows(cursor, TABLES, wanted)
    }
    ask = partial(_rows, cursor, names=list(found))
    for name, column in ask(COLUMNS):
        found[name].columns.append(column)
    for name, *key in ask(KEYS):
        found[name].keys.append(Key(key[0], key[1], tuple(key[2]), key[3]))
    for name, definition in ask(INDEXES):
        found[name].indexes.append(definition)
    for name, column, sequence, identity, options in ask(SEQUENCES):
        found[name].sequences.append(Sequence(column, sequence, identity, options))
    for name, definition in ask(TRIGGERS):
        found[name].triggers.append(definition)
    for name, grant in [*ask(GRANTS), *ask(COLUMN_GRANTS)]:
        found[name].grants.append(grant)
    for name, obstacle in ask(OBSTACLES):
        found[name].obstacles.append(obstacle)
    return found


def foreign_keys(cursor: CursorWrapper, names: Iterable[str]) -> list[ForeignKey]:
    """Every foreign key from or to the named tables."""
    return [_foreign_key(*row) for row in _rows(cursor, FOREIGN_KEYS, sorted(names))]


def _foreign_key(table: str, name: str, target: str, definition: str, on_delete: str) -> ForeignKey:
    match = FOREIGN_KEY.fullmatch(definition)
    if match is None:
        raise ValueError(definition)
    return ForeignKey(
        table,
        name,
        _names(match["columns"]),
        target,
        _names(match["to"]),
        match["tail"].replace(" NOT VALID", "").strip(),
        on_delete in {"n", "d"},
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip().strip('"') for name in text.split(","))


def _rows(cursor: CursorWrapper, sql: str, names: list[str]) -> list[tuple[Any, ...]]:
    cursor.execute(sql, [names])
    return list(cursor.fetchall())


TABLES = """
    SELECT relname, relkind::text, reloptions, obj_description(oid, 'pg_class')
    FROM pg_class
    WHERE relname = ANY(%s) AND relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
    ORDER BY relname
"""

OURS = "c.relname = ANY(%s) AND c.relnamespace = current_schema()::regnamespace"

COLUMNS = f"""
    SELECT c.relname, a.attname
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE {OURS} AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ORDER BY c.relname, a.attnum
"""  # noqa: S608  the parts are constants

KEYS = f"""
    SELECT c.relname, x.relname, coalesce(k.contype::text, 'i'),
        ARRAY(SELECT a.attname FROM pg_attribute a, unnest(i.indkey) WITH ORDINALITY AS u(number, place)
              WHERE a.attrelid = c.oid AND a.attnum = u.number AND u.place <= i.indnkeyatts ORDER BY u.place)::text[],
        CASE WHEN k.oid IS NULL THEN pg_get_indexdef(x.oid) ELSE pg_get_constraintdef(k.oid) END
    FROM pg_class c
        JOIN pg_index i ON i.indrelid = c.oid
        JOIN pg_class x ON x.oid = i.indexrelid
        LEFT JOIN pg_constraint k ON k.conindid = x.oid AND k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x')
    WHERE {OURS} AND (i.indisunique OR k.oid IS NOT NULL)
    ORDER BY c.relname, x.relname
"""  # noqa: S608

INDEXES = f"""
    SELECT c.relname, pg_get_indexdef(x.oid)
    FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
    WHERE {OURS} AND NOT i.indisunique AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.oid)
    ORDER BY c.relname, x.relname
"""  # noqa: S608

SEQUENCES = f"""
    SELECT c.relname, a.attname, s.relname, a.attidentity::text,
        format('START WITH %%s INCREMENT BY %%s MINVALUE %%s MAXVALUE %%s CACHE %%s %%s', q.seqstart, q.seqincrement,
               q.seqmin, q.seqmax, q.seqcache, CASE WHEN q.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END)
    FROM pg_class c
        JOIN pg_depend d ON d.refobjid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
        JOIN pg_class s ON s.oid = d.objid AND d.classid = 'pg_class'::regclass AND s.relkind = 'S'
        JOIN pg_sequence q ON q.seqrelid = s.oid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
    WHERE {OURS}
    ORDER BY c.relname, a.attnum
"""  # noqa: S608

TRIGGERS = f"""
    SELECT c.relname, pg_get_triggerdef(t.oid)
    FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid
    WHERE {OURS} AND NOT t.tgisinternal AND t.tgparentid = 0
    ORDER BY c.relname, t.tgname
"""  # noqa: S608

GRANTS = f"""
    SELECT c.relname, format('GRANT %%s ON TABLE %%I TO %%s%%s', string_agg(g.privilege_type, ', '), c.relname,
        CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
        CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pg_class c, aclexplode(c.relacl) g
    WHERE {OURS} AND g.grantee <> c.relowner
    GROUP BY c.relname, g.grantee, g.is_grantable
    ORDER BY 1, 2
"""  # noqa: S608

COLUMN_GRANTS = f"""
    SELECT c.relname, format('GRANT %%s (%%s) ON TABLE %%I TO %%s%%s', g.privilege_type,
        string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), c.relname,
        CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
        CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped, aclexplode(a.attacl) g
    WHERE {OURS} AND g.grantee <> c.relowner
    GROUP BY c.relname, g.privilege_type, g.grantee, g.is_grantable
    ORDER BY 1, 2
"""  # noqa: S608

OBSTACLES = f"""
    WITH c AS (SELECT * FROM pg_class c WHERE {OURS})
    SELECT c.relname, 'the view ' || v.oid::regclass || ' reads it'
    FROM c JOIN pg_depend d ON d.refobjid = c.oid AND d.classid = 'pg_rewrite'::regclass
        JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class AND v.oid <> c.oid
    UNION SELECT c.relname, 'it has a rule' FROM c JOIN pg_rewrite r ON r.ev_class = c.oid
    UNION SELECT relname, 'it has row security' FROM c WHERE relrowsecurity
    UNION SELECT c.relname, 'it has children' FROM c JOIN pg_inherits h ON h.inhparent = c.oid WHERE c.relkind = 'r'
    UNION SELECT c.relname, 'it is published' FROM c JOIN pg_publication_rel p ON p.prrelid = c.oid
    UNION SELECT c.relname, 'the index ' || i.indexrelid::regclass || ' is not valid'
        FROM c JOIN pg_index i ON i.indrelid = c.oid WHERE NOT i.indisvalid
    ORDER BY 1, 2
"""  # noqa: S608

FOREIGN_KEYS = """
    WITH c AS (SELECT oid FROM pg_class
               WHERE relname = ANY(%s) AND relnamespace = current_schema()::regnamespace)
    SELECT o.relname, k.conname, t.relname, pg_get_constraintdef(k.oid), k.confdeltype::text
    FROM pg_constraint k JOIN pg_class o ON o.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
    WHERE k.contype = 'f' AND k.conparentid = 0
        AND (k.conrelid IN (SELECT oid FROM c) OR k.confrelid IN (SELECT oid FROM c))
    ORDER BY o.relname, k.conname
"""
