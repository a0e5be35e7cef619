"""The chain's own fields as attributes: rows of the database, so asked for each time.

A field that is kept from a role is kept whole: who does not see it cannot ask it either, for a count tells, too.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from customers import customfields
from customers.attributes import registry
from customers.attributes.kinds import PERSON, Attribute, Kind
from customers.models import CustomField, FieldKind

KINDS = {
    FieldKind.TEXT: Kind.TEXT,
    FieldKind.NUMBER: Kind.NUMBER,
    FieldKind.DATE: Kind.DATE,
    FieldKind.CHOICE: Kind.CHOICE,
    FieldKind.FLAG: Kind.FLAG,
}
_CASTS = {Kind.NUMBER: "numeric", Kind.DATE: "date", Kind.FLAG: "boolean"}
_CODE = re.compile(r"[a-z][a-z0-9_]{0,31}")  # as the model has it: the code becomes part of a statement


def attributes() -> Iterator[Attribute]:
    """Each field; those out of use are not offered, but segments that name them go on."""
    return (_attribute(one) for one in customfields.definitions(archived=True) if _CODE.fullmatch(one.code))


def _attribute(field: CustomField) -> Attribute:
    kind = KINDS[FieldKind(field.kind)]
    sql = f"(person.custom ->> '{field.code}')"
    if cast := _CASTS.get(kind):  # a value from before the field was of this kind is unknown, and no error
        sql = (
            f"CASE WHEN pg_input_is_valid(person.custom ->> '{field.code}', '{cast}') THEN {sql}::{cast} END"
        )
    return Attribute(
        f"{customfields.PREFIX}{field.code}", field.name, "custom", kind, PERSON, sql,
        options=(lambda: field.options(retired=True)) if kind == Kind.CHOICE else None,
        sees=partial(_shows, field), is_guarded=True,
        is_retired=field.archived_at is not None, help=field.help,
    )  # fmt: skip


def _shows(field: CustomField, viewer: Any) -> bool:
    return customfields.shows(field, viewer)


def fill() -> None:
    registry.offer_heading("custom", _("Own fields"), 70)
    registry.offer_source(attributes)
