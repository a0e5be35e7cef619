"""A person in the files of imports: found cell by cell, as the importer reads them; taken out with the row or the file.

An upload is somebody's own file and may be of any format: one that holds the person is removed whole, and so is one
that can no longer be read, for nobody can say what is in it. Rejected rows are ours: the person's go, the rest stays.
A file that a command named is not in our hands; docs/privacy.md says so.
"""

import csv
from collections.abc import Container, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.privacy.erasing import StillInUse
from crm.privacy.subjects import Subject
from customers.imports import places
from customers.imports.files import open_table
from customers.imports.refusals import UnreadableFile
from customers.models import IdentityKind, ImportFile

_BY = "system:privacy"


class Uploads:
    """Uploaded files, and what imports keep beside them to go on from."""

    def quoting(self, subject: Subject) -> list[dict[str, Any]]:
        return [
            {"file": file.pk, "row": row} | cells
            for file in _uploads()
            for row, cells in _rows(file, subject)
        ]

    def take_out(self, subject: Subject) -> int:
        found = [file for file in _uploads() if _holds(file, subject)]
        if any(file.job is not None and not file.job.is_ended for file in found):
            raise StillInUse(
                _("An import is reading a file with this person: wait for it to end, or stop it.")
            )
        for file in found:
            _forget(file, timezone.now())
        return len(found)


class Rejected:
    """The rows that imports rejected."""

    def quoting(self, subject: Subject) -> list[dict[str, Any]]:
        return [
            {"file": file.pk, **row} for file in _with_rejected() for row in _rejected_rows(file, subject)
        ]

    def take_out(self, subject: Subject) -> int:
        return sum(_rewrite(places.rejected_file(file), _Person(subject)) for file in _with_rejected())


class Diffs:
    """What tried files would change. Rows are named by number alone, so who is in them tells the file that was tried:
    one whose file holds the person, or cannot be read any more, is removed whole. It can be had again by trying again.
    """

    def quoting(self, subject: Subject) -> list[dict[str, Any]]:
        return [
            {"file": file.pk, **row}
            for file in _with_diff()
            for row in _told(places.diff_file(file), subject, _numbers(file, subject))
        ]

    def take_out(self, subject: Subject) -> int:
        found = [file for file in _with_diff() if _may_tell(file, subject)]
        for file in found:
            places.diff_file(file).unlink(missing_ok=True)
        return len(found)


UPLOADS = Uploads()
REJECTED = Rejected()
DIFFS = Diffs()


class _Person:
    """How a cell tells of the person: by an identifier in any writing, or by their name."""

    def __init__(self, subject: Subject) -> None:
        phones = [value for kind, value in subject.identifiers if kind == IdentityKind.PHONE]
        self.digits = sorted({value.lstrip("+")[-8:] for value in phones})
        exact = {value.lower() for kind, value in subject.identifiers if kind != IdentityKind.PHONE}
        self.exact = sorted(exact | {quote.lower() for quote in subject.quotes})

    def in_column(self, column: Any) -> Any:
        """Which cells of a column of texts do."""
        text = pc.utf8_trim_whitespace(pc.utf8_lower(pc.fill_null(column.cast(pa.string()), "")))
        found = pc.is_in(text, value_set=pa.array(self.exact, pa.string()))
        if self.digits:
            digits = pc.replace_substring_regex(text, pattern="[^0-9]", replacement="")
            for tail in self.digits:
                found = pc.or_(found, pc.ends_with(digits, pattern=tail))
        return found

    def in_cells(self, cells: list[str]) -> bool:
        return bool(cells) and pc.any(self.in_column(pa.array(cells, pa.string()))).as_py()


def _uploads() -> Iterator[ImportFile]:
    for file in ImportFile.objects.select_related("job").filter(removed_at=None).order_by("pk"):
        if places.is_upload(file) and places.path_of(file).exists():
            yield file


def _with_rejected() -> Iterator[ImportFile]:
    for file in ImportFile.objects.exclude(rejected_path="").order_by("pk"):
        if places.rejected_file(file).exists():
            yield file


def _with_diff() -> Iterator[ImportFile]:
    for path in sorted(places.diffs().iterdir()):
        number = path.name.partition("-")[0]
        if path.name.endswith("-changes.csv") and number.isdecimal():
            yield ImportFile.objects.filter(pk=number).first() or ImportFile(pk=int(number), path="")


def _may_tell(file: ImportFile, subject: Subject) -> bool:
    return (
        not places.path_of(file).is_file()
        or _holds(file, subject)
        or next(_told(places.diff_file(file), subject), None) is not None
    )


def _numbers(file: ImportFile, subject: Subject) -> set[str]:
    """The numbers of the person's rows in the file that was tried, as far as it can be read."""
    if not places.path_of(file).is_file():
        return set()
    try:
        return {str(number) for number, _cells in _rows(file, subject)}
    except UnreadableFile:
        return set()


def _holds(file: ImportFile, subject: Subject) -> bool:
    try:
        return next(iter(_rows(file, subject)), None) is not None
    except UnreadableFile:
        return True


def _rows(file: ImportFile, subject: Subject) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows of an upload that tell of the person: their number and cells."""
    person = _Person(subject)
    for block in open_table(places.path_of(file)).blocks():
        if not len(block.rows):
            continue
        found = None
        for column in block.columns.values():
            hits = person.in_column(column)
            found = hits if found is None else pc.or_(found, hits)
        for index in pc.indices_nonzero(found).to_pylist() if found is not None else ():
            yield (
                int(block.rows[index]),
                {name: column[index].as_py() for name, column in block.columns.items()},
            )


def _forget(file: ImportFile, at: datetime) -> None:
    """Remove an upload and everything that other imports of the same file keep of it."""
    with transaction.atomic():
        same = ImportFile.objects.select_for_update().filter(
            Q(pk=file.pk) | Q(path=file.path), removed_at=None
        )
        for one in same:
            trail.record("import.forget_upload", one, by=_BY)
            places.remove_work(one)
        same.update(removed_at=at)
    places.remove_upload(places.path_of(file))


def _rejected_rows(file: ImportFile, subject: Subject) -> Iterator[dict[str, Any]]:
    return _told(places.rejected_file(file), subject)


def _told(path: Path, subject: Subject, numbers: Container[str] = ()) -> Iterator[dict[str, Any]]:
    """Rows of a CSV of ours that tell of the person, or have one of these numbers."""
    person = _Person(subject)
    with path.open(encoding="utf-8-sig", newline="") as told:
        reader = csv.reader(told)
        names = next(reader, [])
        for cells in reader:
            if cells and (cells[0] in numbers or person.in_cells(_plain(cells))):
                yield dict(zip(names, cells, strict=False))


def _rewrite(path: Path, person: _Person) -> int:
    """The file without the person's rows; how many those were."""
    unfinished, gone = path.with_suffix(".part"), 0
    writing: Any = {"encoding": "utf-8-sig", "newline": ""}
    with path.open(**writing) as told, unfinished.open("w", **writing) as file:
        writer = csv.writer(file)
        for number, cells in enumerate(csv.reader(told)):
            if number and person.in_cells(_plain(cells)):
                gone += 1
            else:
                writer.writerow(cells)
    unfinished.rename(path) if gone else unfinished.unlink()
    return gone


def _plain(cells: list[str]) -> list[str]:
    """Without the mark against formulas (`rejected._harmless`)."""
    return [cell[1:] if cell[:1] == "'" else cell for cell in cells]
