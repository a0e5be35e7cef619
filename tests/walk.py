"""The access walk: every route × method × person, against an oracle that knows the data and not the code.

*Route*: one pattern of the URL resolver. *World*: a small chain with *canaries*, customers whose names, ids and
receipts occur nowhere else, so that whatever a page shows of a store can be recognised in its bytes. *Oracle*: who may
see which store, written out by hand.

A route is walkable when the walk can fill its address; a route that it cannot fill, or that declares neither a
permission nor that it is public, fails the build.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.rest.views import ApiView
from crm.ui.views import StaffView

METHODS = ("get", "post", "put", "patch", "delete")
# Routes of libraries, which bring their own tests of access. By the beginning of the address.
LIBRARIES = ("accounts/", "static/", "__debug__/")

_PLACE = re.compile(r"([\w-]+)/<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Route:
    """One address pattern with its view."""

    pattern: str  # "customers/<str:customer>/"
    name: str
    view: Any

    @property
    def is_api(self) -> bool:
        return isinstance(self.view, type) and issubclass(self.view, ApiView)

    @property
    def is_page(self) -> bool:
        return isinstance(self.view, type) and issubclass(self.view, StaffView)

    @property
    def nouns(self) -> list[str]:
        """What stands in the open places of the address: the words before them ("customers" in customers/<id>/)."""
        return [word for word, _part in _PLACE.findall(self.pattern)]

    @property
    def methods(self) -> list[str]:
        return [method for method in METHODS if hasattr(self.view, method)]

    def permission(self, method: str) -> Permission:
        declared = getattr(getattr(self.view, method, None), "endpoint", None)
        return (declared and declared.permission) or self.view.permission

    def scope(self, method: str) -> str:
        declared = getattr(getattr(self.view, method, None), "endpoint", None)
        return str((declared and declared.scope) or self.view.scope)

    def address(self, values: dict[str, Any]) -> str:
        """The address with `values` (by noun) in its open places."""
        return "/" + _PLACE.sub(lambda place: f"{place[1]}/{quote(str(values[place[1]]))}", self.pattern)

    def __str__(self) -> str:
        return self.name or self.pattern


def routes(resolver: URLResolver | None = None, prefix: str = "", space: str = "") -> Iterator[Route]:
    """All routes of ours."""
    for pattern in (resolver or get_resolver()).url_patterns:
        text = prefix + str(pattern.pattern)
        if text.startswith(LIBRARIES):
            continue
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from routes(pattern, text, inner)
        elif isinstance(pattern, URLPattern):
            callback: Any = pattern.callback
            view = getattr(callback, "view_class", None) or getattr(callback, "cls", None) or callback
            yield Route(text, f"{space}{pattern.name}" if pattern.name else "", view)


EVERYWHERE = "*"  # of no store in particular


@dataclass
class World:
    """`canaries`: code of the home store to its customers. `tokens`: store code to texts that only its data contain.

    `nouns`: word of an address to what it may name: store code to value, or EVERYWHERE to a value that is no store's.
    """

    canaries: dict[str, list[Any]]
    tokens: dict[str, set[str]]
    people: dict[str, Staff]
    nouns: dict[str, dict[str, Any]]
    browsers: dict[str, Client] = field(default_factory=dict)

    def foreign_tokens(self, codes: frozenset[str]) -> set[str]:
        """What must not stand in an answer to somebody who sees only these stores."""
        return set().union(*(tokens for code, tokens in self.tokens.items() if code not in codes))

    def ids(self, codes: Iterable[str]) -> set[str]:
        """The public ids of the customers of these stores."""
        return {person.public_id for code in codes for person in self.canaries[code]}

    def addresses(self, route: Route) -> dict[str, str]:
        """Store code (or EVERYWHERE) to the route's address for something of that store."""
        missing = [noun for noun in route.nouns if noun not in self.nouns]
        assert not missing, f"the walk cannot fill {route.pattern}: teach tests/walk.py what {missing} are"
        owners = {code for noun in route.nouns for code in self.nouns[noun]} - {EVERYWHERE} or {EVERYWHERE}
        pick = lambda noun, code: self.nouns[noun].get(code, self.nouns[noun].get(EVERYWHERE))  # noqa: E731
        return {
            code: route.address({noun: pick(noun, code) for noun in route.nouns}) for code in sorted(owners)
        }


CUSTOMER_ID = re.compile(r"cus_[0-9a-z]{12}")


def shown_ids(text: str) -> set[str]:
    """All customers whose ids stand in a page."""
    return set(CUSTOMER_ID.findall(text))


def text_of(response: Any) -> str:
    """What an answer says, whatever its form: page, JSON, CSV, Excel."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    if body.startswith(b"PK\x03\x04"):
        return _text_of_workbook(body)
    return body.decode("utf-8", errors="replace")


def _text_of_workbook(body: bytes) -> str:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return "\n".join(archive.read(name).decode("utf-8", errors="replace") for name in archive.namelist())
