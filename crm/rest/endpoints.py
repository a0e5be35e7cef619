"""What a method of a view takes and gives: declared once, used for the checks and for the OpenAPI document."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from crm.org.permissions import Permission
from crm.rest.scopes import KeyScope

JSON = "application/json"
NDJSON = "application/x-ndjson"
SMALL = 256 * 1024  # bytes

Handler = TypeVar("Handler", bound=Callable[..., Any])


class NoQuery(msgspec.Struct, forbid_unknown_fields=True):
    """No parameters."""


@dataclass(frozen=True)
class Answer:
    """A handler's answer when it is not simply 200."""

    data: Any
    status: int = 200


@dataclass(frozen=True)
class Endpoint:
    """`answers`: status to the shape of its body. `problems`: further statuses and when they are given.

    `permission` and `scope` replace the view's for this method; `documented` describes a body more closely than the
    type that reads it.
    """

    summary: str
    answers: Mapping[int, Any]
    body: Any = None
    query: type[msgspec.Struct] = NoQuery
    media_type: str = JSON
    limit: int = SMALL
    problems: Mapping[int, str] = field(default_factory=dict)
    example: Any = None
    description: str = ""
    permission: Permission | None = None
    scope: KeyScope | None = None
    documented: Any = None

    @cached_property
    def decoder(self) -> msgspec.json.Decoder:
        return msgspec.json.Decoder(self.body)


def endpoint(summary: str, **declared: Any) -> Callable[[Handler], Handler]:
    """Declares a handler. It is called with the decoded body (when it takes one) and the address's parts."""

    def declare(handler: Handler) -> Handler:
        handler.endpoint = Endpoint(summary, description=handler.__doc__ or "", **declared)  # type: ignore[attr-defined]
        return handler

    return declare
