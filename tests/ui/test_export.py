"""Exports: a stream, harmless in a spreadsheet."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from openpyxl import load_workbook

from crm.ui import export

HEADER = ["Name", "Spent"]


def text(response: Any) -> str:
    return b"".join(response.streaming_content).decode()


def test_csv_reads_as_utf8_in_a_spreadsheet() -> None:
    response = export.download("customers", "csv", HEADER, [["林小雨", Decimal("3.50")], [None, 2]])
    assert text(response) == "\ufeffName,Spent\r\n林小雨,3.50\r\n,2\r\n"
    assert response["Content-Disposition"] == "attachment; filename*=UTF-8''customers.csv"
    assert response["Cache-Control"] == "no-store"


def test_a_text_that_looks_like_a_formula_does_not_run() -> None:
    rows = [["=1+1", -5], ["+86 138", 0], ["@SUM(A1)", 0], ["-x", 0], ["\tx", 0]]
    lines = text(export.download("x", "csv", HEADER, rows)).splitlines()[1:]
    assert lines == ["'=1+1,-5", "'+86 138,0", "'@SUM(A1),0", "'-x,0", "'\tx,0"]


def test_csv_comes_as_a_stream() -> None:
    taken = []

    def rows() -> Any:
        for n in range(1000):
            taken.append(n)
            yield [n, n]

    stream = iter(export.download("x", "csv", HEADER, rows()))
    next(stream), next(stream), next(stream)
    assert len(taken) <= 2


def test_excel_keeps_numbers_and_dates_and_runs_no_formula() -> None:
    row = ["=1+1", Decimal("3.50"), date(2026, 3, 10), datetime(2026, 3, 10, 4, tzinfo=UTC), "a\x07b"]
    response = export.download("x", "xlsx", list("abcde"), [row])
    sheet = load_workbook(io.BytesIO(b"".join(response.streaming_content))).worksheets[0]
    cells = next(iter(sheet.iter_rows(min_row=2)))
    assert (cells[0].value, cells[0].data_type) == ("=1+1", "s")
    assert cells[1].value == 3.5
    assert cells[2].value == datetime(2026, 3, 10)
    assert cells[3].value == datetime(2026, 3, 10, 4)
    assert cells[4].value == "ab"
