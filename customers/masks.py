"""Personal data with its middle hidden: enough to recognise what one knows, too little to copy out."""

import copy
from datetime import date
from typing import Any

from django.utils import timezone

from crm.privacy.masking import Sight, What, sight
from customers.models import Customer, IdentityKind

NOTHING = "–"
_NUMBERS = (IdentityKind.MEMBER, IdentityKind.CARD, IdentityKind.ACCOUNT, IdentityKind.DEVICE)


def identifier(viewer: Any, kind: str, value: str) -> str:
    """An identifier as this person's role sees it (crm/privacy/masking.py)."""
    how = sight(viewer, What.NUMBER if kind in _NUMBERS else What.CONTACT)
    if how is Sight.FULL:
        return value
    return masked(kind, value) if how is Sight.MASKED and value else NOTHING if value else ""


def seen_by(viewer: Any, customer: Customer) -> Customer:
    """The customer as this person's role sees them: the same one, or a copy with less, which is not to be saved."""
    name, birthday = sight(viewer, What.NAME), sight(viewer, What.BIRTHDAY)
    own = sight(viewer, What.OWN)
    if name is Sight.FULL and birthday is Sight.FULL and own is Sight.FULL:
        return customer
    seen = copy.copy(customer)
    if own is not Sight.FULL:
        seen.address = ""
    if name is not Sight.FULL:
        seen.name = short_name(customer.name) if name is Sight.MASKED else ""
    if birthday is not Sight.FULL:
        seen.birthday = None
        if birthday is Sight.BAND and customer.birthday:
            seen.age_band = age_band(customer.birthday, timezone.localdate())
    return seen


def short_name(name: str) -> str:
    """Irina Petrova → I. P.; 林小雨 → 林**."""
    if any("\u4e00" <= letter <= "\u9fff" for letter in name):
        return name[:1] + "*" * (len(name) - 1)
    return " ".join(f"{word[0]}." for word in name.split())


def age_band(birthday: date, today: date) -> str:
    """Ten years: 30-39."""
    age = today.year - birthday.year - ((today.month, today.day) < (birthday.month, birthday.day))
    low = max(age, 0) // 10 * 10
    return f"{low}-{low + 9}"


def masked(kind: str, value: str) -> str:
    """+8613800138000 → +86 138****8000; irina@example.com → i***@example.com; M0001234 → M0***34."""
    if kind == IdentityKind.PHONE:
        return _phone(value)
    if kind == IdentityKind.EMAIL:
        name, _, host = value.partition("@")
        return f"{name[:1]}***@{host}"
    if kind in (IdentityKind.MEMBER, IdentityKind.CARD):
        return value if len(value) <= 4 else f"{value[:2]}***{value[-2:]}"
    return f"{value[:3]}***"


def _phone(value: str) -> str:
    if value.startswith("+86") and len(value) == 14:
        return f"+86 {value[3:6]}****{value[-4:]}"
    if value.startswith("+1") and len(value) == 12:
        return f"+1 {value[2:5]}***{value[-4:]}"
    return f"{value[:-8]}****{value[-4:]}" if len(value) > 9 else f"{value[:2]}****{value[-2:]}"
