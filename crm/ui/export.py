"""Exports: CSV as a stream, Excel through openpyxl's write-only book. Neither holds all rows in memory.

A text that begins like a formula would run when the file is opened in a spreadsheet. In CSV such a text gets an
apostrophe in front; in Excel it is written as a text cell. Numbers stay numbers.
"""

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

FORMATS = ("csv", "xlsx")
SHEET_ROWS = 1_048_575  # Excel's limit, less the header
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def download(name: str, kind: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> HttpResponseBase:
    """A file `name.kind` with a header and rows; `kind` is one of FORMATS."""
    if kind == "xlsx":
        return _excel(name, header, rows)
    response = StreamingHttpResponse(_csv(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = _disposition(f"{name}.csv")
    response["Cache-Control"] = "no-store"
    return response


class _Echo:
    """A file that hands back what is written."""

    def write(self, text: str) -> str:
        return text


def _csv(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    writer = csv.writer(_Echo())
    yield "\ufeff".encode()  # or Excel reads Chinese as Latin
    yield str(writer.writerow([str(cell) for cell in header])).encode()
    for row in rows:
        yield str(writer.writerow([_plain(cell) for cell in row])).encode()


def _plain(cell: Any) -> Any:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return timezone.localtime(cell).isoformat(timespec="seconds")
    if isinstance(cell, int | float | Decimal):
        return cell
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _excel(name: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> FileResponse:
    from openpyxl import Workbook  # brings numpy along: not on the way to every page

    book = Workbook(write_only=True)
    sheet = _sheet(book, header)
    for number, row in enumerate(rows, start=1):
        if number % SHEET_ROWS == 0:
            sheet = _sheet(book, header)
        sheet.append([_cell(sheet, cell) for cell in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115  closed by the response
    book.save(file)
    file.seek(0)
    response = FileResponse(file, content_type=XLSX, as_attachment=True, filename=f"{name}.xlsx")
    response["Cache-Control"] = "no-store"
    return response


def _sheet(book: Any, header: Sequence[Any]) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    cells = [WriteOnlyCell(sheet, value=str(cell)) for cell in header]
    for cell in cells:
        cell.font = Font(bold=True)
    sheet.append(cells)
    return sheet


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, datetime):
        return timezone.localtime(value).replace(tzinfo=None)  # Excel knows no zones
    if value is None or isinstance(value, int | float | Decimal) or hasattr(value, "isoformat"):
        return value
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value=_printable(str(value)))
    cell.data_type = "s"  # a text, whatever it looks like
    return cell


def _printable(text: str) -> str:
    """Excel refuses control characters."""
    return "".join(letter for letter in text if letter >= " " or letter in "\n\t")


def _disposition(name: str) -> str:
    return f"attachment; filename*=UTF-8''{quote(name)}"
