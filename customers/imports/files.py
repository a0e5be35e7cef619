"""Files as blocks of columns: CSV (any usual separator and encoding), NDJSON, Parquet, Excel. Streamed: any size.

Row numbers are what a person sees: in a CSV the header is row 1, in NDJSON the first line is row 1, in Parquet the
first row is row 1. Values stay as they came; `values.py` reads them.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from django.utils.translation import gettext as _

from customers.imports import encodings
from customers.imports.blocks import BLOCK_ROWS, MOST_NAMES, SAMPLE_BYTES, Block, Table
from customers.imports.ndjson import JsonTable
from customers.imports.refusals import UnreadableFile
from customers.imports.sheets import HEAD as WORKBOOK
from customers.imports.sheets import SheetTable

BLOCK_BYTES = 2 << 20  # Arrow reads 32 blocks ahead: these 64 MB are most of what an import of any size needs
SEPARATORS = ",;\t|"
CSV_ROW_BYTES = 80  # for estimates


def open_table(path: Path, *, is_whole: bool = True) -> Table:
    """Raises UnreadableFile with a sentence that says what is wrong.

    `is_whole=False`: a first look, for which no large file is read to its end; an NDJSON file may have more names.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise UnreadableFile(_("“%(name)s” cannot be read: %(why)s.") % _why(path, error.strerror)) from error
    if not path.is_file():
        raise UnreadableFile(_("“%(name)s” is no file.") % {"name": path.name})
    if not size:
        raise UnreadableFile(_("“%(name)s” is empty.") % {"name": path.name})
    with path.open("rb") as file:
        head = file.read(SAMPLE_BYTES)
    if head.startswith(b"PAR1") or path.suffix.lower() in (".parquet", ".pq"):
        return ParquetTable(path, size)
    if head.startswith(WORKBOOK) or path.suffix.lower() == ".xlsx":
        return SheetTable(path, size)
    encoding = encodings.of_head(head, path, is_whole=len(head) == size)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return JsonTable(path, size, is_whole=is_whole)
    return CsvTable(path, size, head, encoding)


def _why(path: Path, error: object) -> dict[str, object]:
    return {"name": path.name, "why": error}


class CsvTable:
    def __init__(self, path: Path, size: int, head: bytes, encoding: str) -> None:
        self.path = path
        self.size = size
        self.encoding = encoding
        first = head.decode(encoding, errors="ignore").lstrip("\ufeff").split("\n", 1)[0].rstrip("\r")
        self.separator = max(SEPARATORS, key=first.count)
        self.names = self._names(first)
        self.estimate = size // CSV_ROW_BYTES + 1

    def _names(self, first_line: str) -> list[str]:
        try:
            return next(csv.reader([first_line], delimiter=self.separator), [])[:MOST_NAMES]
        except csv.Error as error:  # a megabyte without a separator
            raise UnreadableFile(_("“%(name)s” cannot be read: %(why)s.") % _why(self.path, error)) from error

    def blocks(self) -> Iterator[Block]:
        broken: list[int] = []

        def note(row: Any) -> str:
            broken.append(row.number)
            return "skip"

        if self.encoding == "utf-8" and self.size > SAMPLE_BYTES:
            self.encoding = encodings.of_whole(self.path)
        try:
            yield from self._blocks(note, broken)
        except UnicodeDecodeError as error:
            raise encodings.unknown(self.path) from error
        except pa.ArrowInvalid as error:
            first_line = str(error).splitlines()[0]
            raise UnreadableFile(
                _("“%(name)s” cannot be read: %(why)s.") % _why(self.path, first_line)
            ) from error

    def _blocks(self, note: Any, broken: list[int]) -> Iterator[Block]:
        given = [f"f{i}" for i in range(len(self.names))]
        reader = pyarrow.csv.open_csv(
            self.path,
            # Row numbers of broken rows are told by one thread only.
            pyarrow.csv.ReadOptions(
                use_threads=False,
                block_size=BLOCK_BYTES,
                autogenerate_column_names=True,
                encoding=self.encoding,
            ),
            pyarrow.csv.ParseOptions(
                delimiter=self.separator, invalid_row_handler=note, ignore_empty_lines=False
            ),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(given, pa.string()), strings_can_be_null=False
            ),
        )
        next_row, read = 1, 0
        for batch in reader:
            if not batch.num_rows:  # all of its rows were broken
                told = _run(next_row, broken)
                next_row += len(told)
                yield self._nothing_but(told)
                continue
            rows, told = _numbers(next_row, batch.num_rows, broken)
            next_row = int(rows[-1]) + 1
            start = 1 if rows[0] == 1 else 0  # the header
            read += batch.nbytes
            columns = {name: batch.column(i).slice(start) for i, name in enumerate(self.names)}
            yield _without_blank_lines(Block(rows[start:], columns, min(read, self.size), told))
        if broken:  # after the last whole row: a file that was cut off ends like this
            yield self._nothing_but(broken)

    def _nothing_but(self, broken: list[int]) -> Block:
        empty = pa.array([], pa.string())
        return Block(np.empty(0, dtype=np.int64), dict.fromkeys(self.names, empty), self.size, broken)


def _numbers(first: int, count: int, broken: list[int]) -> tuple[Any, list[int]]:
    """Numbers of `count` whole rows from `first` on, when some numbers belong to broken rows; takes those out."""
    rows = np.arange(first, first + count + len(broken))
    rows = rows[~np.isin(rows, broken)][:count]
    told = [row for row in broken if row <= rows[-1]]
    broken[:] = [row for row in broken if row > rows[-1]]
    return rows, told


def _run(first: int, broken: list[int]) -> list[int]:
    """The broken rows from `first` on, up to the next whole one; takes them out of `broken` (which may be ahead)."""
    count = 0
    while count < len(broken) and broken[count] == first + count:
        count += 1
    told = broken[:count]
    del broken[:count]
    return told


def _without_blank_lines(block: Block) -> Block:
    """An empty line is a row of empty fields: nobody's row."""
    blank = np.ones(len(block.rows), dtype=bool)
    for column in block.columns.values():
        blank &= np.asarray(pc.binary_length(column).fill_null(0)) == 0
        if not blank.any():
            return block
    keep = pa.array(~blank)
    columns = {name: column.filter(keep) for name, column in block.columns.items()}
    return Block(block.rows[~blank], columns, block.bytes_read, block.broken)


class ParquetTable:
    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size
        try:
            with pyarrow.parquet.ParquetFile(path) as file:
                schema = file.schema_arrow
                self.estimate = file.metadata.num_rows
        except (pa.ArrowException, OSError) as error:
            raise self._broken(error) from error
        self.names = schema.names[:MOST_NAMES]
        if nested := [
            name for name, kind in zip(schema.names, schema.types, strict=True) if pa.types.is_nested(kind)
        ]:
            raise UnreadableFile(
                _("Column “%(name)s” holds lists or records, not values.") % {"name": nested[0][:60]}
            )

    def _broken(self, error: Exception) -> UnreadableFile:
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        return UnreadableFile(
            _("“%(name)s” is no whole Parquet file: %(why)s.") % _why(self.path, first_line.rstrip("."))
        )

    def blocks(self) -> Iterator[Block]:
        next_row = 1
        try:
            # Through a small buffer: otherwise a column of a row group, however large, is in memory at once.
            with pyarrow.parquet.ParquetFile(self.path, buffer_size=1 << 20) as file:
                for batch in file.iter_batches(BLOCK_ROWS, use_threads=False):
                    rows = np.arange(next_row, next_row + batch.num_rows)
                    next_row += batch.num_rows
                    read = self.size * (next_row - 1) // max(self.estimate, 1)
                    columns = map(_as_letters, batch.columns)
                    yield Block(rows, dict(zip(self.names, columns, strict=True)), read)
        except (pa.ArrowException, OSError) as error:
            raise self._broken(error) from error


def _as_letters(column: Any) -> Any:
    """Some programs write text without saying that it is text."""
    kind = column.type
    is_bytes = (
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    )
    return column.cast(pa.binary()).cast(pa.string()) if is_bytes else column
