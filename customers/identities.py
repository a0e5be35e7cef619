"""Recognising a customer: which identifiers there are and their one written form.

An identifier that is not of its kind (a phone with letters) is None here; callers refuse it by name.
"""

from collections.abc import Callable

from django.utils.translation import gettext as _

from crm.lib import normalise
from crm.org.countries import Countries
from crm.org.countries import of_chain as chain_countries
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


def normalised(kind: str, value: str, *, countries: Countries | None = None) -> str | None:
    """The form in which `Identity.value` holds it; None when it is no such identifier (or no such kind), or a phone
    that may be of two countries (`fault` tells which).

    `countries` read phones without a country code; by default they are the chain's.
    """
    if kind == IdentityKind.PHONE.value:
        return _reading(value, countries).value
    normaliser = _NORMALISERS.get(kind)
    return normaliser(value) if normaliser and value else None


def readings(kind: str, value: str, *, countries: Countries | None = None) -> tuple[str, ...]:
    """Every form that it may stand for: for looking up, where nothing is written."""
    if kind == IdentityKind.PHONE.value:
        return _reading(value, countries).could_be
    known_as = normalised(kind, value)
    return () if known_as is None else (known_as,)


def is_elsewhere(phone: str, countries: Countries) -> bool:
    """Whether a phone without a country code is read as of another country than the first."""
    if _has_country_code(phone):
        return False
    read = normalise.reading(phone, countries)
    return read.value is not None and read.value != normalise.reading(phone, countries[:1]).value


def fault(kind: str, value: str, otherwise: str) -> str:
    """Why a value that `normalised` does not take is refused; `otherwise`: the sentence for what is nothing at all."""
    return (kind == IdentityKind.PHONE.value and _question(_reading(value, None))) or otherwise


def _question(read: normalise.Reading) -> str:
    """The question for the country of a phone; "" where there is none to ask. It does not repeat the number."""
    if read.value or not read.could_be:
        return ""
    if len(read.could_be) == 1:
        return _("There is no such number in your country. Write it with + and the code of its country.")
    codes = dict.fromkeys(f"+{normalise.calling_code(number)}" for number in read.could_be)
    return _("Of which country is this phone? Write it with the country's code, such as %(codes)s.") % {
        "codes": ", ".join(codes)
    }


def _reading(value: str, countries: Countries | None) -> normalise.Reading:
    if countries is None:
        countries = (_ANYWHERE,) if _has_country_code(value) else chain_countries()
    return normalise.reading(value, countries)
