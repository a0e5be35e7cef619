"""Values of the fields that an administrator defines: one way to check them, for form, API and import.

`Customer.custom` holds them in their ordinary form, ready for JSON: text as it is, a number as its shortest decimal in
text ("12.5"), a date as "2026-03-10", a choice as its code, yes and no as true and false. What is not known has no key.
In forms and edits a field is called "custom.<code>".
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from crm.lib import normalise
from crm.lib.refusals import Fault, Refusal
from crm.privacy.masking import Sight, What, sight
from customers.models import Customer, CustomField, FieldKind

PREFIX = "custom."
LONGEST = 200  # characters of a text
LARGEST = Decimal("1e12")
PLACES = 4
_YES = {"true", "yes", "y", "1", "on", "是"}
_NO = {"false", "no", "n", "0", "off", "否"}


class InvalidCustom(Refusal):
    """`faults` point at "/custom/<code>"."""

    code: ClassVar[str] = "invalid_facts"


def definitions(viewer: Any = None, *, archived: bool = False) -> list[CustomField]:
    """The fields in their order: those in use (`archived`: all), and of them what this person's role sees."""
    rows = CustomField.objects.order_by("order", "pk")
    found = rows if archived else rows.filter(archived_at=None)
    return [one for one in found if shows(one, viewer)]


def shows(field: Any, viewer: Any) -> bool:
    """Whether this person's role sees the field: one of those it was made for, and of what is personal only with leave
    to (crm/privacy/masking.py)."""
    role = getattr(viewer, "role", None)  # other systems have none, and see all
    if role is not None and field.roles and role not in field.roles:
        return False
    return not field.is_personal or sight(viewer, What.OWN) is Sight.FULL


def clean(
    values: Mapping[str, Any],
    fields: Iterable[CustomField] | None = None,
    *,
    held: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """These values by code in their ordinary form, None for what is taken away. Raises InvalidCustom.

    `fields`: the definitions, where the caller has them. `held`: what the customer has now: a choice that was retired
    may stay.
    """
    known = {one.code: one for one in (definitions() if fields is None else fields)}
    cleaned: dict[str, Any] = {}
    faults = []
    for code, value in values.items():
        try:
            cleaned[code] = _clean(known.get(code), value, (held or {}).get(code))
        except ValueError as error:
            faults.append(Fault(f"/custom/{code}", str(error)))
    if faults:
        raise InvalidCustom(faults[0].detail, faults=tuple(faults))
    return cleaned


def is_custom(name: str) -> bool:
    """Whether this names one of the chain's own fields, as forms and edits name them."""
    return name.startswith(PREFIX)


def code_of(name: str) -> str:
    return name.removeprefix(PREFIX)


def ordinary(values: Mapping[str, Any], fields: Iterable[CustomField]) -> dict[str, Any]:
    """The same values by name, those of the chain's own in their ordinary form as far as they have one."""
    known = {f"{PREFIX}{one.code}": one for one in fields}
    found = dict(values)
    for name in values.keys() & known.keys():
        try:
            found[name] = _clean(known[name], values[name], values[name])
        except ValueError:
            found[name] = values[name] if values[name] != "" else None
    return found


def checked(
    values: Mapping[str, Any], fields: Iterable[CustomField], *, held: Mapping[str, Any]
) -> dict[str, Any]:
    """Of these values by name, the chain's own in their ordinary form. Raises InvalidCustom."""
    told = {code_of(name): value for name, value in values.items() if is_custom(name)}
    return {f"{PREFIX}{code}": value for code, value in clean(told, fields, held=held).items()}


def enrolled(customer: Customer, told: Mapping[str, Any]) -> None:
    """Write what was told by name of somebody who is being enrolled. Raises InvalidCustom, also for what is missing."""
    fields = definitions()
    held = merged(customer.custom, clean({code_of(name): told[name] for name in told}, fields))
    if faults := missing(held, fields):
        raise InvalidCustom(faults[0].detail, faults=faults)
    if held != customer.custom:
        customer.custom = held
        customer.save(update_fields=["custom"])


def missing(values: Mapping[str, Any], fields: Iterable[CustomField]) -> tuple[Fault, ...]:
    """What must be filled in and is not."""
    asked = [one for one in fields if one.is_required and values.get(one.code) is None]
    return tuple(Fault(f"/custom/{one.code}", _("This must be filled in.")) for one in asked)


def merged(held: Mapping[str, Any], cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """What a customer holds once these values are written."""
    return {code: value for code, value in {**held, **cleaned}.items() if value is not None}


def _clean(field: CustomField | None, value: Any, held: Any) -> Any:
    if field is None or field.archived_at is not None:
        raise ValueError(_("There is no such field."))
    if isinstance(value, str):
        value = normalise.plain(value)
    if value is None or value == "":
        if field.is_required:
            raise ValueError(_("This must be filled in."))
        return None
    return _CLEANERS[FieldKind(field.kind)](field, value, held)


def _text(field: CustomField, value: Any, held: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(_("This is no text."))
    if not value.isprintable():
        raise ValueError(_("Control characters are not allowed."))
    if len(value) > LONGEST:
        raise ValueError(_("Longer than %(n)d characters.") % {"n": LONGEST})
    return value


def _number(field: CustomField, value: Any, held: Any) -> str:
    try:
        amount = Decimal(str(value)) if not isinstance(value, bool) else Decimal("nan")
    except ArithmeticError:
        amount = Decimal("nan")
    if not amount.is_finite() or amount.copy_abs() >= LARGEST:  # abs() rounds, and so overflows
        raise ValueError(_("This is no number."))
    if round(amount, PLACES) != amount:
        raise ValueError(_("At most %(n)d digits after the point.") % {"n": PLACES})
    return f"{amount.normalize() + 0:f}"


def _date(field: CustomField, value: Any, held: Any) -> str:
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(_("This is no date, such as 2026-03-10.")) from None
    return f"{day.year:04}-{day.month:02}-{day.day:02}"


def _choice(field: CustomField, value: Any, held: Any) -> str:
    options = field.options()
    if value in options or (value == held and value in field.options(retired=True)):
        return str(value)
    by_label = {label.casefold(): code for code, label in options.items()}
    found = by_label.get(str(value).casefold())
    if found is None:
        raise ValueError(_("This is none of the choices."))
    return found


def _flag(field: CustomField, value: Any, held: Any) -> bool:
    said = str(value).casefold()
    if said not in _YES | _NO:
        raise ValueError(_("This is neither yes nor no."))
    return said in _YES


_CLEANERS = {
    FieldKind.TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.DATE: _date,
    FieldKind.CHOICE: _choice,
    FieldKind.FLAG: _flag,
}


def holders(code: str) -> int:
    """How many customers have a value for this field."""
    return Customer.objects.filter(custom__has_key=code).count()
