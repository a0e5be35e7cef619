"""Lists: segments whose customers were named one by one, from a file or as another segment stands now.

A file has a column that says who: our number (cus_…), a member number, card, phone or e-mail. Each is looked up exactly
as it is written there; what nobody has, and what is somebody's of another store, is not matched, and comes back with
its row. A new file is a new version of the list.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from customers.models import Customer, Identity, IdentityKind
from segmentation.models import Segment, SegmentKind, SegmentVersion
from segmentation.segments import roster, saving

ID = "id"
# What a column can hold, in the order in which a file's columns are tried, with the names that they go by.
KINDS: Mapping[str, tuple[str, ...]] = {
    ID: ("id", "customer", "customer_id"),
    IdentityKind.MEMBER.value: ("number",),
    IdentityKind.CARD.value: ("card",),
    IdentityKind.PHONE.value: ("phone", "phones"),
    IdentityKind.EMAIL.value: ("email", "emails"),
}
MOST = 1_000_000  # customers of a list
BATCH = 5_000


class NoColumn(Refusal):
    """No column of the file says who."""

    code: ClassVar[str] = "no_such_column"


class TooMany(Refusal):
    code: ClassVar[str] = "list_too_long"


@dataclass(frozen=True)
class Matched:
    """`customers`: row numbers, each once. `unmatched`: (row of the file, what stood there)."""

    customers: list[int]
    unmatched: list[tuple[int, str]]

    def unmatched_file(self) -> str:
        """The rows that were nobody's, as a CSV file that spreadsheets open safely."""
        text = StringIO()
        writer = csv.writer(text)
        writer.writerow([_("row"), _("value")])
        writer.writerows((row, f"'{value}" if value[:1] in "=+-@\t\r" and not value[1:].isdigit() else value)
                         for row, value in self.unmatched)  # fmt: skip
        return text.getvalue()


def columns_of(path: Path) -> dict[str, str]:
    """The file's columns to what each seems to hold ("" where that is not clear). Raises UnreadableFile."""
    from customers.imports.columns import spelling
    from customers.imports.files import open_table
    from customers.imports.mapping import proposal

    names = open_table(path).names
    ours = proposal("customers", names)
    by_name = {spelled: kind for kind, known in KINDS.items() for spelled in known}
    return {name: by_name.get(spelling(name)) or by_name.get(ours.get(name, ""), "") for name in names}


def match(path: Path, viewer: Viewer, *, column: str = "", kind: str = "") -> Matched:
    """Whom a file names, of those that the viewer sees. Without a column: the one that says who most surely.

    Raises UnreadableFile, NoColumn, TooMany.
    """
    guessed = columns_of(path)
    if not column:
        column = next((name for wanted in KINDS for name, is_of in guessed.items() if is_of == wanted), "")
    kind = kind or guessed.get(column, "")
    if column not in guessed or kind not in KINDS:
        raise NoColumn(_("No column of this file says who: a number, card, phone or e-mail."))
    customers: dict[int, None] = {}
    unmatched: list[tuple[int, str]] = []
    for batch in _batches(path, column):
        found = _found(kind, [value for _row, value in batch], viewer)
        for row, value in batch:
            if value in found:
                customers.setdefault(found[value])
            else:
                unmatched.append((row, value))
        if len(customers) > MOST:
            raise TooMany(_("A list has at most %(n)d customers.") % {"n": MOST})
    return Matched(sorted(customers), unmatched)


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
    """The next version of a list, with these customers. Raises ChangedMeanwhile, Archived."""
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


def _batches(path: Path, column: str) -> Iterator[list[tuple[int, str]]]:
    """(row, value) of the cells that hold something, some at a time."""
    from customers.imports.files import open_table

    for block in open_table(path).blocks():
        rows: Sequence[int] = block.rows.tolist()
        values = [str(value or "").strip() for value in block.columns[column].to_pylist()]
        told = [(row, value) for row, value in zip(rows, values, strict=True) if value]
        for first in range(0, len(told), BATCH):
            yield told[first : first + BATCH]


def _found(kind: str, values: list[str], viewer: Viewer) -> dict[str, int]:
    """What was written to whose it is. A phone that may be of two countries is nobody's unless one of them has it."""
    asked: dict[str, tuple[int, ...]]
    if kind == ID:
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
