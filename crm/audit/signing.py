"""The signature of a row and its leaf in a seal: HMAC-SHA256 over the row's content in one fixed form.

The signature is made when the row is written and covers what was said, not the row's number, which only the database
knows then. The leaf is made when the row is sealed and covers everything, its number and signature included. The form
is a JSON list with sorted keys and no blanks; a change of it would be a new version, for old rows must stay provable.
"""

import hmac
import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from crm.audit.keys import FINGERPRINT, Key, current, known
from crm.audit.models import Entry

NONCE = 8
LEAF = 16
# What a row says, in the order of the canonical form.
SAID = (
    "actor", "action", "subject", "store_id", "details", "changes", "channel", "address", "agent", "request_id",
)  # fmt: skip
_AS_JSON = frozenset({SAID.index("details"), SAID.index("changes")})
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def sign(entry: Entry) -> bytes:
    """32 bytes: which key, a nonce, the code. Needs `recorded_at` and everything in SAID."""
    key, nonce = current(), secrets.token_bytes(NONCE)
    said = content(entry.recorded_at, [getattr(entry, name) for name in SAID])
    return key.fingerprint + nonce + _code(key, nonce, said)


def is_signed(signature: bytes, said: bytes) -> bool | None:
    """Whether these words carry this signature; None when its key is unknown."""
    key = known(signature[:FINGERPRINT])
    if key is None:
        return None
    nonce = signature[FINGERPRINT : FINGERPRINT + NONCE]
    return hmac.compare_digest(signature[FINGERPRINT + NONCE :], _code(key, nonce, said))


def leaf(key: Key, number: int, said: bytes, signature: bytes | None) -> bytes:
    text = b"%d\n%b\n%b" % (number, (signature or b"").hex().encode(), said)
    return hmac.digest(key.rows, text, "sha256")[:LEAF]


def content(recorded_at: datetime, said: Sequence[Any]) -> bytes:
    """The canonical form. JSON may be given as the text that the database sends."""
    told = [
        ordinary(json.loads(one) if isinstance(one, str) else one) if place in _AS_JSON else one
        for place, one in enumerate(said)
    ]
    return _encode([_stamp(recorded_at), *told]).encode("utf-8", "surrogatepass")


def ordinary(value: Any) -> Any:
    """jsonb gives whole floats back as whole numbers when they are large: both are one number here."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {str(name): ordinary(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [ordinary(one) for one in value]
    return value


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _code(key: Key, nonce: bytes, said: bytes) -> bytes:
    return hmac.digest(key.rows, nonce + said, "sha256")[: 32 - FINGERPRINT - NONCE]
