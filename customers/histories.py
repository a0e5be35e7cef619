"""Histories as columns: what everybody bought, as plain arrays, for steps that look at all customers at once.

    histories = Histories.of(night_run)
    for number in range(len(histories)):
        part = histories.part(number)      # a range of customers; see `Part`

The purchases that count (something was kept) up to the business date, and of their lines what was kept. Each table is
read once, in one stream, the first time a step asks; the rows are dealt to the ranges on disk and later steps read
them back through the page cache. So memory is bounded by one part, whatever the number of receipts.
"""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from django.db import connection

from crm.lib.copy import INT2, INT4, INT8, read_columns
from crm.lib.spells import day_number
from crm.lib.statements import Statement

RANGE = 25_000  # ids of customers a part

_RECEIPTS = """
SELECT p.customer_id, p.id, p.business_date - DATE '1970-01-01', p.store_id::int, p.channel,
       extract(hour FROM p.occurred_at AT TIME ZONE s.timezone)::smallint,
       ((p.amount - p.returned) * 100)::bigint, (p.discount * 100)::bigint
FROM customers_purchase p JOIN org_store s ON s.id = p.store_id
WHERE p.returned = 0 OR p.returned < p.amount
"""
_RECEIPT_TYPES = {
    "customer": INT8, "id": INT8, "day": INT4, "store": INT4, "channel": INT2, "hour": INT2, "cents": INT8,
    "discount": INT8,
}  # fmt: skip
# The kept share of a discount is worked out here, from the numbers as they are: it may be of any fineness.
_LINES = """
SELECT customer_id, purchase_id, number, product_id::int, ((quantity - returned_quantity) * 1000)::bigint,
       ((amount - returned_amount) * 100)::bigint, (discount * 100)::bigint,
       CASE WHEN returned_quantity = 0 THEN (discount * 100)::bigint
            ELSE round(discount * 100 * (quantity - returned_quantity) / quantity)::bigint END
FROM customers_line WHERE returned_quantity < quantity
"""
_LINE_TYPES = {
    "customer": INT8, "purchase": INT8, "number": INT2, "product": INT4, "milli": INT8, "cents": INT8, "discount": INT8,
    "kept_discount": INT8,
}  # fmt: skip
_HIGHEST = "SELECT coalesce(max(customer_id), 0), clock_timestamp() FROM customers_purchase"
STATEMENTS = [
    Statement("histories.receipts", _RECEIPTS, {}),
    Statement("histories.lines", _LINES, {}),
]


@dataclass(frozen=True)
class Part:
    """The histories of the customers of a range who have a purchase that counts. Read-only arrays.

    Customer i's receipts are `first[i]:first[i + 1]`, in the order of days and then of receipt numbers. Receipt j's
    lines are `line_first[j]:line_first[j + 1]`. Days are days since 1970-01-01; money is in cents; quantities in
    thousandths. `receipt_cents` and `line_cents` are what was kept of what was paid; discounts those of the sale, but
    `line_kept_discount` is the share of what was kept. `receipt_hour` is by the store's clock.
    """

    customer: Any  # int64[n], rising
    first: Any  # int64[n + 1]
    receipt_id: Any  # int64[m]
    receipt_day: Any  # int32[m]
    receipt_store: Any  # int32[m]
    receipt_channel: Any  # int16[m]
    receipt_hour: Any  # int16[m]
    receipt_cents: Any  # int64[m]
    receipt_discount: Any  # int64[m]
    line_first: Any  # int64[m + 1]
    line_product: Any  # int32[k]
    line_milli: Any  # int64[k]
    line_cents: Any  # int64[k]
    line_discount: Any  # int64[k]
    line_kept_discount: Any  # int64[k]

    def __len__(self) -> int:
        return len(self.customer)

    @property
    def owner(self) -> Any:
        """Of each receipt the place of its customer."""
        return np.repeat(np.arange(len(self.customer)), np.diff(self.first))

    @property
    def line_receipt(self) -> Any:
        """Of each line the place of its receipt."""
        return np.repeat(np.arange(len(self.receipt_id)), np.diff(self.line_first))


class Histories:
    """All histories up to a business date, in parts. `close` (or the end of the object) removes what lies on disk."""

    def __init__(self, on: date, parent: Path) -> None:
        self.on = on
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The name begins as those of `crm.lib.columns` do, so a night sweeps away what a killed one left.
        self._folder = tempfile.TemporaryDirectory(prefix="columns-histories-", dir=parent)
        self._place = Path(self._folder.name)
        self._reading = threading.Lock()
        self.read_at: datetime | None = (
            None  # by the database's clock: whatever was committed before it is in here
        )
        self._parts: int | None = None
        self._ahead: list[tuple[Any, Any]] = []

    @classmethod
    def of(cls, night_run: Any) -> Self:
        """Those of a night, shared by its steps."""
        shared: Self = night_run.columns.share("histories", lambda parent: cls(night_run.on, parent))
        return shared

    def close(self) -> None:
        self._folder.cleanup()

    def __len__(self) -> int:
        with self._reading:
            if self._parts is None:
                self._parts = self._read()
        return self._parts

    def parts(self) -> Iterator[Part]:
        return (self.part(number) for number in range(len(self)))

    def part(self, number: int) -> Part:
        """Part `number`, laid out on disk when it is first asked for and mapped from there."""
        assert number < len(self)
        place = self._place / f"{number}"
        if not place.is_dir():
            self._lay_out(number, place)
        return Part(*(np.load(place / f"{field.name}.npy", mmap_mode="r") for field in fields(Part)))

    @cached_property
    def ahead(self) -> tuple[Any, Any]:
        """Who has purchases of days to come, which no part has: customers, rising, and of each the first such day."""
        assert len(self)
        blocks = self._ahead or [(np.empty(0, np.int64), np.empty(0, np.int64))]
        who, day = (np.concatenate(columns) for columns in zip(*blocks, strict=True))
        order = np.lexsort((day, who))
        customer, first = np.unique(who[order], return_index=True)
        return customer, day[order][first]

    def _read(self) -> int:
        """Deal both tables to the ranges; returns how many ranges there are."""
        with connection.cursor() as cursor:
            cursor.execute(_HIGHEST)
            highest, self.read_at = cursor.fetchone()
            count = int(highest) // RANGE + 1
            for name, query, types in (
                ("receipts", _RECEIPTS, _RECEIPT_TYPES),
                ("lines", _LINES, _LINE_TYPES),
            ):
                for block in read_columns(cursor, query, types):
                    self._deal(name, self._past(block) if name == "receipts" else block)
        return count

    def _past(self, block: dict[str, Any]) -> dict[str, Any]:
        """The receipts up to the date; who has later ones is remembered."""
        is_ahead = block["day"] > day_number(self.on)
        if not is_ahead.any():
            return block
        self._ahead.append((block["customer"][is_ahead], block["day"][is_ahead]))
        return {name: values[~is_ahead] for name, values in block.items()}

    def _deal(self, name: str, block: dict[str, Any]) -> None:
        records = np.empty(len(block["customer"]), dtype=_dtype(block))
        for column, values in block.items():
            records[column] = values
        number = block["customer"] // RANGE
        order = np.argsort(number, kind="stable")
        records, number = records[order], number[order]
        starts = np.flatnonzero(np.diff(number, prepend=-1))
        for start, end in zip(starts, [*starts[1:], len(number)], strict=True):
            with (self._place / f"{name}-{number[start]}").open("ab") as file:
                records[start:end].tofile(file)

    def _lay_out(self, number: int, place: Path) -> None:
        receipts = _taken(self._place / f"receipts-{number}", _RECEIPT_TYPES)
        receipts = receipts[np.lexsort((receipts["id"], receipts["day"], receipts["customer"]))]
        lines = _taken(self._place / f"lines-{number}", _LINE_TYPES)
        customer, first = np.unique(receipts["customer"], return_index=True)
        line_first, lines = _of_receipts(receipts["id"], lines)
        columns = {
            "customer": customer,
            "first": np.append(first, len(receipts)),
            "line_first": line_first,
            **{f"receipt_{name}": receipts[name] for name in receipts.dtype.names or () if name != "customer"},
            **{f"line_{name}": lines[name] for name in ("product", "milli", "cents", "discount", "kept_discount")},
        }  # fmt: skip
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=self._place))
        for name, values in columns.items():
            np.save(draft / f"{name}.npy", np.ascontiguousarray(values))
        try:
            draft.rename(place)
        except OSError:  # another thread was first
            shutil.rmtree(draft)


def _dtype(block: dict[str, Any]) -> Any:
    return np.dtype([(name, values.dtype) for name, values in block.items()])


def _taken(file: Path, types: dict[str, Any]) -> Any:
    """The rows that were dealt to a range."""
    dtype = np.dtype([(name, kind.wire.replace(">", "=")) for name, kind in types.items()])
    return np.fromfile(file, dtype) if file.exists() else np.empty(0, dtype)


def _of_receipts(ids: Any, lines: Any) -> tuple[Any, Any]:
    """Where each receipt's lines begin, and the lines in the receipts' order; lines of other receipts are left out."""
    order = np.argsort(ids)
    place = np.searchsorted(ids[order], lines["purchase"])
    place = order[np.minimum(place, max(len(ids) - 1, 0))] if len(ids) else place
    known = ids[place] == lines["purchase"] if len(ids) else np.zeros(len(lines), dtype=bool)
    lines, place = lines[known], place[known]
    counts = np.bincount(place, minlength=len(ids))
    return np.append(0, np.cumsum(counts)), lines[np.lexsort((lines["number"], place))]
