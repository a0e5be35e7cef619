"""NDJSON as blocks of columns: one object a line, its fields in any order, some of them missing."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import orjson
import pyarrow as pa

from customers.imports.blocks import BLOCK_ROWS, MOST_NAMES, SAMPLE_BYTES, Block

NDJSON_ROW_BYTES = 160  # for estimates
LONGEST_LINE = 1 << 20


class JsonTable:
    """One object a line. Fields that a line lacks are empty."""

    def __init__(self, path: Path, size: int, *, is_whole: bool) -> None:
        self.path = path
        self.size = size
        self.estimate = size // NDJSON_ROW_BYTES + 1
        self.names = self._names(size if is_whole else SAMPLE_BYTES)

    def _names(self, most_bytes: int) -> list[str]:
        """All names in these bytes, in the order of their first appearance: a field may come late, as those of returns.

        Far more names than any file of ours has are enough to refuse it.
        """
        names: dict[str, None] = {}
        with self.path.open("rb") as file:
            for line in _lines(file):
                found = _object(line) or {}
                if not found.keys() <= names.keys():
                    names |= dict.fromkeys(found)
                if len(names) > MOST_NAMES or file.tell() > most_bytes:
                    break
        return list(names)[:MOST_NAMES]

    def blocks(self) -> Iterator[Block]:
        with self.path.open("rb") as file:
            rows: list[int] = []
            objects: list[dict[str, Any]] = []
            broken: list[int] = []
            for number, line in enumerate(_lines(file), start=1):
                if not line.strip():
                    continue
                found = _object(line)
                if found is None:
                    broken.append(number)
                else:
                    rows.append(number)
                    objects.append(found)
                if len(rows) + len(broken) >= BLOCK_ROWS:
                    yield self._block(rows, objects, broken, file.tell())
                    rows, objects, broken = [], [], []
            if rows or broken:
                yield self._block(rows, objects, broken, self.size)

    def _block(self, rows: list[int], objects: list[dict[str, Any]], broken: list[int], read: int) -> Block:
        columns = {
            name: pa.array([_plain(found.get(name)) for found in objects], pa.string()) for name in self.names
        }
        return Block(np.array(rows, dtype=np.int64), columns, read, broken)


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Lines. Of one longer than any row only the beginning: a file without line ends must not fill the memory."""
    while line := file.readline(LONGEST_LINE):
        yield line
        while len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _plain(value: Any) -> str:
    """A JSON value as the text that it would be in a CSV."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
