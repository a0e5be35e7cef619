"""Rows of one part of a receipts file, grouped to receipts and returns and checked within their group."""

from typing import Any

import numpy as np
import pyarrow as pa

from crm.lib.money import MOST_CENTS
from customers.imports.receipt_rows import REASONS
from customers.imports.spill import column
from customers.receiving import events

_HEADER = ("store", "channel", "occurred", "of_source")
_HEADER_TEXTS = ("person", "staff", "payments", "of_external_id")
_NO_KEY = (REASONS["source_invalid"], REASONS["external_id_invalid"], REASONS["receipt_invalid"])


class Groups:
    """Rows sorted by event. `starts` and `sizes` are by group; `reason`, `row`, `line`, `group`, `is_twice` by row.

    A row's `reason` is 0 when it is usable; `is_twice` marks a line that was said before, with the same content.
    `group_reason` is 0 when all rows of the group are usable.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = _sorted(table)
        self.reason = column(self.table, "reason").copy()
        self.row = column(self.table, "row")
        self.of_source = column(self.table, "of_source")
        self._group()
        self._check()

    @property
    def is_return(self) -> Any:
        """By group."""
        return self.of_source[self.starts] >= 0

    def _group(self) -> None:
        """Sorted rows: a group is a run of equal (kind, source, external id). Rows without a key stand alone."""
        count = len(self.row)
        code = column(self.table, "code")
        alone = np.isin(self.reason, _NO_KEY)
        starts = (
            np.r_[True, code[1:] != code[:-1]] | alone | np.r_[False, alone[:-1]]
            if count
            else np.empty(0, bool)
        )
        self.starts = np.flatnonzero(starts)
        self.group = np.cumsum(starts) - 1
        self.sizes = np.diff(np.r_[self.starts, count])

    def _check(self) -> None:
        """Finds rows said twice, and what makes a whole group unusable."""
        first = self.starts[self.group]
        self._fault(self._differs(first), "rows_disagree")
        self._check_lines()
        size = self.sizes[self.group]
        self._fault(size > events.MOST_LINES, "too_many_lines")
        for name in ("cents", "discount") if len(self.starts) else ():
            total = np.add.reduceat(np.where(self.is_twice, 0, column(self.table, name)), self.starts)
            self._fault((total > MOST_CENTS)[self.group], "total_too_large")
        faulty = np.zeros(len(self.starts), dtype=bool)
        faulty[self.group[self.reason != 0]] = True
        self.is_twice &= ~faulty[self.group]
        self.group_reason = np.where(faulty, REASONS["receipt_incomplete"], 0)

    def _fault(self, rows: Any, code: str) -> None:
        self.reason[rows & (self.reason == 0)] = REASONS[code]

    def _differs(self, first: Any) -> Any:
        differs = np.zeros(len(self.row), dtype=bool)
        for name in _HEADER:
            values = column(self.table, name)
            differs |= values != values[first]
        for name in _HEADER_TEXTS:
            values = codes(column(self.table, name))
            differs |= values != values[first]
        return differs

    def _check_lines(self) -> None:
        """Line numbers: as given, or by order where the file gives none; a line said twice counts once."""
        line = column(self.table, "line").astype(np.int64)
        place = np.arange(len(line)) - self.starts[self.group]
        same = np.r_[False, (line[1:] == line[:-1]) & (self.group[1:] == self.group[:-1]) & (line[1:] > 0)]
        equal = np.ones(len(line), dtype=bool)
        for name in ("sku", "milli", "cents", "discount"):
            values = column(self.table, name)
            equal &= np.r_[False, values[1:] == values[:-1]]
        is_return = self.of_source >= 0
        sku = column(self.table, "sku")
        equal |= is_return & same & np.r_[False, sku[1:] == sku[:-1]]
        self.is_twice = same & equal
        self._fault(same & ~equal, "line_twice")
        numbered = np.maximum.reduceat(line, self.starts)[self.group] > 0 if len(line) else line > 0
        self._fault(numbered != (line > 0), "line_invalid")
        self.line = np.where(numbered, line, place + 1)


def _sorted(table: pa.Table) -> pa.Table:
    """By event, line and row, with a number a (kind, source, external id)."""
    kind = column(table, "of_source") >= 0
    external = codes(column(table, "external_id")).astype(np.int64)
    code = (external * 2 + kind) * 65_536 + column(table, "source")
    order = np.lexsort((column(table, "row"), column(table, "line"), code))
    return table.append_column("code", pa.array(code)).take(pa.array(order)).combine_chunks()


def codes(texts: Any) -> Any:
    return texts.dictionary_encode().indices.to_numpy(zero_copy_only=False)
