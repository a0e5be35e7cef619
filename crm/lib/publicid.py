"""Public ids: what stands in addresses and API answers instead of row numbers.

A row number is put through a small keyed permutation of 60 bits (a balanced Feistel network, 30 bits a half) and
written in Crockford's base 32, with a prefix that names the kind: `cus_0f3k9w2mxq7t`. It is reversible, so no
column, index or look-up is needed, and it is unique because a permutation is. It hides counts and neighbours; it
is not a secret and grants nothing.
"""

from hashlib import blake2b

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUE = {letter: number for number, letter in enumerate(_ALPHABET)} | {"o": 0, "i": 1, "l": 1}
_HALF = 30
_MASK = (1 << _HALF) - 1
_ROUNDS = 6
_LENGTH = 12  # base-32 digits of 60 bits


class PublicId:
    """Encodes and decodes the ids of one kind, under the chain's key (any bytes; never change it)."""

    def __init__(self, prefix: str, key: bytes) -> None:
        self.prefix = prefix + "_"
        self._keys = [
            blake2b(prefix.encode(), key=key[:64], salt=bytes([i]) * 8).digest() for i in range(_ROUNDS)
        ]

    def encode(self, number: int) -> str:
        """`number`: 0 ≤ number < 2^60."""
        if not 0 <= number < 1 << 2 * _HALF:
            raise ValueError(f"not a row number: {number}")
        left, right = number >> _HALF, number & _MASK
        for key in self._keys:
            left, right = right, left ^ self._mix(right, key)
        value = left << _HALF | right
        return self.prefix + "".join(_ALPHABET[value >> 5 * i & 31] for i in range(_LENGTH - 1, -1, -1))

    def decode(self, text: str) -> int | None:
        """The row number, or None when `text` is no id of this kind."""
        digits = text.removeprefix(self.prefix).lower()
        if not text.startswith(self.prefix) or len(digits) != _LENGTH or any(d not in _VALUE for d in digits):
            return None
        value = 0
        for digit in digits:
            value = value << 5 | _VALUE[digit]
        left, right = value >> _HALF, value & _MASK
        for key in reversed(self._keys):
            left, right = right ^ self._mix(left, key), left
        return left << _HALF | right

    @staticmethod
    def _mix(half: int, key: bytes) -> int:
        return (
            int.from_bytes(blake2b(half.to_bytes(4, "big"), key=key[:64], digest_size=4).digest(), "big")
            & _MASK
        )
