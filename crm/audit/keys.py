"""The audit key: what signatures, seals and the digests of personal values are made with.

It comes from `AUDIT_KEY`, or is derived from `SECRET_KEY` where that is not set. It never stands in the database: who
can write there cannot sign. Each signature names its key by a fingerprint, so that rows of an earlier key are still
proven after a rotation, with the earlier key in `AUDIT_KEYS_OLD` (docs/operations.md).
"""

import hashlib
import hmac
from dataclasses import dataclass
from functools import cached_property, lru_cache

from django.conf import settings

FINGERPRINT = 4  # bytes


@dataclass(frozen=True)
class Key:
    """One secret; each purpose has a key of its own."""

    secret: bytes

    @cached_property
    def fingerprint(self) -> bytes:
        return self.derived(b"fingerprint")[:FINGERPRINT]

    @cached_property
    def rows(self) -> bytes:
        return self.derived(b"rows")

    @cached_property
    def seals(self) -> bytes:
        return self.derived(b"seals")

    @cached_property
    def values(self) -> bytes:
        return self.derived(b"values")

    def derived(self, purpose: bytes) -> bytes:
        return hmac.digest(self.secret, b"regulars.audit.1." + purpose, "sha256")


def current() -> Key:
    """What is signed with now."""
    return _key(settings.AUDIT_KEY or settings.SECRET_KEY)


def known(fingerprint: bytes) -> Key | None:
    """The present or an earlier key; None for one that nobody told us."""
    return _ring(settings.AUDIT_KEY, settings.SECRET_KEY, tuple(settings.AUDIT_KEYS_OLD)).get(
        bytes(fingerprint)
    )


@lru_cache(maxsize=16)
def _key(secret: str) -> Key:
    return Key(hashlib.sha256(secret.encode()).digest())


@lru_cache(maxsize=4)
def _ring(audit_key: str, secret_key: str, old: tuple[str, ...]) -> dict[bytes, Key]:
    """SECRET_KEY is among them: before AUDIT_KEY was set, it was what signed."""
    keys = [_key(secret) for secret in (audit_key, secret_key, *old) if secret]
    return {key.fingerprint: key for key in keys}
