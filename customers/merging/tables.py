"""The shapes of owned tables, read from the models, so that merging knows every table of every app.

| shape | example | how a row is named |
|---|---|---|
| numbered | a purchase | its id |
| detail | a line of a purchase | through its parent, whose id begins its key |
| keyed | a tag of a customer | the columns of its key, without the customer |
"""

from dataclasses import dataclass
from functools import cache, cached_property
from graphlib import TopologicalSorter
from typing import Any

from django.apps import apps
from django.db import models

from crm.lib.owned import OnMerge, Owned, OwnedForeignKey


@dataclass(frozen=True)
class Table:
    """One kind of row that customers own."""

    model: type[Owned]

    @cached_property
    def label(self) -> str:
        return self.model._meta.label

    @cached_property
    def name(self) -> str:
        return f'"{self.model._meta.db_table}"'

    @property
    def rule(self) -> OnMerge:
        return self.model.on_merge

    @property
    def is_united(self) -> bool:
        return self.rule is OnMerge.UNITE

    @cached_property
    def columns(self) -> list[str]:
        """All columns but the customer."""
        fields = self.model._meta.concrete_fields
        return [str(field.column) for field in fields if field.column != "customer_id"]

    @cached_property
    def key(self) -> list[str]:
        """The columns of the primary key without the customer."""
        fields: Any = self.model._meta.pk_fields
        return [str(field.column) for field in fields if field.column != "customer_id"]

    def key_of(self, row: dict[str, Any]) -> Any:
        """How a row is named, from its columns: an id, or the columns of its key."""
        return row["id"] if self.is_numbered else {column: row[column] for column in self.key}

    @cached_property
    def is_numbered(self) -> bool:
        return isinstance(self.model._meta.pk, models.AutoField)

    @property
    def is_keyed(self) -> bool:
        return not (self.is_numbered or self.parent)

    @cached_property
    def parent(self) -> str:
        """Of a detail: the column that names its parent. Details have no index on the customer."""
        first: Any = self.model._meta.pk_fields[0]
        return str(first.column) if isinstance(first, OwnedForeignKey) else ""

    @cached_property
    def has_about(self) -> bool:
        """Does a row say what it is about ("customers.purchase:3")?"""
        return any(field.column == "about" for field in self.model._meta.concrete_fields)

    @cached_property
    def links(self) -> list[tuple[str, str]]:
        """Links to other owned rows: (column, label of the model that it names)."""
        return [
            (str(field.column), field.related_model._meta.label)
            for field in self.model._meta.concrete_fields
            if isinstance(field, OwnedForeignKey)
        ]


def owned_models() -> list[type[Owned]]:
    """Every kind of row that customers own, of all apps, in the order of their names."""
    found = [model for model in apps.get_models() if issubclass(model, Owned) and not model._meta.proxy]
    return sorted(found, key=lambda model: model._meta.label)


@cache
def tables(*rules: OnMerge) -> tuple[Table, ...]:
    """Those with one of these rules (none given: all), what is linked to before what links to it."""
    every = {model._meta.label: Table(model) for model in owned_models()}
    order = TopologicalSorter(
        {label: {to for _column, to in table.links if to != label} for label, table in every.items()}
    )
    return tuple(every[label] for label in order.static_order() if not rules or every[label].rule in rules)
