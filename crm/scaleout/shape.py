"""The shape that a spread table must have, whatever spreads it: keys that name the placing column, links that carry the
customer. Both engines take it from here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.db.backends.utils import CursorWrapper

from crm.lib.owned import OwnedForeignKey
from crm.lib.refusals import Refusal
from crm.scaleout import catalog
from crm.scaleout.catalog import ForeignKey, Table, quoted
from crm.scaleout.placement import Placement, distribution, tables


class CannotSpread(Refusal):
    """The database has something that would be lost or could not be kept."""

    code = "cannot_spread"


@dataclass(frozen=True)
class Survey:
    """What was found: the placement of every table, spread tables as they are, and the foreign keys around them."""

    places: Mapping[str, Placement]
    spread: Mapping[str, Table]
    links: list[ForeignKey]

    @property
    def plain(self) -> list[Table]:
        """Spread tables that are not converted yet."""
        return [table for table in self.spread.values() if not table.is_partitioned]


def survey(cursor: CursorWrapper) -> Survey:
    """Look at the database. Raises CannotSpread with all that is in the way."""
    places = distribution()
    spread = catalog.read(cursor, [name for name, placement in places.items() if placement.is_spread])
    missing = sorted(name for name, placement in places.items() if placement.is_spread and name not in spread)
    if missing:
        raise CannotSpread(f"Run migrate first: there is no table {', '.join(missing)}.")
    links = catalog.foreign_keys(cursor, spread)
    found = Survey(places, spread, links)
    _refuse([fault for table in found.plain for fault in _faults(table, places[table.name])])
    _refuse([fault for link in links for fault in _link_faults(link, places)])
    return found


def _refuse(faults: Iterable[str]) -> None:
    if text := "; ".join(faults):
        raise CannotSpread(f"{text}. Nothing was changed.")


def _faults(table: Table, placement: Placement) -> Iterable[str]:
    yield from (f"{table.name}: {obstacle}" for obstacle in table.obstacles)
    if table.primary_key is None:
        yield f"{table.name} has no primary key"
    for key in table.keys:
        if key.kind != "p" and placement.key not in key.columns:
            yield f"{table.name}: {key.name} is unique without {placement.key}"


def _link_faults(link: ForeignKey, places: Mapping[str, Placement]) -> Iterable[str]:
    source, target = (places.get(name) for name in (link.table, link.target))
    if target is None or not target.is_spread:
        return
    if source is None or not (source.is_with_customer and target.is_with_customer):
        yield f"{link.table}: {link.name} points from outside to rows of {link.target} that may be elsewhere"
    elif link.sets_null:
        yield f"{link.table}: {link.name} would set the customer to NULL"


def primary_key(table: Table, placement: Placement) -> str:
    """The primary key that the spread table gets: its own if that names the placing column, else with it in front."""
    own = table.primary_key
    assert own is not None and placement.key is not None
    columns = own.columns if placement.key in own.columns else (placement.key, *own.columns)
    return f"PRIMARY KEY ({_list(columns)})"


def with_customer(link: ForeignKey, places: Mapping[str, Placement]) -> ForeignKey:
    """The foreign key as it must be between spread tables: (customer, link) → (customer, id)."""
    source, target = places.get(link.table), places.get(link.target)
    if source is None or target is None or not target.is_spread or source.key in link.columns:
        return link
    assert source.key is not None and target.key is not None
    return replace(
        link,
        columns=(source.key, *link.columns),
        target_columns=(target.key, *link.target_columns),
    )


def promised_links(found: Survey) -> list[ForeignKey]:
    """A foreign key for every `OwnedForeignKey` that has none. One plain machine does without (see there)."""
    there = {(link.table, column) for link in found.links for column in link.columns}
    return [
        ForeignKey(
            table=model._meta.db_table,
            name=f"{model._meta.db_table}_{field.column}_of_customer",
            columns=("customer_id", str(field.column)),
            target=field.remote_field.model._meta.db_table,
            target_columns=("customer_id", str(field.target_field.column)),
            tail="DEFERRABLE INITIALLY DEFERRED",
            sets_null=False,
        )
        for model in tables()
        for field in model._meta.local_concrete_fields
        if isinstance(field, OwnedForeignKey) and (model._meta.db_table, field.column) not in there
    ]


def drop(link: ForeignKey) -> str:
    return f"ALTER TABLE {quoted(link.table)} DROP CONSTRAINT {quoted(link.name)}"


def add(link: ForeignKey) -> str:
    target = f"{quoted(link.target)} ({_list(link.target_columns)})"
    return (
        f"ALTER TABLE {quoted(link.table)} ADD CONSTRAINT {quoted(link.name)} "
        f"FOREIGN KEY ({_list(link.columns)}) REFERENCES {target} {link.tail}"
    ).rstrip()


def _list(columns: Iterable[str]) -> str:
    return ", ".join(map(quoted, columns))
