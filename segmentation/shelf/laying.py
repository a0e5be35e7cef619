"""Laying a shelf: every attribute of the registry, a relation at a time, a range of customers at a time."""

import io
import json
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from django.db import connection

from crm.lib.copy import INT8, read_packed
from customers.attributes import PERSON, Attribute, Kind, Moment, Relation, registry
from segmentation.shelf.columns import UNKNOWN, compact

RANGE = 250_000  # customers a statement
APART = "\x1f"  # between the codes of choices
LIVING = "person.merged_into_id IS NULL AND person.erased_at IS NULL"

_CUSTOMERS = (
    f"SELECT person.id, coalesce(person.home_store_id, 0) FROM customers_customer person WHERE {LIVING}"  # noqa: S608
)
_VALUES = """
SELECT person.id, {values} FROM customers_customer person {joined}
WHERE person.id >= %(low)s AND person.id < %(high)s AND {living}
"""
# The range stands inside, too: of relations that group, PostgreSQL then groups the range alone.
_JOINED = """LEFT JOIN (
    SELECT * FROM {sql} whole WHERE whole.customer_id >= %(low)s AND whole.customer_id < %(high)s
) {name} ON {name}.customer_id = person.id"""
_IN_SQL = {
    Kind.NUMBER: "({})::float8",
    Kind.MONEY: "({})::float8",
    Kind.DATE: "(({})::date - DATE '1970-01-01')::int",
    Kind.CHOICE: "{}",
    Kind.CHOICES: "array_to_string({}, E'\\x1f')",
    Kind.FLAG: "({})::int",
}


@dataclass
class Shelf:
    """A shelf in the making, in the folder `place`."""

    place: Path
    customers: Any
    columns: dict[str, dict[str, Any]] = field(default_factory=dict)

    def save(self, name: str, values: Any) -> None:
        np.save(self.place / f"{name}.npy", np.ascontiguousarray(values), allow_pickle=False)


def lay(place: Path, moment: Moment) -> Shelf:
    """Write the values of everybody at a moment into a new folder. An attribute that cannot be read is left out."""
    shutil.rmtree(place, ignore_errors=True)  # what an attempt left that did not finish
    place.mkdir(mode=0o700, parents=True)
    with connection.cursor() as cursor:
        found = read_packed(cursor, _CUSTOMERS, {"id": INT8, "store": INT8})
        order = np.argsort(found["id"])
        shelf = Shelf(place, found["id"][order])
        shelf.save("customers", shelf.customers)
        shelf.save("stores", found["store"][order].astype(np.int32))
        for relation, attributes in _by_relation():
            _lay_relation(cursor, shelf, relation, attributes, moment)
    return shelf


def finish(shelf: Shelf, moment: Moment) -> None:
    """What readers look at first comes last."""
    told = {"on": moment.on.isoformat(), "night": moment.night, "columns": shelf.columns}
    (shelf.place / "shelf.json").write_text(json.dumps(told))


def remove_others(home: Path, names: Iterable[str]) -> None:
    """Readers that have one open keep it: the files go when they close them."""
    keep = set(names)
    for other in home.iterdir() if home.is_dir() else ():
        if other.name not in keep:
            shutil.rmtree(other, ignore_errors=True)


def _by_relation() -> Iterator[tuple[Relation, list[Attribute]]]:
    grouped: defaultdict[Relation, list[Attribute]] = defaultdict(list)
    for attribute in registry.attributes():
        if attribute.kind in _IN_SQL:
            grouped[attribute.relation].append(attribute)
    yield from grouped.items()


def _lay_relation(
    cursor: Any, shelf: Shelf, relation: Relation, attributes: list[Attribute], moment: Moment
) -> None:
    makers = {one.code: _MAKERS[one.kind](len(shelf.customers)) for one in attributes}
    values = ", ".join(f"{_IN_SQL[one.kind].format(one.sql)}" for one in attributes)
    query = _VALUES.format(values=values, joined=_joined(relation), living=LIVING)
    highest = int(shelf.customers[-1]) if len(shelf.customers) else -1
    for low in range(0, highest + 1, RANGE):
        table = _read(cursor, query, attributes, moment.params() | {"low": low, "high": low + RANGE})
        places = np.searchsorted(shelf.customers, table.column(0).to_numpy())
        for one, column in zip(attributes, table.columns[1:], strict=True):
            makers[one.code].put(places, column.combine_chunks() if column.num_chunks else column)
    for one in attributes:
        reads_today = "%(on)s" in relation.sql or "%(on)s" in one.sql
        reads_night = "%(night)s" in relation.sql or "%(night)s" in one.sql
        shelf.columns[one.code] = {
            "kind": str(one.kind), "reads_today": reads_today, "reads_night": reads_night,
            **makers[one.code].save(shelf, one.code),
        }  # fmt: skip


def _joined(relation: Relation) -> str:
    if relation == PERSON:
        return ""
    if relation.on:
        return f"LEFT JOIN {relation.sql} {relation.name} ON {relation.on}"
    return _JOINED.format(sql=relation.sql, name=relation.name)


def _read(cursor: Any, query: str, attributes: list[Attribute], params: dict[str, Any]) -> Any:
    """The rows of a range as a table of Arrow: text on the way, because it knows every type and NULL."""
    import pyarrow as pa
    from pyarrow import csv

    types = {"id": pa.int64()} | {one.code: _ARROW[one.kind]() for one in attributes}
    with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)", params) as copy:
        stream = b"".join(bytes(block) for block in copy)
    if not stream:
        return pa.table({name: pa.array([], kind) for name, kind in types.items()})
    return csv.read_csv(
        io.BytesIO(stream),
        read_options=csv.ReadOptions(column_names=list(types)),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=types, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
        ),
    )


def _text() -> Any:
    import pyarrow as pa

    return pa.string()


def _number() -> Any:
    import pyarrow as pa

    return pa.float64()


def _whole() -> Any:
    import pyarrow as pa

    return pa.int32()


_ARROW = {
    Kind.NUMBER: _number, Kind.MONEY: _number, Kind.DATE: _whole, Kind.FLAG: _whole, Kind.CHOICE: _text,
    Kind.CHOICES: _text,
}  # fmt: skip


class _Numbers:
    def __init__(self, customers: int) -> None:
        self.values = np.full(customers, np.nan)

    def put(self, places: Any, column: Any) -> None:
        self.values[places] = column.to_numpy(zero_copy_only=False)

    def save(self, shelf: Shelf, code: str) -> dict[str, Any]:
        shelf.save(code, compact(self.values))
        return {}


class _Whole:
    """Days and flags. `unknown` fills the places of those without a value."""

    def __init__(self, customers: int, unknown: int = UNKNOWN) -> None:
        self.unknown = unknown
        self.values = np.full(customers, unknown, dtype=np.int32)

    def put(self, places: Any, column: Any) -> None:
        self.values[places] = column.fill_null(self.unknown).to_numpy(zero_copy_only=False)

    def save(self, shelf: Shelf, code: str) -> dict[str, Any]:
        shelf.save(code, self.values)
        return {}


class _Flags(_Whole):
    def __init__(self, customers: int) -> None:
        super().__init__(customers, 0)

    def save(self, shelf: Shelf, code: str) -> dict[str, Any]:
        shelf.save(code, self.values.astype(np.int8))
        return {}


class _Choice:
    def __init__(self, customers: int) -> None:
        self.values = np.full(customers, -1, dtype=np.int32)
        self.codes: dict[str, int] = {}

    def put(self, places: Any, column: Any) -> None:
        encoded = column.dictionary_encode()
        own = [self.codes.setdefault(code, len(self.codes)) for code in encoded.dictionary.to_pylist()]
        local = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        self.values[places] = np.array([*own, -1], dtype=np.int32)[local]

    def save(self, shelf: Shelf, code: str) -> dict[str, Any]:
        shelf.save(code, self.values)
        return {"codes": list(self.codes)}


class _Choices:
    def __init__(self, customers: int) -> None:
        self.codes: dict[str, int] = {}
        self.parts: list[tuple[Any, Any]] = []

    def put(self, places: Any, column: Any) -> None:
        from pyarrow import compute

        lists = compute.split_pattern(column, APART)
        encoded = lists.flatten().dictionary_encode()
        counts = compute.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False)
        own = [self.codes.setdefault(code, len(self.codes)) for code in encoded.dictionary.to_pylist()]
        local = encoded.indices.to_numpy(zero_copy_only=False)
        self.parts.append(
            (np.array([*own, -1], dtype=np.int32)[local], np.repeat(places.astype(np.int32), counts))
        )

    def save(self, shelf: Shelf, code: str) -> dict[str, Any]:
        nothing = np.empty(0, dtype=np.int32)
        codes = np.concatenate([part[0] for part in self.parts] or [nothing])
        places = np.concatenate([part[1] for part in self.parts] or [nothing])
        if "" in self.codes:  # an empty list is written as an empty text
            places, codes = places[codes != self.codes[""]], codes[codes != self.codes[""]]
        shelf.save(code, places[np.argsort(codes, kind="stable")])
        starts = np.append(0, np.cumsum(np.bincount(codes, minlength=len(self.codes))))
        return {"codes": list(self.codes), "starts": starts.tolist()}


_MAKERS: dict[Kind, Any] = {
    Kind.NUMBER: _Numbers, Kind.MONEY: _Numbers, Kind.DATE: _Whole, Kind.FLAG: _Flags, Kind.CHOICE: _Choice,
    Kind.CHOICES: _Choices,
}  # fmt: skip
