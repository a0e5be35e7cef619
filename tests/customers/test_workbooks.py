"""Excel workbooks: what people see in the sheet is what is imported; what is no workbook is refused with a sentence."""

from datetime import date, datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest

from crm.jobs.models import State
from crm.org.models import Store
from customers import imports
from customers.imports import sheets
from customers.imports.files import open_table
from customers.imports.refusals import UnreadableFile
from customers.models import Customer, Identity, ImportFile

HEADER = ("Number", "Name", "Phone", "Birthday", "Home store")


def workbook(path: Path, *rows: tuple[Any, ...], hidden_first: bool = False) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    if hidden_first:
        sheet.append(["not", "this"])
        sheet.sheet_state = "hidden"
        sheet = book.create_sheet("Members")
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def told(path: Path) -> list[tuple[int, list[str]]]:
    table = open_table(path)
    return [
        (int(number), [block.columns[name][i].as_py() for name in table.names])
        for block in table.blocks()
        for i, number in enumerate(block.rows)
    ]


def imported(path: Path) -> ImportFile:
    done = imports.run_now(path, "customers", by="test")
    assert done.job.state == State.DONE, done.job.error
    return done


@pytest.mark.django_db
def test_a_list_of_members(harbour: Store, tmp_path: Path) -> None:
    irina = ("M-1", "Irina Wu", 13800138000.0, datetime(1990, 5, 17), harbour.code)
    path = workbook(
        tmp_path / "members.xlsx", HEADER, irina, (None,) * 5, ("M-2", "陈静", "+86 139 0013 9000")
    )
    done = imported(path)
    assert (done.job.counts["new"], done.job.counts["rejected"]) == (2, 0)
    found = Customer.objects.get(name="Irina Wu")
    assert (found.birthday, found.home_store) == (date(1990, 5, 17), harbour)
    assert Identity.objects.get(customer=found, kind="phone").value == "+8613800138000"
    assert Customer.objects.filter(name="陈静").exists()


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (13800138000, "13800138000"), (13800138000.0, "13800138000"), (0.1 + 0.2, "0.3"), (12.5, "12.5"),
        (True, "true"),
        (date(2026, 3, 10), "2026-03-10"), (datetime(2026, 3, 10, 9, 5), "2026-03-10T09:05:00"), ("#N/A", ""),
        ("  Irina ", "Irina"), ("#5 Harbour", "#5 Harbour"), ("0138", "0138"),
    ],
)  # fmt: skip
def test_cells_are_what_the_sheet_shows(tmp_path: Path, cell: Any, text: str) -> None:
    found = told(workbook(tmp_path / "one.xlsx", ("a", "b"), (cell, "end")))
    assert found == [(2, [text, "end"])]


def test_rows_have_the_numbers_of_the_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "BLOCK_ROWS", 2)
    rows = [("x", n) for n in range(5)]
    path = workbook(
        tmp_path / "gaps.xlsx", ("a", "b"), *rows[:2], (None, None), *rows[2:], ("too", "many", "cells")
    )
    assert [number for number, _cells in told(path)] == [2, 3, 5, 6, 7]
    assert [row for block in open_table(path).blocks() for row in block.broken] == [8]


def test_the_first_sheet_that_is_shown(tmp_path: Path) -> None:
    path = workbook(tmp_path / "two.xlsx", ("a",), ("here",), hidden_first=True)
    assert told(path) == [(2, ["here"])]


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableFile) as error:
        list(open_table(path).blocks())
    return str(error.value)


def test_what_is_no_workbook(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "whole.xlsx", ("a",), *[(n,) for n in range(2000)]).read_bytes()
    cut, other, odd = tmp_path / "cut.xlsx", tmp_path / "other.xlsx", tmp_path / "odd.xlsx"
    cut.write_bytes(whole[: len(whole) // 2])
    with ZipFile(other, "w") as packed:
        packed.writestr("letter.txt", "Dear chain")
    with ZipFile(odd, "w") as packed:
        packed.writestr("xl/workbook.xml", "<workbook")
    for path in (cut, other, odd):
        assert "no whole Excel workbook" in refusal(path)


def test_a_workbook_that_unpacks_to_very_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with ZipFile(path, "w", ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", "<workbook/>")
        with packed.open("xl/sharedStrings.xml", "w", force_zip64=True) as texts:
            for _ in range(130):
                texts.write(b" " * (1 << 20))
    assert "too large for a workbook" in refusal(path)
