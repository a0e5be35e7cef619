"""Changing the plain facts of a customer. Identifiers have their own ways (enrolment, merge)."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import edits, normalise
from crm.lib.refusals import Fault, Refusal
from customers import customfields, names, present
from customers.matching import keys
from customers.models import Customer

# Earlier than any receipt: the home store that a person gave a stub is not taken back by a receipt that comes late.
BEFORE_ALL = datetime(1900, 1, 1, tzinfo=UTC)


class InvalidFacts(Refusal):
    """`faults` point at "/name"."""

    code: ClassVar[str] = "invalid_facts"


def ordinary(values: dict[str, Any]) -> dict[str, Any]:
    """These fields with every text in its ordinary form. Raises InvalidFacts for what cannot be seen or kept."""
    plain = {name: normalise.plain(value) for name, value in values.items() if isinstance(value, str)}
    faults = tuple(
        Fault(f"/{name}", fault)
        for name, text in plain.items()
        if (fault := _fault(name, text, values[name]))
    )
    if faults:
        raise InvalidFacts(faults[0].detail, faults=faults)
    return values | plain


def _fault(name: str, text: str, told: str) -> str:
    longest = getattr(Customer._meta.get_field(name), "max_length", None)
    if not text.isprintable():
        return _("Control characters are not allowed.")
    if told and not text:
        return _("This is empty.")
    if longest and len(text) > longest:  # the ordinary form of a letter may be several
        return _("Longer than %(n)d characters.") % {"n": longest}
    return ""


def change(
    customer_id: int, values: dict[str, Any], *, by: Any, based_on: dict[str, Any] | None = None
) -> Customer:
    """Set these fields; the search keys follow the name and the home store. Naming a stub enrols nobody.

    A field of the chain's own is named "custom.<code>". `based_on`: what their author saw of them. Raises InvalidFacts,
    InvalidCustom, ChangedMeanwhile, Erased; then nothing has changed.

    The trail keeps which fields changed; of what was in them a digest, for it is personal (`customers/audited.py`).
    """
    fields = customfields.definitions() if any(map(customfields.is_custom, values)) else []
    based_on = customfields.ordinary(based_on or {}, fields)
    values = edits.touched(customfields.ordinary(values, fields), based_on)
    values = ordinary({name: value for name, value in values.items() if not customfields.is_custom(name)}) | {
        name: value for name, value in values.items() if customfields.is_custom(name)
    }
    with transaction.atomic():
        customer = Customer.objects.select_for_update().get(pk=customer_id)
        if customer.erased_at:
            raise present.Erased
        values |= customfields.checked(values, fields, held=customer.custom)
        now = {name: _now(customer, name) for name in values}
        values = edits.changes(now, values, based_on, customer)
        changed = {name: value for name, value in values.items() if now[name] != value}
        if changed:
            _write(customer, changed)
            both = {field_name(name): (now[name], value) for name, value in changed.items()}
            store, details = customer.home_store_id, {"fields": sorted(both)}
            trail.record("customer.change", customer, by=by, store_id=store, details=details, changes=both)
    return customer


def _now(customer: Customer, name: str) -> Any:
    if customfields.is_custom(name):
        return customer.custom.get(customfields.code_of(name))
    return getattr(customer, name)


def field_name(name: str) -> str:
    """home_store_id is home_store; a field of the chain's own keeps its name."""
    return name if customfields.is_custom(name) else Customer._meta.get_field(name).name


def _write(customer: Customer, changed: dict[str, Any]) -> None:
    own = {name: value for name, value in changed.items() if customfields.is_custom(name)}
    fields = {field_name(name) for name in changed.keys() - own.keys()}
    for name in changed.keys() - own.keys():
        setattr(customer, name, changed[name])
    if customer.is_stub and "home_store" in fields:
        customer.first_seen_at = BEFORE_ALL
    if own:
        told = {customfields.code_of(name): value for name, value in own.items()}
        customer.custom = customfields.merged(customer.custom, told)
    customer.save(update_fields=fields | {"first_seen_at"} | ({"custom"} if own else set()))
    Customer.objects.filter(pk=customer.pk).update(updated_at=Now())
    if fields & {"name", "home_store"}:
        names.index([customer.pk])
    keys.index([customer.pk])
