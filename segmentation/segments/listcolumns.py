"""The columns of a list's file: what each seems to hold, and whether the file begins with a customer, not with names.

A table of one column is often saved without a heading. Its first row would be taken for the column's name and its first
customer would be lost; a name that is itself a number, card, phone or e-mail is taken for what it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from crm.org.countries import of_chain
from customers import identities
from customers.models import Customer, Identity, IdentityKind

ID = "id"
# What a column can hold, in the order in which a file's columns are tried, with the names that they go by.
KINDS: Mapping[str, tuple[str, ...]] = {
    ID: ("id", "customer", "customer_id"),
    IdentityKind.MEMBER.value: ("number",),
    IdentityKind.CARD.value: ("card",),
    IdentityKind.PHONE.value: ("phone", "phones"),
    IdentityKind.EMAIL.value: ("email", "emails"),
}
FEWEST_DIGITS = 4  # of a number; fewer are more likely a heading such as "card 2"


class NoColumn(Refusal):
    """No column of the file says who."""

    code: ClassVar[str] = "no_such_column"


@dataclass(frozen=True)
class Columns:
    """`kinds`: the columns of a file to what each seems to hold ("" where that is not clear)."""

    kinds: dict[str, str]
    has_names: bool  # of the format: each field of NDJSON and Parquet has a name

    def best(self) -> str:
        """The column that says who most surely, or ""."""
        return next((name for kind in KINDS for name, holds in self.kinds.items() if holds == kind), "")

    def chosen(self, column: str = "", kind: str = "") -> tuple[str, str]:
        """A column and what is in it, as far as somebody said so. Raises NoColumn."""
        column = column or self.best()
        kind = kind or self.kinds.get(column, "")
        if column not in self.kinds or kind not in KINDS:
            raise NoColumn(_("No column of this file says who: a number, card, phone or e-mail."))
        return column, kind

    def begins_with(self, column: str, kind: str) -> str:
        """What the first row holds when it is a customer's; "" when it is the heading."""
        value = column.strip()
        return value if not self.has_names and _is_of(kind, value) else ""


def of(path: Path) -> Columns:
    """Raises UnreadableFile."""
    from customers.imports.columns import spelling
    from customers.imports.files import ParquetTable, open_table
    from customers.imports.mapping import proposal
    from customers.imports.ndjson import JsonTable

    table = open_table(path)
    ours = proposal("customers", table.names)
    by_name = {spelled: kind for kind, known in KINDS.items() for spelled in known}
    has_names = isinstance(table, (JsonTable, ParquetTable))
    kinds = {name: by_name.get(spelling(name)) or by_name.get(ours.get(name, ""), "") for name in table.names}
    if not has_names and not any(kinds.values()):
        kinds = {name: _kind_of(name.strip()) for name in table.names}
    return Columns(kinds, has_names)


def _kind_of(value: str) -> str:
    """What a value is: somebody's number or card, or what can only be an identifier by its form."""
    wanted = {kind: identities.normalised(kind, value) for kind in (IdentityKind.MEMBER, IdentityKind.CARD)}
    known = Identity.objects.filter(kind__in=wanted, value__in=[one for one in wanted.values() if one])
    for kind, form in known.values_list("kind", "value"):
        if wanted.get(IdentityKind(kind)) == form:
            return str(kind)
    forms = (ID, IdentityKind.EMAIL.value, IdentityKind.PHONE.value)
    return next((kind for kind in forms if _is_of(kind, value)), "")


def _is_of(kind: str, value: str) -> bool:
    if kind == ID:
        return Customer.row_id(value.lower()) is not None
    is_number = kind == IdentityKind.EMAIL or sum(letter.isdigit() for letter in value) >= FEWEST_DIGITS
    return is_number and bool(identities.readings(kind, value, countries=of_chain()))
