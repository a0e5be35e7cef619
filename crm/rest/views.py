"""The base of every endpoint: a short path from the call to the handler and back.

REST framework gives the routing, the browsable schema's tooling and the name; its serializers, parsers, negotiation and
request wrapper are not on the way, because a till waits at the other end. What a handler gets has been checked: the
key, its scope and permission, its rate, the size, type and shape of the body, the parameters.
"""

from typing import Any, ClassVar

import msgspec
import psycopg
import structlog
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework.views import APIView

from crm.audit import actor
from crm.lib.refusals import Refusal
from crm.org.permissions import Permission
from crm.rest import bodies, idempotency, keys, limits, problems
from crm.rest.endpoints import JSON, Answer, Endpoint
from crm.rest.schema import EndpointSchema
from crm.rest.scopes import KeyScope

log = structlog.get_logger(__name__)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
TRIES = 3
PASSING = ("40001", "40P01")  # serialization failure, deadlock: nothing was done, again is right


class ApiView(APIView):
    """One resource. Says which permission it needs and which scope of a key grants it.

    Handlers (`get`, `post`, …) are declared with `@endpoint` and find `caller`, `query` and `request` on the view. Rows
    are loaded through `visible_to(self.caller)`: what a key may not see does not exist for it. A handler that writes is
    one transaction.
    """

    permission: ClassVar[Permission]
    scope: ClassVar[KeyScope]
    parts: ClassVar[dict[str, dict[str, Any]]] = {}  # JSON schema of the address's parts
    tag: ClassVar[str] = ""
    schema = EndpointSchema()
    caller: keys.Caller
    query: Any

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        headers: dict[str, str] = {}
        try:
            response = self._answer(request, kwargs, headers)
        except Refusal as refusal:
            response = problems.respond(refusal)
        except (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError) as error:
            log.warning("api_database_unavailable", error=type(error).__name__)
            response = problems.respond(
                problems.Unavailable("Not possible at this moment; try again.", headers={"Retry-After": "2"})
            )
        except Exception:
            log.exception("api_failed", view=type(self).__name__)
            response = problems.respond(
                problems.InternalError("This failed on our side and was written down. You can send it again.")
            )
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        if not response.streaming:  # or the server would send it in chunks
            response.headers["Content-Length"] = str(len(response.content))
        return response

    @classmethod
    def endpoints(cls) -> dict[str, Endpoint]:
        """Method to what is declared for it."""
        declared = {
            method: getattr(getattr(cls, method.lower(), None), "endpoint", None) for method in METHODS
        }
        return {method: endpoint for method, endpoint in declared.items() if endpoint is not None}

    def _answer(self, request: HttpRequest, parts: dict[str, Any], headers: dict[str, str]) -> HttpResponse:
        self.request = request  # type: ignore[assignment]
        self.caller = self._recognise(request)
        actor.say(self.caller.actor)
        method = "GET" if request.method == "HEAD" else request.method or ""
        handler: Any = getattr(self, method.lower(), None) if method in METHODS else None
        declared: Endpoint | None = getattr(handler, "endpoint", None)
        if handler is None or declared is None:
            allowed = ", ".join(self.endpoints())
            raise problems.MethodNotAllowed(f"Possible here: {allowed}.", headers={"Allow": allowed})
        scope, permission = declared.scope or self.scope, declared.permission or self.permission
        if scope not in self.caller.scopes or not self.caller.may(permission):
            raise problems.Forbidden(f"This key lacks the scope {scope}.")
        headers.update(limits.count(self.caller))
        _check_accept(request)
        self.query = bodies.query(request, declared.query)
        raw = b""
        if declared.body is not None:
            raw = bodies.read(request, media_type=declared.media_type, limit=declared.limit)
            body = raw if declared.body is bytes else bodies.decode(raw, declared.decoder)
            return self._do(request, raw, lambda: handler(body, **parts))
        return self._do(request, raw, lambda: handler(**parts))

    def _do(self, request: HttpRequest, raw: bytes, call: Any) -> HttpResponse:
        key = idempotency.key_of(request) if request.method == "POST" and self.writes else None
        for attempt in range(1, TRIES + 1):
            try:
                if key is None:
                    return _respond(call())
                return idempotency.once(self.caller.key_id, key, request, raw, lambda: _respond(call()))
            except OperationalError as error:
                passing = getattr(error.__cause__, "sqlstate", None) in PASSING
                if not passing or attempt == TRIES or connection.in_atomic_block:
                    raise
        raise AssertionError("unreachable")

    writes: ClassVar[bool] = (
        True  # False: a POST that only asks, because what it asks for must not stand in an address
    )

    @staticmethod
    def _recognise(request: HttpRequest) -> keys.Caller:
        kind, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        caller = keys.recognise(secret.strip()) if kind.lower() == "bearer" else None
        if caller is None:
            raise problems.Unauthenticated
        return caller


def _respond(result: Any) -> HttpResponse:
    if isinstance(result, HttpResponseBase):  # a stream: only where no answer is kept (`writes`)
        return result  # type: ignore[return-value]
    answer = result if isinstance(result, Answer) else Answer(result)
    return HttpResponse(
        msgspec.json.encode(answer.data),
        status=answer.status,
        content_type=JSON,
        headers={"Cache-Control": "no-store"},
    )


def _check_accept(request: HttpRequest) -> None:
    """We speak JSON. An Accept header that excludes it gets told so instead of a surprise."""
    accept = request.META.get("HTTP_ACCEPT")
    if not accept or accept == "*/*":
        return
    for choice in accept.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in choice.split(";"))
        if media_type in (JSON, "application/*", "*/*") and "q=0" not in parameters:
            return
    raise problems.NotAcceptable("The answer is application/json; accept that.")
