"""Citus: the same tables, spread over machines.

Key shape first (as for the partition twin), then reference tables in the order of their links, then the customer, the
tables beside it, and the keyed ones. Local tables stay as they are on the coordinator.
"""

from collections.abc import Iterator, Mapping

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from crm.audit import capture
from crm.scaleout import catalog, shape
from crm.scaleout.catalog import ForeignKey, Table, quoted
from crm.scaleout.partitions import Each
from crm.scaleout.placement import Place, Placement
from crm.scaleout.shape import CannotSpread, Survey

LEAST_VERSION = (11, 3)  # identity columns on distributed tables
# Functions of triggers that look at their own row alone: every machine may run them for its rows. Citus carries them to
# the workers and runs them when `citus.enable_unsafe_triggers` is on (set it for the database: see docs/scaleout.md).
ROW_ALONE = frozenset(
    {
        "loyalty_family_whole_stays",
        "loyalty_row_stays",
        "loyalty_sale_stays",
        "loyalty_stored_stays",
        "row_is_only_added",
    }
)
# Those of the ledger and of tiers look at and write rows of the same customers, which stand on the same machine. Some
# of them see whole statements, which a distributed table does not offer: the plan shows them, `convert` refuses them.
SAME_CUSTOMERS = frozenset(
    {
        "loyalty_balance_is_a_sum", "loyalty_balances_follow", "loyalty_is_not_emptied", "loyalty_lot_is_a_sum",
        "loyalty_lots_follow", "loyalty_movement_is_whole", "loyalty_tier_history", "loyalty_tierchange_is_written",
    }
)  # fmt: skip
# Triggers that only note whose rows a statement changed, so that something happens at once and not in the next night:
# a distributed table does without them, as it does without those of change capture.
NOTES_ONLY = ("segments_touch",)


class NoCitus(CannotSpread):
    code = "no_citus"


def convert(using: str = "default", *, each: Each = iter) -> list[str]:
    """Distribute every table that is not distributed yet, in one transaction. Returns the names."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        check_extension(cursor)
        found = shape.survey(cursor)
        done = _distributed(cursor)
        _refuse_whole_statements(found)
        for statement in each(statements(cursor, found, done)):
            cursor.execute(statement)
    return sorted(name for name, placement in found.places.items() if _moves(placement) and name not in done)


def dry_run(using: str = "default") -> list[str]:
    """The statements for a database as it is; works without the extension, so that a plan can be read beforehand."""
    with connections[using].cursor() as cursor:
        return statements(cursor, shape.survey(cursor), _distributed(cursor))


def check_extension(cursor: CursorWrapper) -> None:
    cursor.execute("SELECT extversion FROM pg_extension WHERE extname = 'citus'")
    row = cursor.fetchone()
    if row is None:
        cursor.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'citus'")
        is_installed = cursor.fetchone()[0] > 0
        raise NoCitus(
            "This database has no Citus extension. "
            + (
                "Run CREATE EXTENSION citus, add the workers with citus_add_node, then try again."
                if is_installed
                else "The server does not know it either: install Citus on it and on the workers first."
            )
        )
    version = tuple(int(part) for part in row[0].replace("-", ".").split(".")[:2])
    if version < LEAST_VERSION:
        raise NoCitus(
            f"Citus {row[0]} is too old: 11.3 is the first that numbers rows of distributed tables."
        )


def statements(cursor: CursorWrapper, found: Survey, done: frozenset[str]) -> list[str]:
    """The whole distribution as SQL, to run in one transaction."""
    fresh = [table for table in found.spread.values() if table.name not in done]
    _refuse_twin(fresh)
    _refuse_triggers(fresh)
    chosen = {table.name for table in fresh}
    touched = [link for link in found.links if link.table in chosen or link.target in chosen]
    references = [name for name in _reference_order(cursor, found.places) if name not in done]
    if not chosen and not references:
        return []
    return [
        # Tables tied by foreign keys are distributed over one connection to each worker.
        "SET LOCAL citus.multi_shard_modify_mode TO 'sequential'",
        "SET LOCAL citus.enable_unsafe_triggers TO on",
        *capture.drop_statements(cursor, [*chosen, *references]),
        *(
            line
            for name in NOTES_ONLY
            for line in capture.drop_statements(cursor, [*chosen, *references], name)
        ),
        *map(shape.drop, touched),
        *(line for table in fresh for line in _new_key(table, found.places[table.name])),
        *(f"SELECT create_reference_table('{name}')" for name in references),
        *_distribute(_spread_order(chosen, found.places), found.places),
        *(shape.add(shape.with_customer(link, found.places)) for link in touched),
    ]


def _distributed(cursor: CursorWrapper) -> frozenset[str]:
    cursor.execute("SELECT to_regclass('pg_dist_partition')")
    if cursor.fetchone()[0] is None:
        return frozenset()
    cursor.execute(
        "SELECT c.relname FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid "
        "WHERE p.partmethod = 'h' OR (p.partmethod = 'n' AND p.repmodel = 't')"  # hash, reference; not local
    )
    return frozenset(row[0] for row in cursor.fetchall())


def _moves(placement: Placement) -> bool:
    return placement.is_spread or placement.place is Place.REFERENCE


def _refuse_twin(fresh: list[Table]) -> None:
    if any(table.is_partitioned for table in fresh):
        raise CannotSpread("This database is a partition twin. Citus takes a plain one.")


def _refuse_triggers(fresh: list[Table]) -> None:
    if names := [table.name for table in fresh if not all(map(_looks_at_its_row, table.triggers))]:
        raise CannotSpread(
            f"Triggers on {', '.join(names)} would not run on the workers. Replace them before distributing."
        )


def _refuse_whole_statements(found: Survey) -> None:
    names = [table.name for table in found.plain if any(map(_sees_a_statement, table.triggers))]
    if names:
        raise CannotSpread(
            f"Triggers on {', '.join(names)} see whole statements, which Citus does not offer. Row triggers in their "
            "place are still to be written (docs/scaleout.md)."
        )


def _sees_a_statement(definition: str) -> bool:
    is_ours = any(f"EXECUTE FUNCTION {name}(" in definition for name in SAME_CUSTOMERS)
    return is_ours and " REFERENCING " in definition


def _looks_at_its_row(definition: str) -> bool:
    """Triggers that look at statements (change capture, notes) are taken off beforehand."""
    name = definition.partition(" ON ")[0]
    return any(f" {prefix}_" in name for prefix in (capture.PREFIX, *NOTES_ONLY)) or any(
        f"EXECUTE FUNCTION {name}(" in definition for name in ROW_ALONE | SAME_CUSTOMERS
    )


def _new_key(table: Table, placement: Placement) -> Iterator[str]:
    own = table.primary_key
    assert own is not None
    if placement.key not in own.columns:
        name, key = quoted(table.name), quoted(own.name)
        yield f"ALTER TABLE {name} DROP CONSTRAINT {key}"
        yield f"ALTER TABLE {name} ADD CONSTRAINT {key} {shape.primary_key(table, placement)}"


def _reference_order(cursor: CursorWrapper, places: Mapping[str, Placement]) -> list[str]:
    """Reference tables, each after those that it points to."""
    names = {name for name, placement in places.items() if placement.place is Place.REFERENCE}
    links = catalog.foreign_keys(cursor, names)
    ordered: list[str] = []
    while rest := sorted(names.difference(ordered)):
        ready = [name for name in rest if not _waits_for(name, links, set(rest))]
        ordered += ready or rest  # a circle: any order, the server will say what it thinks of it
    return ordered


def _waits_for(name: str, links: list[ForeignKey], rest: set[str]) -> bool:
    return any(link.table == name and link.target in rest and link.target != name for link in links)


def _spread_order(chosen: set[str], places: Mapping[str, Placement]) -> list[str]:
    rank = {Place.ROOT: 0, Place.OWNED: 1, Place.KEYED: 2}
    return sorted(chosen, key=lambda name: (rank[places[name].place], name))


def _distribute(names: list[str], places: Mapping[str, Placement]) -> Iterator[str]:
    """The customer begins a group of its own, owned rows join it, keyed tables stand apart."""
    root = next(name for name, placement in places.items() if placement.place is Place.ROOT)
    for name in names:
        group = root if places[name].place is Place.OWNED else "none"
        yield f"SELECT create_distributed_table('{name}', '{places[name].key}', colocate_with => '{group}')"
