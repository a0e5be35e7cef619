"""Columns of many rows, kept in slices on disk while a job runs, so that its steps share what one of them read.

A slice is a dict of equally long numpy arrays. Slices lie as plain files in a folder that goes with the object and
are read back through the page cache: memory holds one slice at a time, whatever the number of rows.
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


class Columns:
    """Named sets of slices. `folder` is made below `parent`; `close` (or the end of the object) removes it."""

    def __init__(self, parent: Path) -> None:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(prefix="columns-", dir=parent)
        self._loading: defaultdict[tuple[str, int], threading.Lock] = defaultdict(threading.Lock)

    def close(self) -> None:
        self._folder.cleanup()

    def put(self, name: str, number: int, columns: Slice) -> None:
        """Keep slice `number` of the set `name`; a slice that is there already stays."""
        place = self._place(name, number)
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f"{number}-", dir=place.parent))
        for key, values in columns.items():
            np.save(fresh / f"{key}.npy", np.asarray(values), allow_pickle=False)
        try:
            fresh.rename(place)  # at once: another thread sees all columns or none
        except OSError:  # that thread was quicker, and its slice is as good
            shutil.rmtree(fresh, ignore_errors=True)

    def get(self, name: str, number: int) -> dict[str, Any]:
        """Slice `number`, mapped from its files: read it, do not write into it."""
        files = sorted(self._place(name, number).glob("*.npy"))
        return {file.stem: np.load(file, mmap_mode="r", allow_pickle=False) for file in files}

    def has(self, name: str, number: int) -> bool:
        return self._place(name, number).is_dir()

    def fetch(self, name: str, number: int, load: Callable[[int], Slice]) -> dict[str, Any]:
        """Slice `number`, loaded and kept if it is not there yet: once, whichever thread comes first."""
        with self._loading[name, number]:
            if not self.has(name, number):
                self.put(name, number, load(number))
        return self.get(name, number)

    def _place(self, name: str, number: int) -> Path:
        return Path(self._folder.name) / name / str(number)
