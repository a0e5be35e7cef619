"""Receipts are drawn customer by customer but belong into the tables in the order of time, as tills send them.

They are dealt into files by time, and each file is sorted when it is read: memory is bounded by a block of
customers or by one file, whichever is larger.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from crm.demo.synthetic.process import DAY, EVENT

ROWS_A_FILE = 250_000


class Spill:
    def __init__(self, directory: Path, *, days: int, expected: int) -> None:
        files = max(1, min(days, -(-expected // ROWS_A_FILE)))
        # First purchases crowd early but nobody has left yet late: days are near enough to equal shares.
        self._edges = np.linspace(0, days * DAY, files + 1)[1:-1]
        self._paths = [directory / f"{number:04d}.events" for number in range(files)]
        self.counts = np.zeros(files, dtype=np.int64)

    def add(self, events: np.ndarray) -> None:
        place = np.searchsorted(self._edges, events["at"], side="right")
        order = np.argsort(place, kind="stable")
        sizes = np.bincount(place, minlength=len(self._paths))
        for path, part in zip(self._paths, np.split(events[order], np.cumsum(sizes)[:-1]), strict=True):
            with path.open("ab") as file:
                part.tofile(file)
        self.counts += sizes

    def in_order(self, keep: int, seed: int) -> Iterator[np.ndarray]:
        """Exactly `keep` of the receipts, drawn evenly from all, in the order of time."""
        rng = np.random.default_rng([seed, 2 << 30])
        have, want = int(self.counts.sum()), keep
        for path, count in zip(self._paths, self.counts.tolist(), strict=True):
            events = np.fromfile(path, dtype=EVENT)
            path.unlink()
            take = (
                int(rng.hypergeometric(want, have - want, count))
                if 0 < want < have and count
                else min(want, count)
            )
            have, want = have - count, want - take
            if take < count:
                events = events[rng.permutation(count)[:take]]
            yield events[np.lexsort((events["customer"], events["at"]))]
