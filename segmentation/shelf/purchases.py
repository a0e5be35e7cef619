"""Purchases on the shelf: receipts in the order of their days, lines in the order of their products.

So a window is a stretch of receipts, and a category a few stretches of lines; the rest is never looked at. `place` is
that of the customer on the shelf. Money is in cents, quantities in thousandths, days are days since 1970.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from customers.histories import Histories, Part
from segmentation.shelf.laying import Shelf

RECEIPTS = {"place": np.int32, "day": np.int32, "store": np.int32, "channel": np.int16, "cents": np.int64}
LINES = {
    "place": np.int32, "day": np.int32, "store": np.int32, "channel": np.int16, "receipt": np.int32,
    "product": np.int32, "milli": np.int64, "cents": np.int64, "discounted": np.int8,
}  # fmt: skip


def lay(shelf: Shelf, histories: Histories) -> None:
    """Two passes over the histories: how many there are of each day and product, then each row to its place."""
    laying = _Laying(shelf)
    for part in histories.parts():
        laying.count(part)
    laying.open()
    for part in histories.parts():
        laying.put(part)
    laying.close()


class _Laying:
    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.receipts = _Sorted(shelf.place, "receipts", RECEIPTS)
        self.lines = _Sorted(shelf.place, "lines", LINES)
        self.done = 0

    def count(self, part: Part) -> None:
        is_here = self._places(part)[0][part.owner]
        self.receipts.count(part.receipt_day[is_here])
        self.lines.count(part.line_product[is_here[part.line_receipt]])

    def open(self) -> None:
        self.receipts.open()
        self.lines.open()
        place = self.shelf.place / "receipt_place.npy"
        self.owners = np.lib.format.open_memmap(place, mode="w+", dtype=np.int32, shape=(self.receipts.rows,))

    def put(self, part: Part) -> None:
        """Receipts are numbered as they come, so that lines can say which is theirs."""
        is_here, place = self._places(part)
        owner = part.owner
        kept = np.flatnonzero(is_here[owner])
        place = place[owner]
        columns = {name: getattr(part, f"receipt_{name}")[kept] for name in RECEIPTS if name != "place"}
        self.receipts.put(columns["day"], columns | {"place": place[kept]})
        self.owners[self.done : self.done + len(kept)] = place[kept]
        numbers = np.full(len(owner), -1, dtype=np.int32)
        numbers[kept] = np.arange(self.done, self.done + len(kept), dtype=np.int32)
        self._put_lines(part, numbers, place)
        self.done += len(kept)

    def _put_lines(self, part: Part, numbers: Any, place: Any) -> None:
        receipt = part.line_receipt
        lines = np.flatnonzero(numbers[receipt] >= 0)
        receipt = receipt[lines]
        columns = {name: getattr(part, f"receipt_{name}")[receipt] for name in ("day", "store", "channel")}
        columns |= {name: getattr(part, f"line_{name}")[lines] for name in ("product", "milli", "cents")}
        columns |= {"place": place[receipt], "receipt": numbers[receipt]}
        self.lines.put(columns["product"], columns | {"discounted": part.line_discount[lines] > 0})

    def close(self) -> None:
        told = {"receipts": self.receipts.close(), "lines": self.lines.close()}
        (self.shelf.place / "purchases.json").write_text(json.dumps(told))

    def _places(self, part: Part) -> tuple[Any, Any]:
        """Which of the part's customers are on the shelf, and where."""
        everybody = self.shelf.customers
        if not len(everybody) or not len(part):
            return np.zeros(len(part), dtype=bool), np.zeros(len(part), dtype=np.int32)
        place = np.minimum(np.searchsorted(everybody, part.customer), len(everybody) - 1)
        return everybody[place] == part.customer, place.astype(np.int32)


class _Sorted:
    """Columns on disk, filled part by part so that they end sorted by a small whole number."""

    def __init__(self, place: Path, name: str, types: dict[str, Any]) -> None:
        self._place, self._name, self._types = place, name, types
        self._counts = np.zeros(1, dtype=np.int64)
        self.rows = 0

    def count(self, keys: Any) -> None:
        size = max(len(self._counts), int(keys.max(initial=0)) + 1)
        counts = np.bincount(keys, minlength=size)
        counts[: len(self._counts)] += self._counts
        self._counts = counts

    def open(self) -> None:
        self.rows = int(self._counts.sum())
        self._next = np.cumsum(self._counts) - self._counts
        self._columns = {
            name: np.lib.format.open_memmap(
                self._place / f"{self._name}_{name}.npy", mode="w+", dtype=dtype, shape=(self.rows,)
            )
            for name, dtype in self._types.items()
        }

    def put(self, keys: Any, columns: dict[str, Any]) -> None:
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        begins = np.searchsorted(keys, keys, side="left")
        places = self._next[keys] + np.arange(len(keys)) - begins
        for name, column in self._columns.items():
            column[places] = columns[name][order]
        counts = np.bincount(keys, minlength=len(self._next))
        self._next += counts

    def close(self) -> dict[str, Any]:
        """The keys that occur, and where each begins."""
        keys = np.flatnonzero(self._counts)
        starts = (np.cumsum(self._counts) - self._counts)[keys]
        for column in self._columns.values():
            column.flush()
        return {"keys": keys.tolist(), "starts": [*starts.tolist(), self.rows]}


class Rows:
    """Receipts or lines as they lie on a shelf: `column(name)`, and which rows have one of some keys."""

    def __init__(self, place: Path, name: str, told: dict[str, Any]) -> None:
        self._place, self._name = place, name
        self.keys, self._starts = (
            np.array(told["keys"], dtype=np.int64),
            np.array(told["starts"], dtype=np.int64),
        )

    def column(self, name: str) -> Any:
        return np.load(self._place / f"{self._name}_{name}.npy", mmap_mode="r", allow_pickle=False)

    def between(self, low: int | None, high: int | None) -> slice:
        """The rows with low ≤ key ≤ high."""
        begin = 0 if low is None else int(np.searchsorted(self.keys, low, side="left"))
        end = len(self.keys) if high is None else int(np.searchsorted(self.keys, high, side="right"))
        return slice(int(self._starts[begin]), int(self._starts[max(begin, end)]))

    def having(self, keys: Sequence[int] | Any) -> Any:
        """The rows with one of these keys, as places."""
        found = np.flatnonzero(np.isin(self.keys, keys))
        begins, sizes = self._starts[found], self._starts[found + 1] - self._starts[found]
        if not len(found):
            return np.empty(0, dtype=np.int64)
        ends = np.cumsum(sizes)
        return np.repeat(begins - (ends - sizes), sizes) + np.arange(ends[-1])
