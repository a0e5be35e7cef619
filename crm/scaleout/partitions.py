"""The partition twin: the same database with every spread table split by hash of the column that places it.

Plain PostgreSQL then refuses what a distributed database would refuse (a unique key without the customer, a link
without the customer), and its planner shows which partitions a statement needs. The twin runs the test suite; it is
also a way to split very large tables on one machine.
"""

from collections.abc import Callable, Iterable, Iterator

from django.db import connections, transaction

from crm.lib import approle
from crm.scaleout import shape
from crm.scaleout.catalog import Sequence, Table, quoted
from crm.scaleout.placement import Placement
from crm.scaleout.shape import Survey

OLD = "__plain"
# A distributed database refuses to give a row to another customer (it would change machines), so the twin does.
STAYS = """
CREATE OR REPLACE FUNCTION row_stays_with_customer() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'A row of % stays with its customer: delete and insert it instead.', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$"""
NAME_LIMIT = 63  # bytes of an identifier in PostgreSQL


Each = Callable[[list[str]], Iterable[str]]


def convert(using: str = "default", *, partitions: int, each: Each = iter) -> list[str]:
    """Split every spread table that is still plain, with its rows, in one transaction. Returns the tables' names.

    `each` is given the statements and gives them back one by one, so that it can show how far it is.
    """
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '5s'")
        found = shape.survey(cursor)
        names = [table.name for table in found.plain]
        if names:
            cursor.execute(f"LOCK TABLE {', '.join(map(quoted, names))} IN ACCESS EXCLUSIVE MODE")
            for statement in each(statements(found, partitions)):
                cursor.execute(statement)
            approle.grant(cursor)  # a table that comes new has the rights that every table gets
    if names:
        with connections[using].cursor() as cursor:
            cursor.execute(f"ANALYZE {', '.join(map(quoted, names))}")
    return names


def statements(found: Survey, partitions: int) -> list[str]:
    """The whole conversion as SQL, to run in one transaction. Empty when all is converted."""
    chosen = {table.name for table in found.plain}
    if not chosen:
        return []
    touched = [link for link in found.links if link.table in chosen or link.target in chosen]
    promised = [link for link in shape.promised_links(found) if link.table in chosen or link.target in chosen]
    return [
        STAYS,
        *map(shape.drop, touched),
        *(line for table in found.plain for line in _split(table, found.places[table.name], partitions)),
        *(shape.add(shape.with_customer(link, found.places)) for link in touched),
        *map(shape.add, promised),
        *(_stay(table.name, found.places[table.name]) for table in found.plain),
    ]


def _split(table: Table, placement: Placement, partitions: int) -> Iterator[str]:
    """Rows first, keys and indexes afterwards: three times as fast. Old names are free once the old table is gone."""
    name, old = quoted(table.name), quoted(_aside(table.name))
    assert placement.key is not None
    yield f"ALTER TABLE {name} RENAME TO {old}"
    yield (
        f"CREATE TABLE {name} (LIKE {old} INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY) "
        f"PARTITION BY HASH ({quoted(placement.key)})"
    )
    storage = f" WITH ({table.storage})" if table.storage else ""
    for number in range(partitions):
        yield (
            f"CREATE TABLE {quoted(f'{table.name}_p{number}')} PARTITION OF {name} "
            f"FOR VALUES WITH (MODULUS {partitions}, REMAINDER {number}){storage}"
        )
    columns = ", ".join(map(quoted, table.columns))
    yield f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {old}"  # noqa: S608
    for sequence in table.sequences:
        yield from _keep_numbering(table, sequence)
    yield f"DROP TABLE {old}"
    yield from _keys(table, placement)
    yield from table.indexes
    yield from table.triggers
    yield from table.grants
    if table.comment is not None:
        yield f"COMMENT ON TABLE {name} IS '{table.comment.replace(chr(39), chr(39) * 2)}'"


def _keep_numbering(table: Table, sequence: Sequence) -> Iterator[str]:
    name, column = quoted(sequence.name), quoted(sequence.column)
    if not sequence.identity:  # a plain default: the sequence itself moves over
        yield f"ALTER SEQUENCE {name} OWNED BY {quoted(table.name)}.{column}"
        return
    old = quoted(_aside(sequence.name))
    kind = "ALWAYS" if sequence.identity == "a" else "BY DEFAULT"
    yield f"ALTER SEQUENCE {name} RENAME TO {old}"
    yield (
        f"ALTER TABLE {quoted(table.name)} ALTER COLUMN {column} "
        f"ADD GENERATED {kind} AS IDENTITY (SEQUENCE NAME {name} {sequence.options})"
    )
    yield f"SELECT setval('{name}', last_value, is_called) FROM {old}"  # noqa: S608


def _keys(table: Table, placement: Placement) -> Iterator[str]:
    for key in table.keys:
        if key.kind == "i":
            yield key.definition
        else:
            definition = shape.primary_key(table, placement) if key.kind == "p" else key.definition
            yield f"ALTER TABLE {quoted(table.name)} ADD CONSTRAINT {quoted(key.name)} {definition}"


def _stay(name: str, placement: Placement) -> str:
    assert placement.key is not None
    key = quoted(placement.key)
    return (
        f"CREATE TRIGGER row_stays BEFORE UPDATE OF {key} ON {quoted(name)} FOR EACH ROW "
        f"WHEN (OLD.{key} IS DISTINCT FROM NEW.{key}) EXECUTE FUNCTION row_stays_with_customer()"
    )


def _aside(name: str) -> str:
    return name[: NAME_LIMIT - len(OLD)] + OLD
