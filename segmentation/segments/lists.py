"""Lists: segments whose customers were named one by one, from a file or as another segment stands now.

A file has a column that says who: our number (cus_…), a member number, card, phone or e-mail. Each is looked up exactly
as it is written there; what nobody has, and what is somebody's of another store, is not matched, and comes back with
its row. A new file is a new version of the list.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar

from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from crm.org.countries import of_chain
from crm.org.scope import Viewer
from customers import identities
from customers.models import Customer, Identity
from segmentation.models import Segment, SegmentKind, SegmentVersion
from segmentation.segments import listcolumns, roster, saving

MOST = 1_000_000  # customers of a list
BATCH = 5_000


class TooMany(Refusal):
    code: ClassVar[str] = "list_too_long"


@dataclass(frozen=True)
class Matched:
    """Whom a file names. `is_headless`: its first row is a customer's, too."""

    customers: list[int]  # row numbers, each once, rising
    unmatched: list[tuple[int, str]]  # (row of the file, what stood there)
    broken: list[int]  # rows that are no rows: too many fields, no object
    empty: int  # rows with nothing in the column
    is_headless: bool

    def unmatched_file(self) -> str:
        """The rows that were nobody's or could not be read, as a CSV file that spreadsheets open safely."""
        text = StringIO()
        writer = csv.writer(text)
        writer.writerow([_("row"), _("value")])
        writer.writerows((row, f"'{value}" if value[:1] in "=+-@\t\r" and not value[1:].isdigit() else value)
                         for row, value in self.unmatched)  # fmt: skip
        writer.writerows((row, _("(could not be read)")) for row in self.broken)
        return text.getvalue()


def match(path: Path, viewer: Viewer, *, column: str = "", kind: str = "") -> Matched:
    """Whom a file names, of those that the viewer sees. Without a column: the one that says who most surely.

    Raises UnreadableFile, NoColumn, TooMany.
    """
    columns = listcolumns.of(path)
    column, kind = columns.chosen(column, kind)
    first = columns.begins_with(column, kind)
    cells = _Cells(path, column, first)
    customers: dict[int, None] = {}
    unmatched: list[tuple[int, str]] = []
    for batch in cells:
        found = _found(kind, [value for _row, value in batch], viewer)
        for row, value in batch:
            if value in found:
                customers.setdefault(found[value])
            else:
                unmatched.append((row, value))
        if len(customers) > MOST:
            raise TooMany(_("A list has at most %(n)d customers.") % {"n": MOST})
    return Matched(sorted(customers), unmatched, cells.broken, cells.empty, bool(first))


@transaction.atomic
def create(
    *, by: Any, name: str, customers: Iterable[int], about: str = "", is_shared: bool = True
) -> Segment:
    """A list of these customers. Raises NameTaken."""
    made = saving.create(
        by=by, name=name, about=about, is_shared=is_shared, kind=SegmentKind.LIST, definition={}
    )
    _list(made.versions.get(number=1), customers)
    return made


@transaction.atomic
def replace(
    segment: Segment, customers: Iterable[int], *, by: Any, seen: int | None = None, remark: str = ""
) -> SegmentVersion:
    """The next version of a list, with these customers. Raises OfTheChain, ChangedMeanwhile, Archived."""
    added = saving.next_list(segment, by=by, seen=seen, remark=remark)
    _list(added, customers)
    return added


def from_segment(segment: Segment, *, by: Any, name: str, about: str = "", is_shared: bool = True) -> Segment:
    """A list of those who are in a segment now, as far as its author sees them: it does not change when they do."""
    customers = [one.customer_id for one in roster.members(segment, by)]
    return create(by=by, name=name, about=about, is_shared=is_shared, customers=customers)


def copy_listed(version: SegmentVersion, to: SegmentVersion) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_COPY, {"version": version.pk, "to": to.pk})


def _list(version: SegmentVersion, customers: Iterable[int]) -> None:
    """Living customers alone, each once."""
    with connection.cursor() as cursor:
        cursor.execute(_LIST, {"version": version.pk, "ids": list(customers)})


class _Cells:
    """(row, value) of the cells of a column that hold something, some at a time; beside them what held nothing."""

    def __init__(self, path: Path, column: str, first: str) -> None:
        self.path, self.column, self.first = path, column, first
        self.broken: list[int] = []
        self.empty = 0

    def __iter__(self) -> Iterator[list[tuple[int, str]]]:
        from customers.imports.files import open_table

        if self.first:
            yield [(1, self.first)]
        for block in open_table(self.path).blocks():
            rows: Sequence[int] = block.rows.tolist()
            values = [str(value or "").strip() for value in block.columns[self.column].to_pylist()]
            told = [(row, value) for row, value in zip(rows, values, strict=True) if value]
            self.broken += [int(row) for row in block.broken]
            self.empty += len(rows) - len(told)
            for start in range(0, len(told), BATCH):
                yield told[start : start + BATCH]


def _found(kind: str, values: list[str], viewer: Viewer) -> dict[str, int]:
    """What was written to whose it is. A phone that may be of two countries is nobody's unless one of them has it."""
    asked: dict[str, tuple[int, ...]]
    if kind == listcolumns.ID:
        asked = {
            value: (pk,) if (pk := Customer.row_id(value.lower())) is not None else () for value in values
        }
    else:
        countries = of_chain()
        forms = {value: identities.readings(kind, value, countries=countries) for value in values}
        known = Identity.objects.filter(
            kind=kind, value__in={form for some in forms.values() for form in some}
        )
        by_form = dict(known.values_list("value", "customer_id"))
        asked = {v: tuple({by_form[form] for form in some if form in by_form}) for v, some in forms.items()}
    seen = set(
        Customer.objects.visible_to(viewer)
        .living()
        .filter(pk__in={pk for some in asked.values() for pk in some})
        .values_list("pk", flat=True)
    )
    return {value: pks[0] for value, pks in asked.items() if len(pks) == 1 and pks[0] in seen}


_LIST = """
INSERT INTO segmentation_segmentlisted (customer_id, version_id)
SELECT id, %(version)s FROM customers_customer
WHERE id = ANY(%(ids)s::bigint[]) AND merged_into_id IS NULL AND erased_at IS NULL
"""
_COPY = """
INSERT INTO segmentation_segmentlisted (customer_id, version_id)
SELECT customer_id, %(to)s FROM segmentation_segmentlisted WHERE version_id = %(version)s
"""
