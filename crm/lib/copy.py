"""Columns in and out of PostgreSQL through COPY (FORMAT binary), without a Python object a value.

    write_columns(cursor, "customers_line", {"number": INT2, "amount": MONEY}, {"number": numbers, "amount": cents})
    for block in read_columns(cursor, "SELECT id, count FROM ...", {"id": INT8, "count": INT4}): block["id"]

Reading wants columns without NULL (write `coalesce` into the query); writing takes numpy masked arrays for NULLs.
The wire format is in the PostgreSQL manual, COPY, "Binary Format". numpy is imported here and therefore this module
only inside tasks and commands.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_PG_EPOCH_DAY = 10957  # 2000-01-01 in days since 1970-01-01
_PG_EPOCH_US = _PG_EPOCH_DAY * 86_400_000_000
_READ_BYTES = 8 << 20


@dataclass(frozen=True)
class Type:
    """A fixed-width wire type: how it looks on the wire (big-endian numpy dtype) and its width in bytes."""

    name: str
    wire: str
    width: int


INT2 = Type("int2", ">i2", 2)
INT4 = Type("int4", ">i4", 4)
INT8 = Type("int8", ">i8", 8)
FLOAT8 = Type("float8", ">f8", 8)
BOOL = Type("bool", "u1", 1)
DATE = Type("date", ">i4", 4)  # days since 1970-01-01, int
TIMESTAMPTZ = Type("timestamptz", ">i8", 8)  # microseconds since 1970-01-01 UTC, int
MONEY = Type("money", "V16", 16)  # numeric with 2 decimals, from an int of cents
TOTAL = Type("total", "V18", 18)  # the same for sums of many, with room for four digits more
MILLI = Type("milli", "V16", 16)  # numeric with 3 decimals, from an int of thousandths
BYTES16 = Type("bytes16", "V16", 16)  # bytea or uuid of 16 bytes, from an array of dtype V16
TEXT = Type("text", "", -1)  # from a sequence of str or bytes
EMPTY = Type("empty", "", 0)  # the empty text in every row; the column's values are not looked at


def fixed_text(width: int) -> Type:
    """Text of one width in bytes, from an array of dtype S<width>: several times faster than TEXT."""
    return Type("fixed_text", f"S{width}", width)


def write_columns(
    cursor: Any, table: str, types: Mapping[str, Type], columns: Mapping[str, Any], *, freeze: bool = False
) -> int:
    """COPY equally long columns into `table`; returns the rows. Raises what the database refuses.

    `freeze`: the table was made or truncated in this transaction, so its rows need no later visit by VACUUM.
    """
    names = ", ".join(f'"{name}"' for name in types)
    rows = len(next(iter(columns.values())))
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT binary{', FREEZE' * freeze})") as copy:
        for block in encode(types, columns):
            copy.write(block)
    return rows


def encode(
    types: Mapping[str, Type], columns: Mapping[str, Any], rows_a_block: int = 65_536
) -> Iterator[bytes]:
    """The COPY stream of the columns, in blocks."""
    rows = len(next(iter(columns.values())))
    yield _HEADER
    for start in range(0, rows, rows_a_block):
        part = {name: columns[name][start : start + rows_a_block] for name in types}
        yield _encode_block(types, part)
    yield _TRAILER


def _encode_block(types: Mapping[str, Type], columns: Mapping[str, Any]) -> bytes:
    plain = all(t.width >= 0 for t in types.values())
    if plain and not any(isinstance(c, np.ma.MaskedArray) and c.mask.any() for c in columns.values()):
        return _encode_fixed(types, columns)
    return _encode_ragged(types, columns)


def _encode_fixed(types: Mapping[str, Type], columns: Mapping[str, Any]) -> bytes:
    """All fields there and of fixed width: a row is a packed record."""
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for i, kind in enumerate(types.values()):
        fields += [(f"size{i}", ">i4"), *([(f"value{i}", kind.wire)] if kind.width else [])]
    records = np.empty(len(next(iter(columns.values()))), dtype=fields)
    records["fields"] = len(types)
    for i, (name, kind) in enumerate(types.items()):
        records[f"size{i}"] = kind.width
        if kind.width:
            records[f"value{i}"] = _wire(kind, np.asarray(columns[name]))
    return records.tobytes()


def _encode_ragged(types: Mapping[str, Type], columns: Mapping[str, Any]) -> bytes:
    """Some fields are NULL or text: lay the rows out by offset and scatter each column's bytes into place."""
    rows = len(next(iter(columns.values())))
    datas, sizes = [], []
    for name, kind in types.items():
        data, size = _bytes_of(kind, columns[name])
        datas.append(data)
        sizes.append(size)
    widths = [np.maximum(size, 0) + 4 for size in sizes]
    row_width = 2 + np.sum(widths, axis=0)
    at = np.concatenate(([0], np.cumsum(row_width)))
    out = np.empty(int(at[-1]), dtype=np.uint8)
    cursor = at[:-1].copy()
    _scatter(out, cursor, np.full(rows, len(types), ">i2").view(np.uint8), np.full(rows, 2))
    cursor += 2
    for data, size, width in zip(datas, sizes, widths, strict=True):
        _scatter(out, cursor, size.astype(">i4").view(np.uint8), np.full(rows, 4))
        _scatter(out, cursor + 4, data, np.maximum(size, 0))
        cursor += width
    return out.tobytes()


def _scatter(out: Any, starts: Any, data: Any, sizes: Any) -> None:
    """Copy consecutive pieces of `data`, `sizes` bytes each, to `starts` in `out`."""
    source = np.cumsum(sizes) - sizes
    out[np.repeat(starts - source, sizes) + np.arange(len(data))] = data


def _bytes_of(kind: Type, column: Any) -> tuple[Any, Any]:
    """The bytes of a column run together, and each value's size (-1: NULL)."""
    if kind.width < 0:
        encoded = [None if v is None else v if isinstance(v, bytes) else v.encode() for v in column]
        sizes = np.array([-1 if v is None else len(v) for v in encoded], dtype=np.int64)
        return np.frombuffer(b"".join(v for v in encoded if v), dtype=np.uint8), sizes
    if kind.width == 0:
        return np.empty(0, dtype=np.uint8), np.zeros(len(column), dtype=np.int64)
    mask = np.ma.getmaskarray(column)
    values = _wire(kind, np.ma.getdata(column)[~mask])
    packed = np.ascontiguousarray(values.astype(kind.wire, copy=False)).view(np.uint8).reshape(-1)
    return packed, np.where(mask, -1, kind.width).astype(np.int64)


def _wire(kind: Type, values: Any) -> Any:
    if kind is DATE:
        return values.astype(np.int64) - _PG_EPOCH_DAY
    if kind is TIMESTAMPTZ:
        return values.astype(np.int64) - _PG_EPOCH_US
    if kind is MONEY:
        return _numeric(values, 2)
    if kind is TOTAL:
        return _numeric(values, 2, groups=4)
    if kind is MILLI:
        return _numeric(values, 3)
    return values


def _numeric(values: Any, decimals: int, groups: int = 3) -> Any:
    """numeric on the wire: `groups` base-10000 digits before the point, one after; the server drops zero digits."""
    values = values.astype(np.int64)
    unit = 10**decimals
    whole, part = np.divmod(np.abs(values), unit)
    if len(values) and int(whole.max(initial=0)) >= 10_000**groups:
        raise OverflowError(f"an amount of 10^{4 * groups} or more")
    record = np.empty(len(values), dtype=[("head", ">i2", 4), ("digits", ">i2", groups + 1)])
    record["head"][:, 0] = groups + 1
    record["head"][:, 1] = groups - 1
    record["head"][:, 2] = np.where(values < 0, 0x4000, 0)
    record["head"][:, 3] = decimals
    for group in range(groups):
        record["digits"][:, group] = whole // 10_000 ** (groups - 1 - group) % 10_000
    record["digits"][:, groups] = part * (10_000 // unit)
    return record.view(f"V{record.itemsize}").reshape(-1)


def read_columns(
    cursor: Any, query: str, types: Mapping[str, Type], params: Any = None
) -> Iterator[dict[str, Any]]:
    """Blocks of columns (native numpy arrays) of a query without NULLs. MONEY, TOTAL, MILLI and TEXT cannot be read."""
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in types.items():
        fields += [(f"size_{name}", ">i4"), (name, kind.wire)]
    dtype = np.dtype(fields)
    with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)", params) as copy:
        for chunk in _whole_records(copy, dtype.itemsize):
            records = np.frombuffer(chunk[: len(chunk) // dtype.itemsize * dtype.itemsize], dtype=dtype)
            is_whole = len(chunk) % dtype.itemsize == 0
            if not is_whole or any((records[f"size_{n}"] != t.width).any() for n, t in types.items()):
                raise ValueError("a NULL or a value of another type in a column that is read")
            yield {name: _native(kind, records[name]) for name, kind in types.items()}


def read_all(cursor: Any, query: str, types: Mapping[str, Type], params: Any = None) -> dict[str, Any]:
    """The same as one array a column; for what fits in memory."""
    blocks = list(read_columns(cursor, query, types, params))
    return {
        name: np.concatenate([b[name] for b in blocks]) if blocks else _native(t, np.empty(0, t.wire))
        for name, t in types.items()
    }


def read_packed(cursor: Any, query: str, types: Mapping[str, Type], params: Any = None) -> dict[str, Any]:
    """Like `read_all`, for up to some million rows of fixed-width columns: the server packs each column into one array.

    A message a row costs the client far more than the values in it, so this takes a tenth of the client's time. Where
    tables are parted, packing would gather the parts first: there the rows travel as they are.
    """
    cursor.execute("SELECT EXISTS (SELECT FROM pg_partitioned_table)")
    if cursor.fetchone()[0]:
        return read_all(cursor, query, types, params)
    names = [f"c{i}" for i in range(len(types))]
    packed = ", ".join(f"array_agg({name})" for name in names)
    wrapped = f"COPY (SELECT {packed} FROM ({query}) AS q ({', '.join(names)})) TO STDOUT (FORMAT binary)"  # noqa: S608
    with cursor.copy(wrapped, params) as copy:
        stream = b"".join(bytes(block) for block in copy)
    at, found = len(_HEADER) + 2, {}
    for name, kind in types.items():
        size = int.from_bytes(stream[at : at + 4], "big", signed=True)
        at += 4
        found[name] = _native(kind, _elements(stream, at, size, kind))
        at += max(size, 0)
    return found


def _elements(stream: bytes, at: int, size: int, kind: Type) -> Any:
    """The elements of an array on the wire: dimensions, NULL flag and type, length and lower bound, then the values."""
    if size < 0:  # array_agg of no rows
        return np.empty(0, kind.wire)
    head, field = 20, np.dtype([("size", ">i4"), ("value", kind.wire)])
    count, odd = divmod(size - head, field.itemsize)
    records = np.frombuffer(stream, dtype=field, count=count, offset=at + head)
    if odd or (records["size"] != kind.width).any():
        raise ValueError("a NULL or a value of another type in a column that is read")
    return records["value"]


def _native(kind: Type, values: Any) -> Any:
    native = values.astype(values.dtype.newbyteorder("="))
    if kind is DATE:
        return native + _PG_EPOCH_DAY
    if kind is TIMESTAMPTZ:
        return native + _PG_EPOCH_US
    return native.astype(bool) if kind is BOOL else native


def _whole_records(blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Cuts a COPY stream into pieces of whole records, about 8 MB each, without header and trailer."""
    buffer = bytearray()
    skip = len(_HEADER)
    for block in blocks:
        buffer += block
        if skip and len(buffer) >= skip:
            del buffer[:skip]
            skip = 0
        if len(buffer) >= _READ_BYTES:
            # hold back at least the two bytes that may be the trailer
            whole = (len(buffer) - len(_TRAILER)) // size * size
            yield bytes(memoryview(buffer)[:whole])
            del buffer[:whole]
    body = bytes(buffer[: -len(_TRAILER)] if not skip else b"")
    if body:
        yield body
