"""Where every table stands.

Apps declare in a module `placements.py`, as plain strings, so that no app has to import this one:

    PLACEMENTS = {"Store": "reference", "Arrival": "keyed:external_id", "Job": "local"}

Subclasses of `Owned` are owned without being named. Tables of libraries are local; a library that is not in
`LIBRARIES` fails the check, so that somebody decides.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig, apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from crm.lib.owned import Owned


class Place(StrEnum):
    ROOT = "root"  # the customer: placed by its id
    OWNED = "owned"  # placed by the customer it belongs to
    KEYED = "keyed"  # placed by a key of its own, because that key must be unique across customers
    REFERENCE = "reference"  # small, whole on every machine
    LOCAL = "local"  # queues, jobs, audit, sign-ins: on the first machine


# Libraries whose tables are local. They know nothing of customers.
LIBRARIES = frozenset(
    {
        "admin",
        "auth",
        "contenttypes",
        "sessions",
        "account",
        "mfa",
        "socialaccount",
        "axes",
        "django_celery_beat",
    }
)


@dataclass(frozen=True)
class Placement:
    """`key` is the column that places a row; None for tables that are not spread."""

    place: Place
    key: str | None = None

    @property
    def is_spread(self) -> bool:
        return self.key is not None

    @property
    def is_with_customer(self) -> bool:
        return self.place in {Place.ROOT, Place.OWNED}


class Unclassified(LookupError):
    """A model that no placement was given for, or one that cannot be read."""


def declared(config: AppConfig) -> dict[str, str]:
    """What the app's `placements.py` says; empty without one."""
    name = f"{config.name}.placements"
    return dict(import_module(name).PLACEMENTS) if find_spec(name) else {}


def parse(text: str, model: type[models.Model]) -> Placement:
    """`"reference"`, `"local"`, `"root"`, or `"keyed:"` and the name of a field."""
    place, _, field = text.partition(":")
    try:
        kind = Place(place)
        if kind is Place.KEYED:
            return Placement(kind, column(model, field))
        if field or kind is Place.OWNED:  # owned is told by the base class alone
            raise ValueError(text)
    except (ValueError, FieldDoesNotExist) as error:
        raise Unclassified(f"{model._meta.label}: “{text}” is not a placement") from error
    return Placement(kind, str(model._meta.pk.column) if kind is Place.ROOT else None)


def column(model: type[models.Model], name: str) -> str:
    field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
    return str(field.column)


def placement_of(model: type[models.Model]) -> Placement:
    """The model's placement. Raises Unclassified."""
    if issubclass(model, Owned):
        return Placement(Place.OWNED, "customer_id")
    config = model._meta.app_config
    text = declared(config).get(model._meta.object_name or "") if config else None
    if text is not None:
        return parse(text, model)
    owner: Any = model._meta.auto_created
    if owner:
        return _of_link_table(model, owner)
    if model._meta.app_label in LIBRARIES:
        return Placement(Place.LOCAL)
    raise Unclassified(
        f"{model._meta.label} has no placement: extend Owned, or name it in {config.name if config else '?'}.placements"
    )


def _of_link_table(model: type[models.Model], owner: type[models.Model]) -> Placement:
    """The hidden table of a many-to-many field stands where the model with the field stands; none is owned."""
    placement = placement_of(owner)
    if placement.is_spread:
        raise Unclassified(
            f"{model._meta.label}: give a many-to-many of a customer's rows a model of its own"
        )
    return placement


def tables(configs: Iterable[AppConfig] | None = None) -> Iterator[type[models.Model]]:
    """Every model with a table of its own."""
    chosen = None if configs is None else {config.label for config in configs}
    for model in apps.get_models(include_auto_created=True):
        if (
            model._meta.managed
            and not model._meta.proxy
            and (chosen is None or model._meta.app_label in chosen)
        ):
            yield model


def distribution() -> dict[str, Placement]:
    """Table name → placement, of all models."""
    return {model._meta.db_table: placement_of(model) for model in tables()}
