"""What the readers of files give: some rows at a time, as columns."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

BLOCK_ROWS = 65_536
SAMPLE_BYTES = 4 << 20
MOST_NAMES = 100


@dataclass
class Block:
    """Some rows. `broken` are the numbers of rows that are no rows: too many fields, no JSON."""

    rows: Any
    columns: dict[str, Any]
    bytes_read: int
    broken: list[int] = field(default_factory=list)


class Table(Protocol):
    """An open file. `estimate` is the number of rows, as far as it can be known."""

    names: list[str]
    size: int
    estimate: int

    def blocks(self) -> Iterator[Block]: ...
