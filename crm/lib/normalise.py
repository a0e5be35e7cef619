"""One written form for what people write in many: phones, e-mails, numbers, names, digits.

Every function takes text as it came and returns the normalised text, or None where it can be nothing of the kind.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

_SPACES = re.compile(r"\s+")
_E164_CHINA = re.compile(r"\+861[3-9]\d{9}")
_BARE_CHINA = re.compile(r"1[3-9]\d{9}")
_PHONE_NOISE = re.compile(r"[\s().\-/\u2010-\u2015\u00b7]+")
_PHONE = re.compile(r"\+?\d{5,20}")
_NOT_DIGIT = re.compile(r"\D")
_EMAIL = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+\.[^\s@<>,;:\".]+")
_NUMBER = re.compile(r"[0-9A-Z][0-9A-Z._\-/]*")
_INVISIBLE = {0xFEFF: None, 0x200B: None, 0x200E: None, 0x200F: None, 0x2060: None}

LONGEST_VALUE = 190


def plain(text: str) -> str:
    """Full-width letters and digits made ordinary, invisible marks taken away, spaces trimmed and made single."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_INVISIBLE))
    elif " " not in text and text.isprintable():
        return text  # nearly all
    return _SPACES.sub(" ", text).strip()


class Reading(NamedTuple):
    """A phone as it was written: `value` is the number that it is, None where that is not clear (or it is none);
    `could_be`: every number that it may stand for, the chain's own first."""

    value: str | None = None
    could_be: tuple[str, ...] = ()


def phone(text: str, country: str = "CN") -> str | None:
    """E.164 ("+8613800138000"). `country` (ISO 3166) reads numbers without a country code."""
    return reading(text, (country,)).value


def reading(text: str, countries: tuple[str, ...]) -> Reading:
    """A phone in E.164. Without a country code it is read as of the first country, in doubt of the others
    (docs/algorithms/matching.md)."""
    bare = _PHONE_NOISE.sub("", plain(text))
    if bare.startswith("00"):
        bare = "+" + bare[2:]
    if _E164_CHINA.fullmatch(bare):
        return Reading(bare, (bare,))
    if countries[0] == "CN" and _BARE_CHINA.fullmatch(bare):
        return Reading("+86" + bare, ("+86" + bare,))
    return _read(bare, countries) if _PHONE.fullmatch(bare) else Reading()


@lru_cache(maxsize=65_536)
def _read(bare: str, countries: tuple[str, ...]) -> Reading:
    own = _parsed(bare, countries[0])
    if bare.startswith("+") or (own and own.is_proper and own.is_valid):
        return Reading(own and own.value, (own.value,) if own else ())
    there = (_parsed(bare, country) for country in countries[1:])
    others = {one.value for one in there if one and one.is_valid and (one.is_proper or one.has_code)}
    could_be = tuple(dict.fromkeys([*([own.value] if own else ()), *sorted(others)]))
    if own and (own.is_valid or (own.is_proper and not others)):
        # "Possible" and not "valid": new ranges are in use before a library knows them.
        return Reading(own.value if not others - {own.value} else None, could_be)
    return Reading(others.pop() if len(others) == 1 else None, could_be)


class _Parsed(NamedTuple):
    value: str
    is_valid: bool
    is_proper: (
        bool  # written as at home: with the trunk prefix where there is one, without the country's code
    )
    has_code: bool  # written with the country's code and no plus: so "1 301 …" in the United States


def _parsed(bare: str, country: str) -> _Parsed | None:
    import phonenumbers as plan  # 20 MB of numbering plans: only for numbers that the quick forms do not know

    try:
        number = plan.parse(bare, country)
    except plan.NumberParseException:
        return None
    if not plan.is_possible_number(number):
        return None
    at_home = _NOT_DIGIT.sub("", plan.format_number(number, plan.PhoneNumberFormat.NATIONAL))
    value = str(plan.format_number(number, plan.PhoneNumberFormat.E164))
    return _Parsed(value, plan.is_valid_number(number), at_home == bare, value == f"+{bare}")


def calling_code(number: str) -> int:
    """Of a number in E.164: 1, 86."""
    import phonenumbers

    return int(phonenumbers.parse(number).country_code or 0)


def email(text: str) -> str | None:
    """Lower case, without the angle brackets or "mailto:" around it."""
    bare = plain(text).removeprefix("mailto:").strip("<>").lower()
    return bare if len(bare) <= LONGEST_VALUE and _EMAIL.fullmatch(bare) else None


def number(text: str) -> str | None:
    """A member number or card: upper case without spaces; leading zeros are part of it."""
    bare = plain(text).replace(" ", "").upper()
    return bare if len(bare) <= LONGEST_VALUE and _NUMBER.fullmatch(bare) else None


def opaque(text: str) -> str | None:
    """An identifier whose letters mean nothing to us (openid, device): kept as it is, without spaces around it."""
    bare = text.strip()
    return bare if 0 < len(bare) <= LONGEST_VALUE and bare.isprintable() and " " not in bare else None
