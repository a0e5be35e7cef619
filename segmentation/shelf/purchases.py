"""Purchases on the shelf: receipts in the order of their days, lines in the order of their products.

So a window is a stretch of receipts, and a category a few stretches of lines; the rest is never looked at. `place` is
that of the customer on the shelf. Money is in cents, quantities in thousandths, days are days since 1970.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
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
    """First how many rows there are of each day and product, then where each row goes, then a column at a time: so one
    column is in memory, and never the table."""
    receipts, lines = _Sorted(shelf.place, "receipts", RECEIPTS), _Sorted(shelf.place, "lines", LINES)
    for here in _parts(shelf, histories):
        receipts.count(here.day)
        lines.count(here.product)
    for here in _parts(shelf, histories):
        receipts.arrange(here.day)
        lines.arrange(here.product)
    for name in RECEIPTS:
        receipts.lay(name, (here.of_receipts(name) for here in _parts(shelf, histories)))
    for name in LINES:
        lines.lay(name, (here.of_lines(name) for here in _parts(shelf, histories)))
    owners = np.concatenate(
        [np.empty(0, np.int32), *(here.of_receipts("place") for here in _parts(shelf, histories))]
    )
    shelf.save("receipt_place", owners)
    told = {"receipts": receipts.close(), "lines": lines.close()}
    (shelf.place / "purchases.json").write_text(json.dumps(told))


def _parts(shelf: Shelf, histories: Histories) -> Iterator["_Here"]:
    done = 0
    for part in histories.parts():
        here = _Here(shelf.customers, part, done)
        yield here
        done += len(here.receipts)


class _Here:
    """Receipts and lines of a part whose customers are on the shelf. `first`: the number of its first receipt there."""

    def __init__(self, everybody: Any, part: Part, first: int) -> None:
        self.part, self.first = part, first
        place = np.minimum(np.searchsorted(everybody, part.customer), max(len(everybody) - 1, 0))
        is_here = everybody[place] == part.customer if len(everybody) else np.zeros(len(part), dtype=bool)
        self._place, self._is_here = place.astype(np.int32), is_here

    @cached_property
    def receipts(self) -> Any:
        return np.flatnonzero(self._is_here[self.part.owner])

    @cached_property
    def lines(self) -> Any:
        return np.flatnonzero(self._is_here[self.part.owner][self.part.line_receipt])

    @property
    def day(self) -> Any:
        return self.part.receipt_day[self.receipts]

    @property
    def product(self) -> Any:
        return self.part.line_product[self.lines]

    def of_receipts(self, name: str) -> Any:
        if name == "place":
            return self._place[self.part.owner[self.receipts]]
        return getattr(self.part, f"receipt_{name}")[self.receipts]

    def of_lines(self, name: str) -> Any:
        """Receipts are numbered as they come, so that lines can say which is theirs."""
        match name:
            case "product" | "milli" | "cents":
                return getattr(self.part, f"line_{name}")[self.lines]
            case "discounted":
                return self.part.line_discount[self.lines] > 0
        receipt = self.part.line_receipt[self.lines]
        match name:
            case "receipt":
                return self.first + np.searchsorted(self.receipts, receipt)
            case "place":
                return self._place[self.part.owner[receipt]]
        return getattr(self.part, f"receipt_{name}")[receipt]


class _Sorted:
    """Columns on disk, filled part by part so that they end sorted by a small whole number."""

    def __init__(self, place: Path, name: str, types: dict[str, Any]) -> None:
        self._place, self._name, self._types = place, name, types
        self._counts = np.zeros(1, dtype=np.int64)
        self._next: Any = None
        self._to = place / f"{name}_to.tmp"  # where each row goes, part after part
        self._to.unlink(missing_ok=True)

    def count(self, keys: Any) -> None:
        size = max(len(self._counts), int(keys.max(initial=0)) + 1)
        counts = np.bincount(keys, minlength=size)
        counts[: len(self._counts)] += self._counts
        self._counts = counts

    def arrange(self, keys: Any) -> None:
        if self._next is None:
            self._next = np.cumsum(self._counts) - self._counts
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        to = np.empty(len(keys), dtype=np.int64)
        to[order] = self._next[keys] + np.arange(len(keys)) - np.searchsorted(keys, keys, side="left")
        self._next += np.bincount(keys, minlength=len(self._next))
        with self._to.open("ab") as file:
            to.tofile(file)

    def lay(self, name: str, values: Iterable[Any]) -> None:
        column = np.empty(int(self._counts.sum()), dtype=self._types[name])
        with self._to.open("rb") as file:
            for some in values:
                column[np.fromfile(file, np.int64, len(some))] = some
        np.save(self._place / f"{self._name}_{name}.npy", column, allow_pickle=False)

    def close(self) -> dict[str, Any]:
        """The keys that occur, and where each begins."""
        self._to.unlink(missing_ok=True)
        keys = np.flatnonzero(self._counts)
        starts = (np.cumsum(self._counts) - self._counts)[keys]
        return {"keys": keys.tolist(), "starts": [*starts.tolist(), int(self._counts.sum())]}


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
