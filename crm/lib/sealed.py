"""Small notes that the browser keeps for us and cannot read or bend: sealed under the installation's secret key."""

import base64
from hashlib import blake2b
from typing import Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken


class Broken(ValueError):
    """No note of ours, or one that is too old."""


def seal(note: Any, *, secret: str, purpose: str) -> str:
    """`note`: anything that JSON can say. Opened only with the same secret and purpose."""
    return _box(secret, purpose).encrypt(msgspec.json.encode(note)).decode()


def unseal(text: str, *, secret: str, purpose: str, max_age: int) -> Any:
    """The note, if it is not older than `max_age` seconds. Raises Broken."""
    try:
        return msgspec.json.decode(_box(secret, purpose).decrypt(text.encode(), ttl=max_age))
    except (InvalidToken, UnicodeError):
        raise Broken("not a note of ours") from None


def _box(secret: str, purpose: str) -> Fernet:
    key = blake2b(purpose.encode(), key=blake2b(secret.encode()).digest(), digest_size=32).digest()
    return Fernet(base64.urlsafe_b64encode(key))
