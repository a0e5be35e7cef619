"""Recognising a customer: which identifiers there are and their one written form.

An identifier that is not of its kind (a phone with letters) is None here; callers refuse it by name.
"""

from collections.abc import Callable

from crm.lib import normalise
from crm.org.models import Chain
from customers.models import IdentityKind

_NORMALISERS: dict[str, Callable[[str], str | None]] = {
    IdentityKind.EMAIL.value: normalise.email,
    IdentityKind.MEMBER.value: normalise.number,
    IdentityKind.CARD.value: normalise.number,
    IdentityKind.OPENID.value: normalise.opaque,
    IdentityKind.ACCOUNT.value: normalise.opaque,
    IdentityKind.DEVICE.value: normalise.opaque,
}
KINDS = frozenset(IdentityKind.values)
_ANYWHERE = "ZZ"


def _has_country_code(value: str) -> bool:
    return normalise.plain(value).startswith(("+", "00"))


def normalised(kind: str, value: str, *, country: str | None = None) -> str | None:
    """The form in which `Identity.value` holds it; None when it is no such identifier (or no such kind).

    `country` reads phones without a country code; by default it is the chain's.
    """
    if kind == IdentityKind.PHONE.value:
        if country is None and not _has_country_code(value):
            country = chain_country()
        return normalise.phone(value, country or _ANYWHERE)
    normaliser = _NORMALISERS.get(kind)
    return normaliser(value) if normaliser and value else None


def chain_country() -> str:
    return Chain.current().country
