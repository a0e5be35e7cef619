"""Codes of coupons: eleven letters by chance and one that checks them, in Crockford's base 32.

Eleven letters are 55 bits: with a million codes about, one guess in 36 thousand million hits, and whoever guesses is
stopped long before (`guesses`). The twelfth letter is a checksum over the field of 32 elements: it finds every single
wrong letter and every two that were exchanged, so a typing slip is no try at another's code.
"""

import secrets
from typing import NamedTuple

from crm.lib import prepared
from loyalty.coupons.refusals import CouponUnknown

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {letter: number for number, letter in enumerate(ALPHABET)}
_MEANT = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})
LENGTH = 12
_NOBODYS = "0" * (LENGTH - 1) + "-"


class Found(NamedTuple):
    """What a code opens. A shared one has no customer."""

    code: str
    definition_id: int
    customer_id: int | None
    coupon_id: int | None


def new() -> str:
    """A code that nobody can guess."""
    body = "".join(ALPHABET[byte & 31] for byte in secrets.token_bytes(LENGTH - 1))
    return body + check_letter(body)


def check_letter(body: str) -> str:
    return ALPHABET[_doubled(_remainder(body))]


def normalised(text: str) -> str | None:
    """The code as it is kept, from what somebody typed or scanned; None: no code of ours can be written like this."""
    code = text.upper().translate(_MEANT)
    is_code = len(code) == LENGTH and all(letter in _VALUE for letter in code) and _remainder(code) == 0
    return code if is_code else None


def shown(code: str) -> str:
    """In groups of four, as it is printed."""
    return "-".join(code[start : start + 4] for start in range(0, LENGTH, 4))


def find(text: str) -> Found:
    """Raises CouponUnknown. What can be no code takes the same way as one that is not there: neither is told apart."""
    row = prepared.row(_FIND, [normalised(text) or _NOBODYS])
    if row is None:
        raise CouponUnknown
    return Found(*row)


def _remainder(code: str) -> int:
    """Of the polynomial whose coefficients are the letters, at x = 2, in GF(32)."""
    value = 0
    for letter in code:
        value = _doubled(value) ^ _VALUE[letter]
    return value


def _doubled(value: int) -> int:
    value <<= 1
    return value ^ 0b100101 if value & 0b100000 else value  # modulo x^5 + x^2 + 1, of which 2 is a generator


_FIND = "SELECT code, definition_id, customer_id, coupon_id FROM loyalty_couponcode WHERE code = %s"
