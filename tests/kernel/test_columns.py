"""Columns that steps share: in memory up to a bound, then on disk; loaded once whoever asks; gone in the end."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crm.lib.columns import Columns

BYTES = 3 * 8  # of one slice


@pytest.fixture
def columns(tmp_path: Path) -> Iterator[Columns]:
    made = Columns(tmp_path, in_memory=2 * BYTES)
    yield made
    made.close()
    assert list(tmp_path.iterdir()) == []


def a_slice(number: int) -> dict[str, Any]:
    return {"id": np.arange(number, number + 3, dtype=np.int64)}


def test_the_first_slices_stay_in_memory_and_the_others_lie_on_disk(columns: Columns, tmp_path: Path) -> None:
    for number in range(4):
        columns.put("states", number, a_slice(number))
    assert len(list(tmp_path.rglob("*.npy"))) == 2
    for number in range(4):
        assert columns.has("states", number)
        assert columns.get("states", number)["id"].tolist() == [number, number + 1, number + 2]
    assert not columns.has("states", 4)
    assert not columns.has("other", 0)


def test_a_slice_is_loaded_once_whoever_asks(columns: Columns) -> None:
    loaded: list[int] = []
    asked = threading.Barrier(4, timeout=20)

    def load(number: int) -> dict[str, Any]:
        loaded.append(number)
        return a_slice(number)

    def ask() -> None:
        asked.wait()
        for number in range(4):
            assert columns.fetch("states", number, load)["id"][0] == number

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(loaded) == [0, 1, 2, 3]
