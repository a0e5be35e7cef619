"""The model lint: `manage.py check` refuses a schema that could not be spread over machines.

| id | rule |
|---|---|
| scaleout.E001 | every model has a placement |
| scaleout.E002 | a unique constraint of a spread table names the column that places it |
| scaleout.E003 | the primary key of an owned table is its id, or names the customer |
| scaleout.E004 | owned rows are linked by `OwnedForeignKey`, and the customer only by `customer` |
| scaleout.E005 | a database constraint points only where a machine can check it alone |
| scaleout.E006 | a link between owned rows is never set to NULL: that would lose the customer too |
| scaleout.E007 | the customer of an owned row is not NULL |
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.core.checks import CheckMessage, Error, register
from django.db import models
from django.db.models import SET_DEFAULT, SET_NULL, F

from crm.lib.owned import OwnedForeignKey
from crm.scaleout.placement import Place, Placement, Unclassified, column, placement_of, tables

TAG = "scaleout"

# A constraint from a row of the first kind may point to rows of the second: both are on the machine that checks it.
MAY_POINT_TO = {
    Place.ROOT: {Place.REFERENCE},
    Place.OWNED: {Place.REFERENCE, Place.OWNED, Place.ROOT},
    Place.KEYED: {Place.REFERENCE},
    Place.REFERENCE: {Place.REFERENCE},
    Place.LOCAL: {Place.REFERENCE, Place.LOCAL},
}

Rule = Callable[[type[models.Model], Placement], Iterator[CheckMessage]]


@register(TAG)
def tables_can_be_spread(app_configs: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    return [message for model in tables(app_configs) for message in faults(model)]


def faults(model: type[models.Model]) -> list[CheckMessage]:
    """What keeps this model's table from being spread. Empty when nothing does."""
    try:
        placement = placement_of(model)
    except Unclassified as error:
        return [Error(str(error), obj=model, id="scaleout.E001")]
    return broken_rules(model, placement)


def broken_rules(model: type[models.Model], placement: Placement) -> list[CheckMessage]:
    return [message for rule in RULES for message in rule(model, placement)]


def _unique_with_key(model: type[models.Model], placement: Placement) -> Iterator[CheckMessage]:
    if not placement.is_spread:
        return
    for name, columns in _unique_columns(model):
        if placement.key not in columns:
            yield Error(
                f"{name} is unique without {placement.key}: no machine sees all rows.",
                hint="Name the column, or keep what must be unique in a keyed table (see Identity).",
                obj=model,
                id="scaleout.E002",
            )


def _unique_columns(model: type[models.Model]) -> Iterator[tuple[str, set[str]]]:
    """Each promise of uniqueness but the primary key's, with the columns that it compares for equality."""
    for field in model._meta.local_concrete_fields:
        if field.unique and not field.primary_key:
            yield field.name, {str(field.column)}
    for together in model._meta.unique_together:
        yield f"unique_together {together}", {column(model, name) for name in together}
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            plain: list[Any] = [e for e in constraint.expressions if isinstance(e, F)]
            names = [*constraint.fields, *(e.name for e in plain)]
            yield constraint.name, {column(model, name) for name in names}
        elif isinstance(constraint, ExclusionConstraint):
            same = [e for e, operator in constraint.expressions if operator == "=" and isinstance(e, str)]
            yield constraint.name, {column(model, name) for name in same}


def _key_names_customer(model: type[models.Model], placement: Placement) -> Iterator[CheckMessage]:
    if placement.place is not Place.OWNED:
        return
    columns = _key_columns(model)
    is_id = len(columns) == 1 and isinstance(model._meta.pk, models.AutoField | models.BigAutoField)
    if not is_id and placement.key not in columns:
        yield Error(
            f"The primary key ({', '.join(columns)}) does not name the customer.",
            hint="Use an id, or a CompositePrimaryKey with the customer in it.",
            obj=model,
            id="scaleout.E003",
        )


def _key_columns(model: type[models.Model]) -> list[str]:
    key = model._meta.pk
    return [str(field.column) for field in getattr(key, "fields", (key,))]


def _links_carry_customer(model: type[models.Model], placement: Placement) -> Iterator[CheckMessage]:
    for field, target in _links(model):
        if placement.place is Place.OWNED and target.place is Place.OWNED and not _is_owned_link(field):
            yield _error(
                field, "links two owned rows without their customer.", "Use OwnedForeignKey.", "E004"
            )
        if placement.place is Place.OWNED and target.place is Place.ROOT and _is_stray_customer(field):
            yield _error(
                field,
                "points to a customer who may stand on another machine.",
                "The owner is called `customer`; another one is kept as an id, or with db_constraint=False.",
                "E004",
            )
        if _is_owned_link(field) and placement.place is not Place.OWNED:
            yield _error(field, "is an OwnedForeignKey on a row without a customer.", None, "E004")


def _constraints_stay_at_home(model: type[models.Model], placement: Placement) -> Iterator[CheckMessage]:
    for field, target in _links(model):
        if field.db_constraint and target.place not in MAY_POINT_TO[placement.place]:
            yield _error(
                field,
                f"is a constraint from a {placement.place} row to a {target.place} one.",
                "Say db_constraint=False, and let the code keep the promise.",
                "E005",
            )


def _no_set_null(model: type[models.Model], placement: Placement) -> Iterator[CheckMessage]:
    for field, _ in _links(model):
        if _is_owned_link(field) and field.remote_field.on_delete in {SET_NULL, SET_DEFAULT}:
            yield _error(field, "would be set to NULL together with the customer.", "Use PROTECT.", "E006")


def _customer_is_known(model: type[models.Model], placement: Placement) -> Iterator[CheckMessage]:
    if placement.place is Place.OWNED:
        customer: Any = model._meta.get_field("customer")
        if customer.null or customer.column != placement.key:
            yield _error(customer, "must be NOT NULL and called customer_id.", None, "E007")


def _links(model: type[models.Model]) -> Iterator[tuple[Any, Placement]]:
    for field in model._meta.local_concrete_fields:
        if isinstance(field, models.ForeignKey) and isinstance(field.related_model, type):
            try:
                yield field, placement_of(field.related_model)
            except Unclassified:
                continue  # told where that model is checked


def _is_owned_link(field: Any) -> bool:
    return isinstance(field, OwnedForeignKey)


def _is_stray_customer(field: Any) -> bool:
    return field.name != "customer" and field.db_constraint


def _error(field: Any, text: str, hint: str | None, code: str) -> Error:
    return Error(f"{field.name} {text}", hint=hint, obj=field.model, id=f"scaleout.{code}")


RULES: tuple[Rule, ...] = (
    _unique_with_key,
    _key_names_customer,
    _links_carry_customer,
    _constraints_stay_at_home,
    _no_set_null,
    _customer_is_known,
)
