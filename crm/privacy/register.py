"""The register of personal data: every column of every table, and every other place, classified.

Each app has a module `personal.py` with one entry a model (`TABLES`), and one for each place that is no column
(`PLACES`: files, caches, logs). An entry says what erasing a customer does to the rows, then the personal columns by
kind, then the plain ones:

    TABLES = {
        "Identity": deleted(contact="value", plain="id kind customer is_primary"),
        "Customer": blanked(by="id", identity="name", demographic="gender birthday", plain="id is_stub"),
        "Purchase": kept(_("Sales stay as they were."), behaviour="amount store", plain="id", staff="staff_code"),
        "Region": plain("id code name"),
        "Staff": of_staff(identity="name code", plain="id role"),
    }

| the rows are a customer's | and erasing that customer |
|---|---|
| `deleted` | removes them |
| `blanked` | empties their personal columns (NULL, "", {}, [] or the column's default) |
| `kept(why)` | leaves them: they tell of nobody once the customer's own row is empty |

A customer's rows are those with the customer in the column `by` ("customer" unless said otherwise; of several,
"customer loser_id", each counts). Where no column says it: `find="customers.traces:arrivals"`, a function that is given
the `Subject` and gives the rows, or `find=SEARCH`, the rows whose personal columns quote an identifier or a name of the
person. `but={"external_id": DIGEST, "raw": REWRITE}` makes an exception of a column;
`rewrite="customers.traces:without_customer"` names the function that gives the new values of those to be rewritten.

Kinds: identity, contact, demographic, behaviour, text (free text), location (place or device), derived, staff (tells of
people who work here; not the customer's to export or erase). Names are those of fields. A column that is in none of the
lists, in two, or that is no field fails `manage.py check` and with it the build.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig, apps
from django.db import models
from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Why = str | Promise


class Kind(TextChoices):
    """What a personal column tells."""

    IDENTITY = "identity", _("Identity")
    CONTACT = "contact", _("Contact")
    DEMOGRAPHIC = "demographic", _("Demographics")
    BEHAVIOUR = "behaviour", _("Behaviour")
    TEXT = "text", _("Free text")
    LOCATION = "location", _("Place or device")
    DERIVED = "derived", _("Derived")
    STAFF = "staff", _("Staff")


class Whose(TextChoices):
    CUSTOMER = "customer", _("Customers")
    STAFF = "staff", _("Staff")
    NOBODY = "nobody", _("Nobody")


class Erasure(TextChoices):
    """What erasing a customer does to a row or a column."""

    DELETE = "delete", _("row deleted")
    BLANK = "blank", _("emptied")
    DIGEST = "digest", _("replaced by a keyed digest")
    REWRITE = "rewrite", _("rewritten")
    KEEP = "keep", _("kept")


DELETE, BLANK, DIGEST, KEEP = Erasure.DELETE, Erasure.BLANK, Erasure.DIGEST, Erasure.KEEP
REWRITE = Erasure.REWRITE
SEARCH = "search"  # rows are found by what they quote


@dataclass(frozen=True)
class Table:
    """What one model holds. `columns`: field name to kind, personal ones only."""

    whose: Whose
    erasure: Erasure
    columns: Mapping[str, Kind]
    plain: tuple[str, ...]
    by: tuple[str, ...] = ()
    find: str = ""
    rewrite: str = ""
    why: Why = ""
    but: Mapping[str, Erasure] = field(default_factory=dict)
    doubled: tuple[str, ...] = ()

    def erasure_of(self, name: str) -> Erasure:
        """What erasing the customer does to this column. What tells of staff is not the customer's to erase."""
        if name in self.but:
            return self.but[name]
        if self.columns[name] is Kind.STAFF and self.erasure is not Erasure.DELETE:
            return Erasure.KEEP
        return self.erasure

    def exported(self) -> list[str]:
        """The columns that a customer's export shows: all that tell of them."""
        if self.whose is not Whose.CUSTOMER:
            return []
        return [name for name, kind in self.columns.items() if kind is not Kind.STAFF]


@dataclass(frozen=True)
class Place:
    """Personal data that is no column. `handler` names its `Traces`; without one, `why` says why none is needed."""

    name: str
    holds: Why
    whose: Whose
    why: Why
    handler: str = ""


@dataclass(frozen=True)
class Entry:
    """A model with its classification."""

    model: type[models.Model]
    table: Table

    @property
    def label(self) -> str:
        return str(self.model._meta.label)

    @property
    def name(self) -> str:
        """What people call the table, if it has been given a name in their languages."""
        told = self.model._meta.verbose_name
        return str(told) if isinstance(told, Promise) else ""


class Unclassified(LookupError):
    """A model or a column that the register does not know."""


# --- The words of `personal.py` ---------------------------------------------------------------------------------------


def deleted(**said: Any) -> Table:
    """A customer's rows, which erasing the customer removes."""
    return _table(Whose.CUSTOMER, Erasure.DELETE, said)


def blanked(**said: Any) -> Table:
    """A customer's rows, which stay with their personal columns empty."""
    return _table(Whose.CUSTOMER, Erasure.BLANK, said)


def kept(why: Why, **said: Any) -> Table:
    """A customer's rows, which stay as they are; `why` is read by people."""
    return _table(Whose.CUSTOMER, Erasure.KEEP, said | {"why": why})


def of_staff(**said: Any) -> Table:
    """Rows about people who work here; a customer's erasure does not touch them."""
    return _table(Whose.STAFF, Erasure.KEEP, {"by": ""} | said)


def plain(names: str, **columns: str) -> Table:
    """Rows about nobody. `staff="created_by"` names who among the staff made them."""
    return _table(
        Whose.STAFF if columns else Whose.NOBODY, Erasure.KEEP, {"by": "", "plain": names} | columns
    )


_SAYINGS = ("find", "rewrite", "why", "but")


def _table(whose: Whose, erasure: Erasure, said: dict[str, Any]) -> Table:
    more = {name: said.pop(name) for name in _SAYINGS if name in said}
    by = said.pop("by", "" if "find" in more else "customer").split()
    plain_names = said.pop("plain", "").split()
    named = [(name, Kind(kind)) for kind, names in said.items() for name in names.split()]
    all_names = [name for name, _kind in named] + plain_names
    doubled = tuple(sorted({name for name in all_names if all_names.count(name) > 1}))
    return Table(whose, erasure, dict(named), tuple(plain_names), by=tuple(by), doubled=doubled, **more)


# --- Reading it -------------------------------------------------------------------------------------------------------


def declared(config: AppConfig) -> dict[str, Table]:
    """What the app's `personal.py` says of its models; for libraries, ours of them."""
    from crm.privacy.libraries import LIBRARIES

    if config.label in LIBRARIES:
        return LIBRARIES[config.label]
    return dict(getattr(_module(config), "TABLES", {}))


def places() -> list[Place]:
    """All places that are no column."""
    return [place for config in apps.get_app_configs() for place in getattr(_module(config), "PLACES", ())]


def closings() -> list[str]:
    """What apps do to a person's accounts before they are erased (`CLOSINGS`): functions of (subject, by=, at=)."""
    return [name for config in apps.get_app_configs() for name in getattr(_module(config), "CLOSINGS", ())]


def _module(config: AppConfig) -> Any:
    name = f"{config.name}.personal"
    return import_module(name) if find_spec(name) else None


def tables(configs: Any = None) -> Iterator[type[models.Model]]:
    """Every model with a table of its own."""
    chosen = None if configs is None else {config.label for config in configs}
    for model in apps.get_models(include_auto_created=True):
        if (
            model._meta.managed
            and not model._meta.proxy
            and (chosen is None or model._meta.app_label in chosen)
        ):
            yield model


def table_of(model: type[models.Model]) -> Table:
    """The model's classification. Raises Unclassified."""
    config = model._meta.app_config
    found = declared(config).get(str(model._meta.object_name)) if config else None
    if found is None:
        where = f"{config.name}.personal" if config else "?"
        raise Unclassified(f"{model._meta.label} is not in the register of personal data: name it in {where}")
    return found


def entries(*whose: Whose) -> list[Entry]:
    """The register, by the name of the model; only of these people where some are named."""
    found = [Entry(model, table_of(model)) for model in tables()]
    return sorted((one for one in found if not whose or one.table.whose in whose), key=lambda one: one.label)


def columns_of(model: type[models.Model]) -> list[str]:
    """The names of the fields that are columns."""
    return [field.name for field in model._meta.local_concrete_fields if getattr(field, "column", None)]
