"""Everything that is held of a person, driven by the register: what an erasure would take away is in it, and more.

`parts` yields one part a table, with its rows as an iterator, so that nothing holds a long history in memory; `as_json`
and `as_html` turn parts into pieces of text for a stream.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from crm.lib.owned import OwnedForeignKey
from crm.privacy.register import Entry, Erasure, Place, Whose, entries, places
from crm.privacy.rows import function, rows_of
from crm.privacy.subjects import Subject, people
from crm.ui import words

CHUNK = 500
_TABLES = "[[tables]]"  # where they come in the page; the page is sent in pieces


@dataclass(frozen=True)
class Part:
    """One table or place: its name, heading, the columns as (name, heading, kind), rows as (key, values)."""

    name: str
    heading: str
    columns: list[tuple[str, str, str]]
    rows: Iterator[tuple[Any, list[Any]]]
    after_erasure: str


def subject_of(customer_id: int) -> Subject | None:
    return people().subject(customer_id)


def parts(subject: Subject) -> Iterator[Part]:
    """What is held of this person, table by table; empty tables are left out."""
    for entry in entries(Whose.CUSTOMER):
        names = entry.table.exported()
        if names and rows_of(entry, subject).exists():
            yield _part(entry, names, subject)
    for place in places():
        if place.handler and (found := function(place.handler).quoting(subject)):
            yield _place(place, found)


def _part(entry: Entry, names: list[str], subject: Subject) -> Part:
    fields: list[Any] = [entry.model._meta.get_field(name) for name in names]
    columns = [
        (name, _heading(field), str(entry.table.columns[name].label))
        for name, field in zip(names, fields, strict=True)
    ]
    rows = _related(rows_of(entry, subject), fields).iterator(chunk_size=CHUNK)
    cells = ((row.pk, [_value(row, field) for field in fields]) for row in rows)
    return Part(
        entry.label, str(_title(entry.model)), columns, cells, str(Erasure(entry.table.erasure).label)
    )


def _related(rows: QuerySet, fields: list[Any]) -> QuerySet:
    """With what the links point to, so that a receipt says the name of its store; links between owned rows stay ids."""
    links = [field.name for field in fields if field.is_relation and not isinstance(field, OwnedForeignKey)]
    return rows.select_related(*links) if links else rows


def _value(row: models.Model, field: Any) -> Any:
    if isinstance(field, models.ForeignKey) and not isinstance(field, OwnedForeignKey):
        linked = getattr(row, field.name)
        return None if linked is None else str(linked)
    value = getattr(row, field.attname)
    if isinstance(value, bytes | memoryview):
        return _text(bytes(value))
    return value


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def _place(place: Place, found: list[dict[str, Any]]) -> Part:
    names = list(dict.fromkeys(name for row in found for name in row))
    rows = ((number, [row.get(name) for name in names]) for number, row in enumerate(found, start=1))
    return Part(place.name, str(place.holds), [(name, name, "") for name in names], rows, str(place.why))


def _title(model: type[models.Model]) -> Any:
    """In the plural where the model has been given one: English alone makes it with an s."""
    told = model._meta.original_attrs
    return told.get("verbose_name_plural") or told.get("verbose_name") or model._meta.object_name


def _heading(field: Any) -> str:
    return str(field.verbose_name)


def in_language(pieces: Iterator[str]) -> Iterator[str]:
    """A stream runs after the request's language is put away: it takes the language along."""
    language = get_language() or "en"

    def told() -> Iterator[str]:
        while True:
            with override(language):
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece

    return told()


# --- JSON -------------------------------------------------------------------------------------------------------------


def as_json(subject: Subject, *, at: datetime) -> Iterator[str]:
    """One object: whom it is about, and `tables`, each with `columns` and `rows`."""
    about = {"customer": subject.public_id, "made_at": at.isoformat(), "customers": len(subject.customer_ids)}
    yield f'{{"about": {json.dumps(about)}, "tables": ['
    for number, part in enumerate(parts(subject)):
        columns = [{"name": name, "heading": heading, "kind": kind} for name, heading, kind in part.columns]
        head = {
            "table": part.name,
            "heading": part.heading,
            "after_erasure": part.after_erasure,
            "columns": columns,
        }
        yield (",\n" if number else "\n") + json.dumps(head, ensure_ascii=False)[:-1] + ', "rows": ['
        for at_row, (key, values) in enumerate(part.rows):
            named = {name: value for (name, _h, _k), value in zip(part.columns, values, strict=True)}
            yield (",\n" if at_row else "\n") + json.dumps(
                {"row": key, **named}, default=str, ensure_ascii=False
            )
        yield "]}"
    yield "\n]}\n"


# --- HTML -------------------------------------------------------------------------------------------------------------


def as_html(subject: Subject, *, at: datetime, chain: str, officer: str) -> Iterator[str]:
    """A page that needs nothing else, in the language that is active."""
    known = {"subject": subject, "at": at, "chain": chain, "officer": officer, "tables": _TABLES}
    head, foot = render_to_string("privacy/export.html", known).split(_TABLES)
    yield head
    for part in parts(subject):
        yield render_to_string("privacy/export_part.html", {"part": part})
        yield '<div class="wide"><table><thead>'
        yield render_to_string("privacy/export_columns.html", {"part": part})
        yield "</thead><tbody>\n"
        for _key, values in part.rows:
            yield render_to_string("privacy/export_row.html", {"cells": [shown(value) for value in values]})
        yield "</tbody></table></div>\n"
    yield foot


def shown(value: Any) -> str:
    """A value as a person reads it."""
    if value is None or value == "":
        return words.NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return words.exact(timezone.localtime(value))
    if hasattr(value, "isoformat"):
        return words.day(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
