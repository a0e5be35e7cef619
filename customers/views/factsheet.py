"""The facts of a customer as the page shows them: each by itself, so that each can be edited where it stands."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext as _

from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui import words
from customers import customfields
from customers.models import Customer, CustomField, FieldKind

ABOUT = ("gender", "birthday", "age_band", "income_band", "occupation", "address", "language", "home_store")
HOUSEHOLD = ("household_code", "household", "household_size")
NAMES = ("name", *ABOUT, *HOUSEHOLD)


@dataclass(frozen=True)
class Fact:
    """`name`: of the form's field. `words`: as a person reads it."""

    name: str
    label: str
    words: Any
    is_empty: bool
    may_edit: bool

    @property
    def slug(self) -> str:
        return slugify(self.name.replace(".", "-"))


@dataclass(frozen=True)
class Sheet:
    about: list[Fact]
    household: list[Fact]
    custom: list[Fact]


def of(customer: Customer, fields: list[CustomField], staff: Staff) -> Sheet:
    """All facts; of the chain's own fields those that this person's role sees."""
    own = [one for one in fields if customfields.shows(one, staff)]
    return Sheet(
        [plain(customer, name, staff) for name in ABOUT],
        [plain(customer, name, staff) for name in HOUSEHOLD],
        [custom(customer, field, staff) for field in own],
    )


def plain(customer: Customer, name: str, staff: Staff) -> Fact:
    label = str(Customer._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    said = _said(customer, name)
    return Fact(
        name,
        label[:1].upper() + label[1:],
        said or words.NOTHING,
        not said,
        staff.may(Permission.EDIT_CUSTOMERS),
    )


def custom(customer: Customer, field: CustomField, staff: Staff) -> Fact:
    said = in_words(field, customer.custom.get(field.code))
    may = staff.may(Permission.EDIT_CUSTOMERS)
    return Fact(f"{customfields.PREFIX}{field.code}", field.name, said or words.NOTHING, not said, may)


def _said(customer: Customer, name: str) -> str:
    value = getattr(customer, name)
    if not value:
        return ""
    if name == "gender":
        return str(customer.get_gender_display())
    if name == "birthday":
        return words.day(value)
    if name == "language":
        return words.language(value)
    return str(value.name) if name == "home_store" else str(value)


def in_words(field: CustomField, value: Any) -> str:
    """A value of one of the chain's own fields; "" where nothing is known."""
    if value is None:
        return ""
    if field.kind == FieldKind.FLAG:
        return _("yes") if value else _("no")
    if field.kind == FieldKind.DATE:
        return words.day(date.fromisoformat(value))
    if field.kind == FieldKind.NUMBER:
        amount = Decimal(value)
        return words.number(amount, max(0, -int(amount.as_tuple().exponent)))
    return (
        field.options(retired=True).get(value, str(value)) if field.kind == FieldKind.CHOICE else str(value)
    )
