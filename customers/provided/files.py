"""A CSV file of facts: the columns have the names of the API's fields, in any order."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from customers.provided.facts import FactIn

COLUMNS = tuple(msgspec.structs.fields(FactIn))
NAMES = tuple(column.name for column in COLUMNS)


class NotAFile(Refusal):
    """The file as a whole cannot be read."""

    code = "unreadable_file"


def read(body: bytes) -> Iterator[dict[str, Any]]:
    """The rows. Raises NotAFile before the first one."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotAFile(_("The file is not in UTF-8.")) from None
    rows = csv.DictReader(io.StringIO(text), strict=True)
    try:
        names = [name.strip() for name in rows.fieldnames or []]
    except csv.Error:
        names = []
    missing = [column.name for column in COLUMNS if column.required and column.name not in names]
    unknown = [name for name in names if name not in NAMES]
    if missing or unknown:
        raise NotAFile(
            _("Columns that are missing: %(missing)s. Columns that nobody knows: %(unknown)s.")
            % {"missing": ", ".join(missing) or "–", "unknown": ", ".join(unknown) or "–"}
        )
    try:
        return iter([{name.strip(): (value or "") for name, value in row.items() if name} for row in rows])
    except csv.Error:
        raise NotAFile(_("This is no CSV file.")) from None
