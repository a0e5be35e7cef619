"""The build fails when a page does not say which permission it needs."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.urls import URLPattern, URLResolver, get_resolver

from crm.org.permissions import Permission
from crm.ui.views import StaffView


@register()
def every_page_declares_its_permission(**_: Any) -> list[CheckMessage]:
    return [
        Error(f"{view.__module__}.{view.__name__} declares no permission.", id="ui.E001")
        for view in _views(get_resolver())
        if issubclass(view, StaffView) and not isinstance(getattr(view, "permission", None), Permission)
    ]


def _views(resolver: URLResolver) -> Iterator[type]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _views(pattern)
        elif isinstance(pattern, URLPattern) and isinstance(view := getattr(pattern.callback, "view_class", None), type):
            yield view
