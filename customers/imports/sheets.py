"""Excel workbooks (.xlsx) as blocks of columns: the first sheet that is not hidden, its first row the header.

Row numbers are those of the sheet. Cells become text as people mean it: a phone that Excel took for a number has no
".0", a date is written as ISO 8601 does, a formula is its last result, an error such as #N/A is empty.
"""

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
import pyarrow as pa
from django.utils.translation import gettext as _

from customers.imports.blocks import MOST_NAMES, Block
from customers.imports.refusals import UnreadableFile

HEAD = b"PK\x03\x04"
BLOCK_ROWS = 8_192  # a cell is a Python object here
# All texts of a workbook are in memory at once; what unpacks to more than this was made to harm, or belongs into a CSV.
MOST_TEXTS = 128 << 20
MOST_BYTES = 4 << 30
_TEXTS = "xl/sharedStrings.xml"


class SheetTable:
    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size
        self._check()
        with _Sheet(path) as rows:
            first = next(rows, (0, ()))[1]
            self.names = [_text(cell) for cell in first][:MOST_NAMES]
            self.estimate = rows.count
        while self.names and not self.names[-1]:
            self.names.pop()

    def _check(self) -> None:
        try:
            with ZipFile(self.path) as packed:
                sizes = {one.filename: one.file_size for one in packed.infolist()}
        except (BadZipFile, OSError, ValueError) as error:
            raise _broken(self.path) from error
        if "xl/workbook.xml" not in sizes:
            raise _broken(self.path)
        if sizes.get(_TEXTS, 0) > MOST_TEXTS or sum(sizes.values()) > MOST_BYTES:
            told = _("“%(name)s” is too large for a workbook: save it as CSV, which may be of any size.")
            raise UnreadableFile(told % {"name": self.path.name})

    def blocks(self) -> Iterator[Block]:
        with _Sheet(self.path) as rows:
            next(rows, None)  # the header
            numbers: list[int] = []
            cells: list[list[str]] = []
            for number, row in rows:
                told = [_text(cell) for cell in row]
                if any(told):
                    numbers.append(number)
                    cells.append(told)
                if len(numbers) == BLOCK_ROWS:
                    yield self._block(numbers, cells, number)
                    numbers, cells = [], []
            if numbers:
                yield self._block(numbers, cells, self.estimate)

    def _block(self, numbers: list[int], cells: list[list[str]], read: int) -> Block:
        """A row with more fields than the header is broken, as in a CSV; one with fewer has empty ones."""
        width = len(self.names)
        whole = [i for i, row in enumerate(cells) if not any(row[width:])]
        broken = sorted(set(range(len(cells))) - set(whole))
        columns = {
            name: pa.array([cells[i][at] if at < len(cells[i]) else "" for i in whole], pa.string())
            for at, name in enumerate(self.names)
        }
        rows = np.array([numbers[i] for i in whole], dtype=np.int64)
        done = self.size * min(read, self.estimate) // max(self.estimate, 1)
        return Block(rows, columns, done, [numbers[i] for i in broken])


class _Sheet:
    """The rows of the first sheet that is shown, with their numbers, from a file that is closed again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0

    def __enter__(self) -> "_Sheet":
        import openpyxl  # large, and few files need it

        try:
            self._book = openpyxl.load_workbook(self.path, read_only=True, data_only=True, keep_links=False)
        except Exception as error:
            raise _broken(self.path) from error
        sheet = next((one for one in self._book.worksheets if one.sheet_state == "visible"), None)
        if sheet is None:
            self._book.close()
            raise _broken(self.path)
        self.count = sheet.max_row or 0
        sheet.reset_dimensions()  # some programs write a wrong one
        self._rows = enumerate(sheet.iter_rows(values_only=True), start=1)
        return self

    def __exit__(self, *_error: object) -> None:
        self._book.close()

    def __iter__(self) -> "_Sheet":
        return self

    def __next__(self) -> tuple[int, tuple[Any, ...]]:
        try:
            return next(self._rows)
        except StopIteration:
            raise
        except Exception as error:  # whatever the XML of a broken workbook makes of the reader
            raise _broken(self.path) from error


def _text(cell: Any) -> str:
    if isinstance(cell, float):  # 15 digits: what Excel shows of a double
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else format(cell, ".15g")
    if isinstance(cell, datetime):
        return _of_moment(cell)
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if cell is None or cell in _ERRORS:
        return ""
    return str(cell).lower() if isinstance(cell, bool) else str(cell).replace("_x000D_", "").strip()


_ERRORS = {"#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!"}


def _of_moment(cell: datetime) -> str:
    """Excel has no dates without a time: midnight means the day."""
    is_day = cell.time() == time()
    return cell.date().isoformat() if is_day else cell.isoformat(timespec="seconds")


def _broken(path: Path) -> UnreadableFile:
    return UnreadableFile(_("“%(name)s” is no whole Excel workbook (.xlsx).") % {"name": path.name})
