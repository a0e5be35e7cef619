"""Idempotency-Key: the same POST again gives the same answer and no second effect.

The record, the effect and the stored answer are one transaction. A second call with the same key, at the same moment,
waits at the unique index until the first has ended: then it repeats its answer, or, when the first failed and left
nothing, does the work. Only successes are kept: a refused call changed nothing and may be corrected and sent again.

Of the key a keyed digest is kept: some systems make theirs of a phone number, and an erasure would have to look there.
"""

import hmac
from collections.abc import Callable
from datetime import timedelta
from hashlib import blake2b, sha256

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse

from crm.rest.models import StoredAnswer
from crm.rest.problems import KeyReused, Malformed

KEPT = timedelta(days=30)
LONGEST_KEY = 255


def key_of(request: HttpRequest) -> str | None:
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable() or " " in key:
        raise Malformed(f"An Idempotency-Key has 1 to {LONGEST_KEY} printable ASCII characters.")
    return str(key)


def once(
    key_id: int, key: str, request: HttpRequest, body: bytes, act: Callable[[], HttpResponse]
) -> HttpResponse:
    """Do `act` unless this key has been answered; then give that answer."""
    print_, key = _fingerprint(request, body), digest(key)
    with transaction.atomic():
        row = _take(key_id, key, print_, request.path)
        if row is None:
            return _repeat(key_id, key, print_)
        response = act()
        StoredAnswer.objects.filter(pk=row).update(status=response.status_code, body=response.content)
    return response


def forget_old() -> int:
    """Remove what is older than `KEPT`. Returns how many."""
    return StoredAnswer.objects.filter(created_at__lt=Now() - KEPT).delete()[0]


def digest(key: str) -> str:
    """What is kept of a key."""
    return sha256(secret() + key.encode()).hexdigest()


def secret() -> bytes:
    """64 letters; the same as long as SECRET_KEY is."""
    return hmac.digest(settings.SECRET_KEY.encode(), b"rest.idempotency", "sha256").hex().encode()


def _fingerprint(request: HttpRequest, body: bytes) -> bytes:
    return blake2b(f"{request.method} {request.path}\n".encode() + body, digest_size=16).digest()


def _take(key_id: int, key: str, fingerprint: bytes, path: str) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO rest_storedanswer (api_key_id, idempotency_key, fingerprint, path)"
            " VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (api_key_id, idempotency_key) DO NOTHING RETURNING id",
            [key_id, key, fingerprint, path[:200]],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _repeat(key_id: int, key: str, fingerprint: bytes) -> HttpResponse:
    kept = StoredAnswer.objects.get(api_key_id=key_id, idempotency_key=key)
    if bytes(kept.fingerprint) != fingerprint:
        raise KeyReused("This Idempotency-Key was used for another call. Take a new one.")
    headers = {"Idempotent-Replayed": "true", "Cache-Control": "no-store"}
    body = bytes(kept.body or b"")
    return HttpResponse(body, status=kept.status or 200, content_type="application/json", headers=headers)
