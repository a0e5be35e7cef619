"""One written form for what people write in many: phones, e-mails, numbers, names, digits.

Every function takes text as it came and returns the normalised text, or None where it can be nothing of the kind.
"""

import re
import unicodedata
from functools import lru_cache

_SPACES = re.compile(r"\s+")
_E164_CHINA = re.compile(r"\+861[3-9]\d{9}")
_BARE_CHINA = re.compile(r"1[3-9]\d{9}")
_PHONE_NOISE = re.compile(r"[\s().\-/\u2010-\u2015\u00b7]+")
_PHONE = re.compile(r"\+?\d{5,20}")
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


def phone(text: str, country: str = "CN") -> str | None:
    """E.164 ("+8613800138000"). `country` (ISO 3166) reads numbers without a country code."""
    bare = _PHONE_NOISE.sub("", plain(text))
    if bare.startswith("00"):
        bare = "+" + bare[2:]
    if _E164_CHINA.fullmatch(bare):
        return bare
    if country == "CN" and _BARE_CHINA.fullmatch(bare):
        return "+86" + bare
    return _parsed(bare, country) if _PHONE.fullmatch(bare) else None


@lru_cache(maxsize=65_536)
def _parsed(bare: str, country: str) -> str | None:
    import phonenumbers  # 20 MB of numbering plans: only for numbers that the quick forms do not know

    try:
        number = phonenumbers.parse(bare, country)
    except phonenumbers.NumberParseException:
        return None
    # "Possible" and not "valid": new ranges are in use before a library knows them.
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


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
