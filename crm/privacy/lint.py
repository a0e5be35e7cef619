"""The register's lint: `manage.py check` refuses a schema with a column that nobody classified.

| id | rule |
|---|---|
| privacy.E001 | every model is in the register |
| privacy.E002 | every column is in it, once, and nothing else is |
| privacy.E003 | a customer's rows can be found: `by` names columns |
| privacy.E004 | what is to be emptied can be empty, a digest has the room, what is rewritten a function |
| privacy.E005 | a function that is named exists |
"""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.db import models
from django.utils.module_loading import import_string

from crm.privacy import blanks
from crm.privacy.register import (
    SEARCH,
    Erasure,
    Table,
    Unclassified,
    Whose,
    columns_of,
    places,
    table_of,
    tables,
)

TAG = "privacy"


@register(TAG)
def columns_are_classified(app_configs: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    return [message for model in tables(app_configs) for message in faults(model)]


@register(TAG)
def places_have_handlers(app_configs: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    return [message for place in places() for message in _importable(place.handler, place.name)]


def faults(model: type[models.Model]) -> list[CheckMessage]:
    """What the register does not know of this model, or says wrongly. Empty when nothing."""
    try:
        table = table_of(model)
    except Unclassified as error:
        return [Error(str(error), obj=model, id="privacy.E001")]
    return [
        *_all_columns(model, table),
        *_findable(model, table),
        *_blank(model, table),
        *_there(table, model),
    ]


def _all_columns(model: type[models.Model], table: Table) -> Iterator[CheckMessage]:
    known, there = {*table.columns, *table.plain}, set(columns_of(model))
    for names, text in (
        (there - known, "is not classified: is it personal, and of which kind?"),
        (known - there, "is in the register and no column."),
        (set(table.but) - set(table.columns), "is an exception (`but`) and no personal column."),
        (set(table.doubled), "is in the register twice."),
    ):
        for name in sorted(names):
            yield Error(f"{name} {text}", hint="See crm/privacy/register.py.", obj=model, id="privacy.E002")


def _findable(model: type[models.Model], table: Table) -> Iterator[CheckMessage]:
    if table.whose is not Whose.CUSTOMER or table.find:
        return
    missing = [name for name in table.by if name not in columns_of(model)]
    if missing or not table.by:
        yield Error(
            f"by={' '.join(table.by)!r} names no column with the customer.", obj=model, id="privacy.E003"
        )


def _blank(model: type[models.Model], table: Table) -> Iterator[CheckMessage]:
    for name in table.columns if table.whose is Whose.CUSTOMER else ():
        field: Any = model._meta.get_field(name) if name in columns_of(model) else None
        erasure = table.erasure_of(name)
        if field and erasure is Erasure.BLANK and not blanks.can_be_blank(field):
            yield Error(f"{name} is to be emptied and cannot be.", obj=model, id="privacy.E004")
        if field and erasure is Erasure.REWRITE and not table.rewrite:
            yield Error(
                f"{name} is to be rewritten, and `rewrite` names no function.", obj=model, id="privacy.E004"
            )
        if field and erasure is Erasure.DIGEST and not blanks.can_hold_digest(field):
            yield Error(f"{name} has no room for a digest.", obj=model, id="privacy.E004")


def _there(table: Table, of: Any) -> Iterator[CheckMessage]:
    yield from _importable("" if table.find == SEARCH else table.find, of)
    yield from _importable(table.rewrite, of)


def _importable(place: str, of: Any) -> Iterator[CheckMessage]:
    if place:
        try:
            import_string(place.replace(":", "."))
        except ImportError:
            yield Error(f"{place} is named in the register and is not there.", obj=of, id="privacy.E005")
