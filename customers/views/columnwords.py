"""The columns of files, and the fields that an import writes, in words of the reader's language."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm.org.models import Store
from crm.ui import words
from customers import customfields
from customers.imports import consent_columns
from customers.imports.columns import CUSTOM
from customers.models import Customer, IdentityKind

_RECEIPTS = {
    "external_id": gettext_lazy("Receipt number"),
    "store": gettext_lazy("Store"),
    "occurred_at": gettext_lazy("Time of the sale"),
    "product": gettext_lazy("Product"),
    "quantity": gettext_lazy("Quantity"),
    "amount": gettext_lazy("Amount"),
    "source": pgettext_lazy("of receipts", "Till or system"),
    "channel": gettext_lazy("Channel"),
    "customer_kind": gettext_lazy("Kind of the customer's identifier"),
    "customer_value": gettext_lazy("The customer's identifier"),
    "staff": gettext_lazy("Staff"),
    "line": gettext_lazy("Line"),
    "discount": gettext_lazy("Discount"),
    "payments": gettext_lazy("Payments"),
    "receipt_source": gettext_lazy("Till or system of the receipt that is returned"),
    "receipt_external_id": gettext_lazy("Number of the receipt that is returned"),
}
_CUSTOMERS = {
    "number": IdentityKind.MEMBER.label,
    "phone": IdentityKind.PHONE.label,
    "phones": gettext_lazy("More phones"),
    "email": IdentityKind.EMAIL.label,
    "emails": gettext_lazy("More e-mail addresses"),
    "card": IdentityKind.CARD.label,
    "openid": IdentityKind.OPENID.label,
    "account": IdentityKind.ACCOUNT.label,
    "tags": gettext_lazy("Tags"),
    "identifiers": gettext_lazy("Identifiers"),
    "home_store": Customer._meta.get_field("home_store").verbose_name,
    consent_columns.AT: gettext_lazy("Day of the consents"),
}
_TOLD = re.compile(r"(^|, )([a-z_]+(?:\.[a-z0-9_]+)?) ([^,]*)")  # "occupation baker, tags +1"
_COLUMN_OF = {str(field.column): field for field in Customer._meta.concrete_fields}


class Words:
    """What a column (`custom_pet`) or a field (`custom.pet`, `home_store_id`) of a kind of file is called."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    @cached_property
    def own(self) -> Mapping[str, str]:
        """The chain's own fields: what they are called, by their code."""
        return {one.code: one.name for one in customfields.definitions(archived=True)}

    def __call__(self, name: str) -> str:
        """A name that nobody knows stays as it is."""
        label = str(self._label(name))
        return label[:1].upper() + label[1:]

    def choice(self, name: str) -> str:
        """In words, with the name that stands in files and guides."""
        return _("%(word)s (%(code)s)") % {"word": self(name), "code": name}

    def of_line(self, line: Mapping[str, str]) -> dict[str, str]:
        """A line of what a tried file would change (`imports.journal`), its fields and values in words."""
        field = line["field"]
        if not field:
            return {**line, "after": _TOLD.sub(self._told, line["after"])}
        values = {name: self._value(field, line[name]) for name in ("before", "after")}
        return {**line, "field": self(field), **values}

    def _told(self, found: re.Match[str]) -> str:
        between, name, value = found.groups()
        return f"{between}{self(name)} {self._value(name, value)}" if self.knows(name) else found[0]

    def knows(self, name: str) -> bool:
        """Is it a field that an import writes?"""
        return name in _CUSTOMERS or name in _COLUMN_OF or name.removeprefix("custom.") in self.own

    def _value(self, name: str, value: str) -> str:
        if name == "language" and value:
            return words.language(value)
        if name == "home_store_id":
            return self.stores.get(value, value)
        field = _COLUMN_OF.get(name)
        return str(dict(field.flatchoices).get(value, value)) if field else value

    @cached_property
    def stores(self) -> Mapping[str, str]:
        return {str(pk): name for pk, name in Store.objects.values_list("pk", "name")}

    def _label(self, name: str) -> Any:
        if self.kind == "receipts":
            return _RECEIPTS.get(name, name)
        if name[: len(CUSTOM)] in (CUSTOM, "custom."):
            return self.own.get(name[len(CUSTOM) :], name)
        if name in consent_columns.CELL_OF:
            return consent_columns.CELL_OF[name].label
        if name in _CUSTOMERS:
            return _CUSTOMERS[name]
        return _COLUMN_OF[name].verbose_name if name in _COLUMN_OF else name
