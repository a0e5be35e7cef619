"""Files as blocks of columns: CSV (any usual separator and encoding), NDJSON, Parquet. Streamed: any size.

Row numbers are what a person sees: in a CSV the header is row 1, in NDJSON the first line is row 1, in Parquet the
first row is row 1. Values stay as they came; `values.py` reads them.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from django.utils.translation import gettext as _

from customers.imports.refusals import UnreadableFile

BLOCK_BYTES = 2 << 20  # Arrow reads 32 blocks ahead: these 64 MB are most of what an import of any size needs
BLOCK_ROWS = 65_536
SAMPLE_BYTES = 4 << 20
SEPARATORS = ",;\t|"
CSV_ROW_BYTES = 80  # for estimates
NDJSON_ROW_BYTES = 160
MOST_NAMES = 100


@dataclass
class Block:
    """Some rows. `broken` are the numbers of rows that are no rows: too many fields, no JSON."""

    rows: Any
    columns: dict[str, Any]
    bytes_read: int
    broken: list[int] = field(default_factory=list)


class Table(Protocol):
    """An open file. `estimate` is the number of rows, as far as it can be known."""

    names: list[str]
    size: int
    estimate: int

    def blocks(self) -> Iterator[Block]: ...


def open_table(path: Path) -> Table:
    """Raises UnreadableFile with a sentence that says what is wrong."""
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
    encoding = _encoding(head, path)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return JsonTable(path, size)
    return CsvTable(path, size, head, encoding)


def _why(path: Path, error: object) -> dict[str, object]:
    return {"name": path.name, "why": error}


def _encoding(head: bytes, path: Path) -> str:
    """UTF-8 (with or without mark), UTF-16 with a mark, else GB18030, which GBK and GB 2312 are part of."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\x00" in head:
        raise UnreadableFile(
            _("“%(name)s” is no text file; CSV, NDJSON and Parquet can be read.") % {"name": path.name}
        )
    for encoding in ("utf-8", "gb18030"):
        try:
            head.decode(encoding)
        except UnicodeDecodeError as error:
            if error.start > len(head) - 8 and len(head) == SAMPLE_BYTES:  # the sample ends inside a letter
                return encoding
        else:
            return encoding
    raise UnreadableFile(
        _("The encoding of “%(name)s” is neither UTF-8 nor GB18030 (GBK); save it as UTF-8.")
        % {"name": path.name}
    )


class CsvTable:
    def __init__(self, path: Path, size: int, head: bytes, encoding: str) -> None:
        self.path = path
        self.size = size
        self.encoding = encoding
        first = head.decode(encoding, errors="ignore").lstrip("\ufeff").split("\n", 1)[0].rstrip("\r")
        self.separator = max(SEPARATORS, key=first.count)
        self.names = next(csv.reader([first], delimiter=self.separator), [])
        self.estimate = size // CSV_ROW_BYTES + 1

    def blocks(self) -> Iterator[Block]:
        broken: list[int] = []

        def note(row: Any) -> str:
            if row.text.strip():
                broken.append(row.number)
            return "skip"

        try:
            yield from self._blocks(note, broken)
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
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
            if not batch.num_rows:
                continue  # all of its rows were broken: told with the next ones
            rows, told = _numbers(next_row, batch.num_rows, broken)
            next_row = int(rows[-1]) + 1
            start = 1 if rows[0] == 1 else 0  # the header
            read += batch.nbytes
            columns = {name: batch.column(i).slice(start) for i, name in enumerate(self.names)}
            yield _without_blank_lines(Block(rows[start:], columns, min(read, self.size), told))
        if broken:  # after the last whole row: a file that was cut off ends like this
            empty = pa.array([], pa.string())
            yield Block(np.empty(0, dtype=np.int64), dict.fromkeys(self.names, empty), self.size, broken)


def _numbers(first: int, count: int, broken: list[int]) -> tuple[Any, list[int]]:
    """Numbers of `count` whole rows from `first` on, when some numbers belong to broken rows; takes those out."""
    rows = np.arange(first, first + count + len(broken))
    rows = rows[~np.isin(rows, broken)][:count]
    told = [row for row in broken if row <= rows[-1]]
    broken[:] = [row for row in broken if row > rows[-1]]
    return rows, told


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


class JsonTable:
    """One object a line. Fields that a line lacks are empty."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size
        self.estimate = size // NDJSON_ROW_BYTES + 1
        self.names = self._names()

    def _names(self) -> list[str]:
        """All names in the file, in the order of their first appearance: a field may come late, as those of returns.

        Far more names than any file of ours has are enough to refuse it.
        """
        names: dict[str, None] = {}
        with self.path.open("rb") as file:
            for line in file:
                found = _object(line) or {}
                if not found.keys() <= names.keys():
                    names |= dict.fromkeys(found)
                    if len(names) > MOST_NAMES:
                        break
        return list(names)[:MOST_NAMES]

    def blocks(self) -> Iterator[Block]:
        with self.path.open("rb") as file:
            rows: list[int] = []
            objects: list[dict[str, Any]] = []
            broken: list[int] = []
            read = 0
            for number, line in enumerate(file, start=1):
                read += len(line)
                if not line.strip():
                    continue
                found = _object(line)
                if found is None:
                    broken.append(number)
                    continue
                rows.append(number)
                objects.append(found)
                if len(rows) == BLOCK_ROWS:
                    yield self._block(rows, objects, broken, read)
                    rows, objects, broken = [], [], []
            if rows or broken:
                yield self._block(rows, objects, broken, read)

    def _block(self, rows: list[int], objects: list[dict[str, Any]], broken: list[int], read: int) -> Block:
        columns = {
            name: pa.array([_plain(found.get(name)) for found in objects], pa.string()) for name in self.names
        }
        return Block(np.array(rows, dtype=np.int64), columns, read, broken)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _plain(value: Any) -> str:
    """A JSON value as the text that it would be in a CSV."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


class ParquetTable:
    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size
        try:
            with pyarrow.parquet.ParquetFile(path) as file:
                self.names = list(file.schema_arrow.names)
                self.estimate = file.metadata.num_rows
        except (pa.ArrowException, OSError) as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> UnreadableFile:
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        return UnreadableFile(
            _("“%(name)s” is no whole Parquet file: %(why)s.") % _why(self.path, first_line.rstrip("."))
        )

    def blocks(self) -> Iterator[Block]:
        next_row = 1
        try:
            with pyarrow.parquet.ParquetFile(self.path) as file:
                for batch in file.iter_batches(BLOCK_ROWS, use_threads=False):
                    rows = np.arange(next_row, next_row + batch.num_rows)
                    next_row += batch.num_rows
                    read = self.size * (next_row - 1) // max(self.estimate, 1)
                    yield Block(rows, dict(zip(self.names, batch.columns, strict=True)), read)
        except (pa.ArrowException, OSError) as error:
            raise self._broken(error) from error
