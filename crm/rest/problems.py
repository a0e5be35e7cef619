"""Everything that is not a success, as application/problem+json (RFC 9457).

Refusals of the domain and faults of the call itself are translated here and nowhere else. `code` is for programs and
stays; `detail` is for people and may change.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Self

import msgspec
from django.http import HttpResponse

from crm.lib.refusals import Fault, Refusal

MEDIA_TYPE = "application/problem+json"


class Problem(Refusal):
    """A fault of the call, before any domain was asked. May bring headers."""

    def __init__(
        self,
        message: object = "",
        *,
        faults: tuple[Fault, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, faults=faults)
        self.headers = dict(headers or {})

    @classmethod
    def at(cls, pointer: str, sentence: object) -> Self:
        """A problem with one place."""
        return cls(sentence, faults=(Fault(pointer, str(sentence)),))


class Malformed(Problem):
    """Not JSON, not UTF-8, an unusable address or header."""

    code, status = "malformed", 400


class Unauthenticated(Problem):
    code, status = "unauthenticated", 401

    def __init__(self) -> None:
        super().__init__(
            "Send a valid key as “Authorization: Bearer …”.",
            headers={"WWW-Authenticate": 'Bearer realm="Regulars"'},
        )


class Forbidden(Problem):
    code, status = "forbidden", 403


class NotFound(Problem):
    """Does not exist, or not for this key."""

    code, status = "not_found", 404

    def __init__(self, message: object = "There is nothing at this address, or not for this key.") -> None:
        super().__init__(message)


class MethodNotAllowed(Problem):
    code, status = "method_not_allowed", 405


class NotAcceptable(Problem):
    code, status = "not_acceptable", 406


class LengthRequired(Problem):
    code, status = "length_required", 411


class TooLarge(Problem):
    code, status = "too_large", 413


class UnsupportedMediaType(Problem):
    code, status = "unsupported_media_type", 415


class InvalidInput(Problem):
    """JSON of a wrong shape: a missing or unknown field, a wrong type, a value out of range."""

    code, status = "invalid", 422


class KeyReused(Problem):
    """The Idempotency-Key belongs to a call with other content."""

    code, status = "idempotency_key_reused", 422


class TooManyCalls(Problem):
    code, status = "too_many_calls", 429


class InternalError(Problem):
    code, status = "internal_error", 500


class Unavailable(Problem):
    """The database cannot be reached, or refused for a reason that will pass."""

    code, status = "unavailable", 503


def respond(refusal: Refusal) -> HttpResponse:
    """The answer to a refusal."""
    body: dict[str, Any] = {
        "type": f"urn:regulars:problem:{refusal.code}",
        "title": title_of(refusal),
        "status": refusal.status,
        "detail": str(refusal),
        "code": refusal.code,
    }
    if refusal.faults:
        body["errors"] = [{"pointer": _pointer(f.pointer), "detail": str(f.detail)} for f in refusal.faults]
    headers = {"Cache-Control": "no-store", **getattr(refusal, "headers", {})}
    return HttpResponse(
        msgspec.json.encode(body), status=refusal.status, content_type=MEDIA_TYPE, headers=headers
    )


def title_of(refusal: Refusal) -> str:
    """The same words for all problems of one code: "Receipt conflict", "Too many calls"."""
    generic = refusal.code in ("refused", "malformed", "invalid")
    return HTTPStatus(refusal.status).phrase if generic else refusal.code.replace("_", " ").capitalize()


def _pointer(place: str) -> str:
    """RFC 6901; a bare field name becomes the pointer to it."""
    return place if not place or place.startswith("/") else f"/{place}"
