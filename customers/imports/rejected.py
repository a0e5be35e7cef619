"""Rejected rows as a file to download: the row's number, what is wrong, and what the row was about.

Each part of the import writes its own piece (again, when it is done again); the pieces are joined at the end.
"""

import csv
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from customers.imports import places
from customers.imports.values import Reasons
from customers.models import ImportFile


class RejectedRows:
    def __init__(self, folder: Path, header: tuple[str, ...], reasons: Reasons) -> None:
        self.folder = folder
        self.header = header
        self.reasons = reasons

    def write(self, piece: int, rows: Iterable[tuple[Any, ...]]) -> None:
        """`rows`: (row number, reason number, what the row is about …)."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._piece(piece).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            for number, reason, *about in sorted(rows):
                writer.writerow(
                    [
                        number,
                        self.reasons.codes[reason],
                        self.reasons.sentences[reason],
                        *map(_harmless, about),
                    ]
                )

    def append(self, piece: int, rows: Iterable[tuple[int, int]]) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._piece(piece).open("a", newline="", encoding="utf-8") as file:
            for number, reason in rows:
                csv.writer(file).writerow(
                    [number, self.reasons.codes[reason], self.reasons.sentences[reason]]
                )

    def join(self, target: Path) -> None:
        """All pieces as one CSV, with a mark so that spreadsheets read it as UTF-8."""
        unfinished = target.with_suffix(".part")
        with unfinished.open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerow(["row", "reason", "explanation", *self.header])
            for piece in sorted(self.folder.glob("*.csv")):
                with piece.open(encoding="utf-8", newline="") as part:
                    shutil.copyfileobj(part, file)
        unfinished.rename(target)

    def deliver(self, file: ImportFile) -> None:
        """Join them into the file to download, and note it on the import."""
        target = places.rejected_file(file)
        self.join(target)
        file.rejected_path = str(target)
        file.save(update_fields=["rejected_path"])

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _piece(self, piece: int) -> Path:
        return self.folder / f"{piece:05}.csv"


def _harmless(value: Any) -> Any:
    """A spreadsheet must not take a value of the file for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value
