"""The build fails when an endpoint does not say which permission and scope it needs, or when the two do not fit."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.urls import URLPattern, URLResolver, get_resolver

from crm.org.permissions import Permission
from crm.rest.scopes import GRANTS
from crm.rest.views import METHODS, ApiView


@register()
def every_endpoint_declares_its_permission(**_: Any) -> list[CheckMessage]:
    return [Error(words, id="rest.E001") for view in views(get_resolver()) for words in _faults(view)]


def views(resolver: URLResolver) -> Iterator[type[ApiView]]:
    """All endpoints below a resolver."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern)
        elif isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "cls", None)
            if isinstance(view, type) and issubclass(view, ApiView):
                yield view


def _faults(view: type[ApiView]) -> Iterator[str]:
    name = f"{view.__module__}.{view.__name__}"
    own = [(getattr(view, "permission", None), getattr(view, "scope", None))]
    methods = view.endpoints().values()
    for permission, scope in own + [(e.permission or own[0][0], e.scope or own[0][1]) for e in methods]:
        if not isinstance(permission, Permission) or scope not in GRANTS:
            yield f"{name} declares no permission or no scope."
        elif permission not in GRANTS[scope]:
            yield f"{name}: the scope {scope} does not grant {permission}."
    for method in METHODS:
        handler = getattr(view, method.lower(), None)
        if handler is not None and not hasattr(handler, "endpoint"):
            yield f"{name}.{method.lower()} is not declared with @endpoint."
