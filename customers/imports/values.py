"""Reading columns of values. Each distinct value of a block is read once, by the same rules as over the API."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_INT64_DIGITS = 18
_DAY = 86_400_000_000
_FIRST_MICROS, _LAST_MICROS = (
    (date(1, 1, 2).toordinal() - 719_163) * _DAY,
    (date.max.toordinal() - 719_164) * _DAY,
)
Reader = Callable[[Any], tuple[Any, int]]  # a value -> (what it means, 0 or the code of what is wrong)


class Reasons:
    """What may be wrong with a row, as small numbers; the first fault found counts."""

    def __init__(self, sentences: dict[str, Any]) -> None:
        self.codes = ["", *sentences]
        self.sentences = ["", *sentences.values()]
        self.number = {code: number for number, code in enumerate(self.codes)}

    def __getitem__(self, code: str) -> int:
        return self.number[code]


class Faults:
    """The first fault of each row of a block."""

    def __init__(self, rows: int) -> None:
        self.reason = np.zeros(rows, dtype=np.int8)

    def add(self, reason: Any) -> None:
        """`reason`: a code a row, 0 for none."""
        self.reason = np.where(self.reason == 0, reason, self.reason).astype(np.int8)


def coded(column: Any) -> tuple[list[Any], Any]:
    """Distinct values (None for a missing one) and, for each row, the place of its value among them."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        column = _that_exist(column.cast(pa.timestamp("us", column.type.tz), safe=False))
    encoded = column.dictionary_encode(null_encoding="encode")
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False)


def _that_exist(moments: Any) -> Any:
    """Moments of the years 1 to 9999. A broken clock's are beyond Python's; at the edge they are refused as others."""
    micros = pc.max_element_wise(moments.cast(pa.int64()), _FIRST_MICROS, skip_nulls=False)
    return pc.min_element_wise(micros, _LAST_MICROS, skip_nulls=False).cast(moments.type)


def read(column: Any, reader: Reader, faults: Faults) -> tuple[list[Any], Any]:
    """Distinct meanings and the place of each row's among them; faults are noted."""
    values, place = coded(column)
    told = [reader(value) for value in values]
    reasons = np.array([reason for _meaning, reason in told] or [0], dtype=np.int8)
    if reasons.any():
        faults.add(reasons[place])
    return [meaning for meaning, _reason in told], place


def remembered(reader: Reader, most: int = 100_000) -> Reader:
    """A reader that reads a value once a file: for columns whose values come again and again."""
    memory: dict[Any, tuple[Any, int]] = {}

    def read_once(value: Any) -> tuple[Any, int]:
        known = memory.get(value)
        if known is None:
            if len(memory) >= most:
                memory.clear()
            known = memory[value] = reader(value)
        return known

    return read_once


def scaled(column: Any, places: int) -> Any:
    """Exact integers of 10^-places from a column of decimals or integers; None where that cannot be seen at once."""
    kind = column.type
    if column.null_count or not (pa.types.is_decimal128(kind) or pa.types.is_integer(kind)):
        return None
    scale = kind.scale if pa.types.is_decimal128(kind) else 0
    if scale > places or scale < 0 or (pa.types.is_decimal128(kind) and kind.precision > _INT64_DIGITS):
        return None
    if pa.types.is_integer(kind):
        units = column.to_numpy().astype(np.int64)
        if len(units) and np.abs(units).max() > 10**12:
            return None
    else:  # 16 bytes a value; with up to 18 digits the upper half is the sign alone
        units = np.frombuffer(column.buffers()[1], dtype="<i8")[::2][
            column.offset : column.offset + len(column)
        ]
    return units * 10 ** (places - scale)


def numbers(column: Any, reader: Reader, faults: Faults) -> Any:
    """The same for readers that give integers: one int64 a row."""
    meanings, place = read(column, reader, faults)
    return np.array(meanings or [0], dtype=np.int64)[place]


def texts(column: Any, reader: Reader, faults: Faults) -> Any:
    """The same for readers that give text: an Arrow array of strings."""
    meanings, place = read(column, reader, faults)
    return pa.array(meanings, pa.string()).take(pa.array(place))


def as_text(value: Any) -> str:
    """A value of any type as it would stand in a CSV."""
    if isinstance(value, str):
        return value  # nearly all
    if value is None:
        return ""
    if isinstance(value, float):
        value = Decimal(f"{value:.6f}")  # what a spreadsheet makes of 0.3
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return str(value)
