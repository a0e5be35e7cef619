"""What an import of customers wrote: kept so that it can be undone; of a tried file, told as a diff."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import orjson

from customers.imports.customer_rows import PersonRow
from customers.upserts import Trace

SHOWN = 100  # new customers, and changes, that the page of a tried file shows
_COLUMNS = "customer_id, file_id, piece, row, is_new, before, after, identity_ids, tag_ids"
NEW, CHANGED = "new", "changed"
_NOT_SAID = frozenset({"name", "is_stub", "custom", "home_store_id", "enrolled_at"})
HEADER = ("row", "customer", "what", "field", "before", "after")


def keep(cur: Any, file_id: int, piece: int, told: Sequence[PersonRow], traces: Sequence[Trace]) -> None:
    """Add what one piece of an import wrote. In its transaction."""
    with cur.copy(f"COPY customers_importchange ({_COLUMNS}) FROM STDIN") as copy:
        for one in traces:
            copy.write_row(
                (
                    one.customer_id, file_id, piece, told[one.place].row, one.is_new, _json(one.before),
                    _json(one.after), one.identity_ids, one.tag_ids,
                )
            )  # fmt: skip


def _json(values: dict[str, Any]) -> str:
    return orjson.dumps(values).decode()


class Diff:
    """What a tried file would change: how often which field, the first of each kind in full, and all of it as a CSV.

    Like rejected rows, a piece is written whole again when it is done again. Pieces are joined at the end: the first
    new customers, then all changes, then the other new ones, so that a page reads the head alone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, piece: int, told: Sequence[PersonRow], traces: Sequence[Trace]) -> Counter[str]:
        """One piece's new customers and changes into their files; how often each field changes."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fields: Counter[str] = Counter()
        with self._part(piece, NEW) as new, self._part(piece, CHANGED) as changed:
            writers = csv.writer(new), csv.writer(changed)
            for one in traces:
                row, name = told[one.place].row, _text(told[one.place].fields.get("name", ""))
                if one.is_new:
                    writers[0].writerow([row, name, NEW, "", "", _text(_said(one))])
                    continue
                fields.update(one.before.keys() - {"is_stub"})
                fields.update({"identifiers": bool(one.identity_ids), "tags": bool(one.tag_ids)})
                for field, before, after in _changes(one):
                    writers[1].writerow([row, name, CHANGED, field, _text(before), _text(after)])
        return +fields

    def _part(self, piece: int, what: str) -> TextIO:
        return (self.folder / f"{piece:06}.{what}.csv").open("w", newline="", encoding="utf-8")

    def join(self, target: Path) -> None:
        unfinished = target.with_suffix(".part")
        new = self._lines(NEW)
        with unfinished.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            writer.writerows(islice(csv.reader(new), SHOWN))
            file.writelines(self._lines(CHANGED))
            file.writelines(new)
        unfinished.rename(target)

    def _lines(self, what: str) -> Iterator[str]:
        for piece in sorted(self.folder.glob(f"*.{what}.csv")):
            with piece.open(encoding="utf-8", newline="") as part:
                yield from part


def first_of(path: Path) -> dict[str, list[dict[str, str]]]:
    """The head of a joined diff: the first new customers and the first changes, by what they are."""
    found: dict[str, list[dict[str, str]]] = {NEW: [], CHANGED: []}
    if path.is_file():
        with path.open(newline="", encoding="utf-8-sig") as file:
            for line in islice(csv.DictReader(file), 2 * SHOWN):
                if len(found[line["what"]]) < SHOWN:
                    found[line["what"]].append(line)
    return found


def _said(one: Trace) -> str:
    """What the file told of somebody new, in a line."""
    plain = {name: value for name, value in one.after.items() if name not in _NOT_SAID}
    own = {f"custom.{code}": value for code, value in (one.after.get("custom") or {}).items()}
    said = [f"{name} {value}" for name, value in (plain | own).items() if value not in (None, "", False)]
    counts = (("identifiers", one.identity_ids), ("tags", one.tag_ids))
    return ", ".join([*said, *(f"{name} +{len(ids)}" for name, ids in counts if ids)])


def _changes(one: Trace) -> list[tuple[str, Any, Any]]:
    plain = one.before.keys() - {"is_stub", "custom"}
    changed = [(name, before, one.after[name]) for name, before in one.before.items() if name in plain]
    held, told = one.before.get("custom", {}), one.after.get("custom", {})
    changed += [
        (f"custom.{code}", held.get(code), told[code]) for code in told if told[code] != held.get(code)
    ]
    if one.identity_ids:
        changed.append(("identifiers", "", f"+{len(one.identity_ids)}"))
    if one.tag_ids:
        changed.append(("tags", "", f"+{len(one.tag_ids)}"))
    return changed


def _text(value: Any) -> str:
    """As a spreadsheet may show it: no formula."""
    text = "" if value is None else value.isoformat() if isinstance(value, date) else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") and not text[1:].isdigit() else text
