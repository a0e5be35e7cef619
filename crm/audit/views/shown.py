"""Entries in words: who, what, which record, old and new."""

from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext as _

from crm.audit import values, words
from crm.audit.models import Channel, Entry
from crm.audit.views.search import who


class Row(NamedTuple):
    entry: Entry
    who: str
    act: Any
    record: words.Record
    fields: str
    channel: str

    @property
    def rows(self) -> int:
        """How many rows the act was about; what was moved of which table is for the entry's own page."""
        told = self.entry.details.get("rows", 0)
        found = sum(told.values()) if isinstance(told, dict) else told
        return found if isinstance(found, int) else 0


class Change(NamedTuple):
    """`is_old_hidden`: a personal value, of which only a digest is kept; the words are its beginning."""

    label: str
    old: str
    new: str
    is_old_hidden: bool
    is_new_hidden: bool


def row_of(entry: Entry, names: dict[str, str]) -> Row:
    model = values.model_of(entry.subject)
    named = entry.changes or dict.fromkeys(_fields_of(entry))
    return Row(
        entry,
        who(entry.actor, names),
        words.of_act(entry.action),
        words.of_record(entry.subject),
        ", ".join(told for name in named if (told := words.field(model, name))),
        str(Channel(entry.channel).label) if entry.channel in Channel.values else "",
    )


def changes_of(entry: Entry) -> list[Change]:
    model = values.model_of(entry.subject)
    found = []
    for name, both in entry.changes.items():
        old, new = (_value(model, name, one) for one in both)
        hidden = [values.is_digest(one) for one in both]
        found.append(Change(words.field(model, name) or name.replace("_", " "), old, new, *hidden))
    return found


def plain(value: Any) -> str:
    """A value in a file."""
    return f"#{value[values.DIGEST][:8]}" if values.is_digest(value) else written(value)


def written(value: Any) -> str:
    if value in (None, "", [], {}):
        return str(_("empty"))
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, list):
        return ", ".join(written(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {written(one)}" for name, one in value.items())
    return str(value)


def _fields_of(entry: Entry) -> list[str]:
    told = entry.details.get("fields") or entry.details.get("columns") or []
    return [str(name) for name in told] if isinstance(told, list) else []


def _value(model: type[models.Model] | None, name: str, value: Any) -> str:
    """A linked record by its name, a choice by its label, a digest by its beginning."""
    if values.is_digest(value):
        return str(value[values.DIGEST])[:8]
    field: Any = None
    if model is not None and name in {one.name for one in model._meta.get_fields()}:
        field = model._meta.get_field(name)
    if field is not None and field.is_relation and value not in (None, []):
        numbers = value if isinstance(value, list) else [value]
        found = field.related_model._default_manager.filter(pk__in=numbers)
        return ", ".join(str(one) for one in found) or written(value)
    labels = dict(getattr(field, "flatchoices", None) or [])
    return str(labels[value]) if isinstance(value, str) and value in labels else written(value)
