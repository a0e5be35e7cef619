"""What people call acts and records of the trail, from what apps say in `audited.py` (`crm/audit/registry.py`).

An act that nobody named is shown as it is written.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext

from crm.audit import registry
from crm.audit.registry import Act
from crm.audit.values import model_of

OTHER = Act("", icon="point")


@dataclass(frozen=True)
class Record:
    """What a row is about, as a person finds it."""

    label: str
    href: str = ""


def of_act(action: str) -> Act:
    written = action.replace(".", ": ").replace("_", " ")
    return _acts().get(action) or Act(written, OTHER.icon)


def acts() -> list[tuple[str, Any]]:
    """All acts that have words, for a choice."""
    return sorted(((action, act.words) for action, act in _acts().items()), key=lambda one: str(one[1]))


def of_record(subject: str) -> Record:
    """Costs no query: a record is called by its kind and its public id or number."""
    label, _, number = subject.partition(":")
    model = model_of(label)
    if model is None:
        return Record(gettext("several at once") if subject == "batch" else subject)
    named = model._meta.verbose_name
    kind = str(named).capitalize() if isinstance(named, Promise) else gettext("Record")
    if not number.isdigit():
        return Record(kind)
    name = str(getattr(model(pk=int(number)), "public_id", number))
    return Record(f"{kind} {name}", _page(model, name))


def number_of(text: str) -> str:
    """The subject that somebody means: "customers.customer:81", a public id, or the address of its page."""
    text = text.strip().rstrip("/").rpartition("/")[2]
    for model in registry.tracked():
        read = getattr(model, "row_id", None)
        if read is not None and "_" in text and (number := read(text)) is not None:
            return f"{model._meta.label_lower}:{number}"
    return text


def field(model: type[models.Model] | None, name: str) -> str:
    """What a form calls a field; "" when it has no name in people's languages."""
    if model is not None and name in {one.name for one in model._meta.get_fields()}:
        told = getattr(model._meta.get_field(name), "verbose_name", name)
        return str(told) if isinstance(told, Promise) else ""
    return ""


def _page(model: type[models.Model], name: str) -> str:
    config = model._meta.app_config
    place = registry.told(config, "PAGES").get(str(model._meta.object_name)) if config else None
    try:
        return reverse(place, args=[name]) if place else ""
    except NoReverseMatch:
        return ""


@lru_cache(maxsize=1)
def _acts() -> dict[str, Act]:
    return {
        action: act
        for config in apps.get_app_configs()
        for action, act in registry.told(config, "WORDS").items()
    }
