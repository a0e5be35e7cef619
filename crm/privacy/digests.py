"""Keyed digests: who knows an identifier can prove later that it is the one, and who reads the digest learns nothing.

The key is derived from the installation's SECRET_KEY and so is in no dump of the database: without it a phone number
could be found by trying them all. After a change of SECRET_KEY old digests cannot be compared any more.
"""

import hmac
from collections.abc import Iterable

from django.conf import settings
from django.utils.crypto import salted_hmac

from crm.privacy.blanks import DIGEST_LENGTH

_SALT = "crm.privacy.digest"


def digest(kind: str, value: str) -> str:
    """32 hexadecimal letters for an identifier in its normalised form."""
    return _digest(kind, value, settings.SECRET_KEY)


def digests(identifiers: Iterable[tuple[str, str]]) -> list[str]:
    return sorted({digest(kind, value) for kind, value in identifiers})


def matches(kind: str, value: str, known: Iterable[str]) -> bool:
    """Whether this identifier is one of those known by their digests, also by those of an earlier key."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    mine = [_digest(kind, value, key) for key in keys]
    return any(hmac.compare_digest(one, other) for other in known for one in mine)


def _digest(kind: str, value: str, key: str | bytes) -> str:
    return salted_hmac(_SALT, f"{kind}:{value}", secret=key, algorithm="sha256").hexdigest()[:DIGEST_LENGTH]
