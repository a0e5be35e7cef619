"""Histories as columns: what everybody bought, as plain arrays, for steps that look at all customers at once.

    histories = Histories.of(night_run)
    for number in range(len(histories)):
        part = histories.part(number)      # a range of customers; see `Part`

The purchases that count (something was kept) up to the business date, and of their lines what was kept; or, for those
who learn from days of the past, all as it was sold: what came back later was not known then (`sold`). Each table is
read once, in one stream, the first time a step asks; the rows are dealt to the ranges on disk and later steps read
them back through the page cache. So memory is bounded by one part, whatever the number of receipts.
"""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cache, cached_property
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
       (p.amount * 100)::bigint, (p.returned * 100)::bigint, (p.discount * 100)::bigint
FROM customers_purchase p JOIN org_store s ON s.id = p.store_id
"""
_RECEIPT_TYPES = {
    "customer": INT8, "id": INT8, "day": INT4, "store": INT4, "channel": INT2, "hour": INT2, "cents": INT8,
    "returned": INT8, "discount": INT8,
}  # fmt: skip
_LINES = """
SELECT customer_id, purchase_id, number, product_id::int, (quantity * 1000)::bigint, (returned_quantity * 1000)::bigint,
       (amount * 100)::bigint, (returned_amount * 100)::bigint, (discount * 100)::bigint
FROM customers_line
"""
_LINE_TYPES = {
    "customer": INT8, "purchase": INT8, "number": INT2, "product": INT4, "milli": INT8, "returned_milli": INT8,
    "cents": INT8, "returned": INT8, "discount": INT8,
}  # fmt: skip
_OF_RECEIPTS = ("id", "day", "store", "channel", "hour", "cents", "discount")
_OF_LINES = ("product", "milli", "cents", "discount")
_HIGHEST = "SELECT coalesce(max(customer_id), 0), clock_timestamp() FROM customers_purchase"
STATEMENTS = [
    Statement("histories.receipts", _RECEIPTS, {}),
    Statement("histories.lines", _LINES, {}),
]


@dataclass(frozen=True)
class Part:
    """The histories of the customers of a range who have a purchase. Read-only arrays.

    Customer i's receipts are `first[i]:first[i + 1]`, in the order of days and then of receipt numbers. Receipt j's
    lines are `line_first[j]:line_first[j + 1]`. Days are days since 1970-01-01; money is in cents; quantities in
    thousandths. `receipt_hour` is by the store's clock. Amounts and quantities are what was kept, discounts those of
    the sale, but `line_kept_discount` is the share of what was kept.
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
        self.read_at: datetime | None = None  # by the database's clock: what was committed before is in here
        self._parts: int | None = None
        self._ahead: list[tuple[Any, Any]] = []
        self._dealt: set[int] = set()  # parts with rows; after a restore numbers have large gaps
        self._returned: set[int] = set()  # parts of which something came back

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
        """Part `number`: the purchases that count, with what was kept of them."""
        return self._mapped(number, "kept")

    @property
    def sold(self) -> "Sold":
        return Sold(self)

    def part_as_sold(self, number: int) -> Part:
        assert number < len(self)  # what came back is known once the tables have been read
        return self._mapped(number, "sold" if number in self._returned else "kept")

    def _mapped(self, number: int, view: str) -> Part:
        """Laid out on disk when it is first asked for, and mapped from there."""
        assert number < len(self)
        if number not in self._dealt:
            return _nobody()
        place = self._place / f"{view}-{number}"
        if not place.is_dir():
            self._lay_out(number, place, view == "kept")
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
        if not len(block["customer"]):  # all of it is of days to come
            return
        records = np.empty(len(block["customer"]), dtype=_dtype(block))
        for column, values in block.items():
            records[column] = values
        number = block["customer"] // RANGE
        order = np.argsort(number, kind="stable")
        records, number = records[order], number[order]
        came_back = records["returned" if name == "receipts" else "returned_milli"] > 0
        self._dealt.update(np.unique(number).tolist())
        self._returned.update(np.unique(number[came_back]).tolist())
        starts = np.flatnonzero(np.diff(number, prepend=-1))
        for start, end in zip(starts, [*starts[1:], len(number)], strict=True):
            with (self._place / f"{name}-{number[start]}").open("ab") as file:
                records[start:end].tofile(file)

    def _lay_out(self, number: int, place: Path, is_kept: bool) -> None:
        receipts = _taken(self._place / f"receipts-{number}", _RECEIPT_TYPES)
        lines = _taken(self._place / f"lines-{number}", _LINE_TYPES)
        kept_discount = lines["discount"]
        if is_kept:
            receipts, lines, kept_discount = _kept(receipts, lines)
        receipts = receipts[np.lexsort((receipts["id"], receipts["day"], receipts["customer"]))]
        customer, first = np.unique(receipts["customer"], return_index=True)
        line_first, order = _of_receipts(receipts["id"], lines)
        lines = lines[order]
        columns = {
            "customer": customer,
            "first": np.append(first, len(receipts)),
            "line_first": line_first,
            **{f"receipt_{name}": receipts[name] for name in _OF_RECEIPTS},
            **{f"line_{name}": lines[name] for name in _OF_LINES},
            "line_kept_discount": kept_discount[order],
        }  # fmt: skip
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=self._place))
        for name, values in columns.items():
            np.save(draft / f"{name}.npy", np.ascontiguousarray(values))
        try:
            draft.rename(place)
        except OSError:  # another thread was first
            shutil.rmtree(draft)


@dataclass(frozen=True)
class Sold:
    """The same histories as they were sold, whatever came back since: what was known on any day of the past."""

    histories: Histories

    @property
    def on(self) -> date:
        return self.histories.on

    def __len__(self) -> int:
        return len(self.histories)

    def part(self, number: int) -> Part:
        return self.histories.part_as_sold(number)

    def parts(self) -> Iterator[Part]:
        return (self.part(number) for number in range(len(self)))


@cache
def _nobody() -> Part:
    """The part of a range in which nobody bought."""
    receipts, lines = (np.empty(0, _dtypes(types)) for types in (_RECEIPT_TYPES, _LINE_TYPES))
    none = np.zeros(1, dtype=np.int64)
    return Part(
        customer=receipts["customer"], first=none, line_first=none, line_kept_discount=lines["discount"],
        **{f"receipt_{name}": receipts[name] for name in _OF_RECEIPTS},
        **{f"line_{name}": lines[name] for name in _OF_LINES},
    )  # fmt: skip


def _dtype(block: dict[str, Any]) -> Any:
    return np.dtype([(name, values.dtype) for name, values in block.items()])


def _taken(file: Path, types: dict[str, Any]) -> Any:
    """The rows that were dealt to a range."""
    dtype = _dtypes(types)
    return np.fromfile(file, dtype) if file.exists() else np.empty(0, dtype)


def _dtypes(types: dict[str, Any]) -> Any:
    return np.dtype([(name, kind.wire.replace(">", "=")) for name, kind in types.items()])


def _kept(receipts: Any, lines: Any) -> tuple[Any, Any, Any]:
    """What is left after what came back: receipts, lines, each line's share of its discount (half a cent is one)."""
    receipts = receipts[(receipts["returned"] == 0) | (receipts["returned"] < receipts["cents"])]
    receipts["cents"] -= receipts["returned"]
    lines = lines[lines["returned_milli"] < lines["milli"]]
    sold = lines["milli"].copy()
    lines["milli"] -= lines["returned_milli"]
    lines["cents"] -= lines["returned"]
    return receipts, lines, (2 * lines["discount"] * lines["milli"] + sold) // (2 * sold)


def _of_receipts(ids: Any, lines: Any) -> tuple[Any, Any]:
    """Where each receipt's lines begin, and which lines they are, in the receipts' order; others are left out."""
    order = np.argsort(ids)
    place = np.searchsorted(ids[order], lines["purchase"])
    place = order[np.minimum(place, max(len(ids) - 1, 0))] if len(ids) else place
    known = ids[place] == lines["purchase"] if len(ids) else np.zeros(len(lines), dtype=bool)
    taken, place = np.flatnonzero(known), place[known]
    counts = np.bincount(place, minlength=len(ids))
    return np.append(0, np.cumsum(counts)), taken[np.lexsort((lines["number"][taken], place))]
