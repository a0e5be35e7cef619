"""What an import of customers wrote: kept so that it can be undone; of a tried file, told as a diff."""

import csv
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from customers.imports.customer_rows import PersonRow
from customers.upserts import Trace

SHOWN = 100  # changes that the page of a tried file shows
_COLUMNS = "customer_id, file_id, piece, row, is_new, before, after, identity_ids, tag_ids"
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
    """What a tried file would change: how often which field, the first changes in full, and all of them as a CSV.

    Like rejected rows, a piece is written whole again when it is done again; pieces are joined at the end.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, piece: int, told: Sequence[PersonRow], traces: Sequence[Trace]) -> Counter[str]:
        """One piece's changes into its file; how often each field changes."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fields: Counter[str] = Counter()
        with (self.folder / f"{piece:06}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            for one in traces:
                row, name = told[one.place].row, told[one.place].fields.get("name", "")
                if one.is_new:
                    writer.writerow([row, name, "new", "", "", ""])
                    continue
                fields.update(one.before.keys() - {"is_stub"})
                fields.update({"identifiers": bool(one.identity_ids), "tags": bool(one.tag_ids)})
                for field, before, after in _changes(one):
                    writer.writerow([row, name, "changed", field, _text(before), _text(after)])
        return +fields

    def join(self, target: Path) -> None:
        unfinished = target.with_suffix(".part")
        with unfinished.open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerow(HEADER)
            for piece in sorted(self.folder.glob("*.csv")):
                with piece.open(encoding="utf-8", newline="") as part:
                    for line in part:
                        file.write(line)
        unfinished.rename(target)


def first_of(path: Path) -> list[dict[str, str]]:
    """The first changes of a joined diff; new customers are only counted, so they are left out."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8-sig") as file:
        found = []
        for line in csv.DictReader(file):
            if line["what"] == "changed":
                found.append(line)
                if len(found) == SHOWN:
                    break
    return found


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
