"""Columns of many rows, kept in slices while a job runs, so that its steps share what one of them read.

A slice is a dict of equally long numpy arrays. The first slices stay in memory, up to a bound. The others lie as plain
files in a folder that goes with the object and are read back through the page cache: memory is bounded, whatever the
number of rows.
"""

import shutil
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Slice = Mapping[str, Any]
IN_MEMORY = 128 << 20  # bytes of slices; about two million customers of a night


class Columns:
    """Named sets of slices. `folder` is made below `parent`; `close` (or the end of the object) removes it."""

    def __init__(self, parent: Path, in_memory: int = IN_MEMORY) -> None:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(prefix="columns-", dir=parent)
        self._loading: defaultdict[tuple[str, int], threading.Lock] = defaultdict(threading.Lock)
        self._kept: dict[tuple[str, int], dict[str, Any]] = {}
        self._on_disk: set[tuple[str, int]] = set()
        self._room, self._count = in_memory, threading.Lock()
        self._shared: dict[str, Any] = {}

    @staticmethod
    def sweep(parent: Path) -> None:
        """Remove what killed processes left; the caller knows that nobody else is at work below `parent`."""
        for left in parent.glob("columns-*"):
            shutil.rmtree(left, ignore_errors=True)

    def close(self) -> None:
        for shared in self._shared.values():
            shared.close()
        self._kept.clear()
        self._folder.cleanup()

    def put(self, name: str, number: int, columns: Slice) -> None:
        """Keep slice `number` of the set `name`, which is not there yet. The arrays must not be changed any more."""
        size = sum(values.nbytes for values in columns.values())
        with self._count:
            has_room = size <= self._room
            self._room -= size if has_room else 0
        if has_room:
            self._kept[name, number] = dict(columns)
            return
        place = self._place(name, number)
        place.mkdir(parents=True)
        for key, values in columns.items():
            np.save(place / f"{key}.npy", np.asarray(values), allow_pickle=False)
        self._on_disk.add((name, number))

    def get(self, name: str, number: int) -> dict[str, Any]:
        """Slice `number`, from memory or mapped from its files: read it, do not write into it."""
        if (name, number) in self._kept:
            return dict(self._kept[name, number])
        files = sorted(self._place(name, number).glob("*.npy"))
        return {file.stem: np.load(file, mmap_mode="r", allow_pickle=False) for file in files}

    def share(self, name: str, make: Callable[[Path], Any]) -> Any:
        """Something with a `close()` that steps share: made below the folder by whoever asks first."""
        with self._loading[name, -1]:
            if name not in self._shared:
                self._shared[name] = make(Path(self._folder.name))
        return self._shared[name]

    def has(self, name: str, number: int) -> bool:
        return (name, number) in self._kept or (name, number) in self._on_disk

    def fetch(self, name: str, number: int, load: Callable[[int], Slice]) -> dict[str, Any]:
        """Slice `number`, loaded and kept if it is not there yet: once, whichever thread comes first."""
        with self._loading[name, number]:
            if not self.has(name, number):
                self.put(name, number, load(number))
        return self.get(name, number)

    def _place(self, name: str, number: int) -> Path:
        return Path(self._folder.name) / name / str(number)
