"""The app, and its check: the build fails when a page does not say which permission it needs."""

from collections.abc import Iterator
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register
from django.utils.translation import gettext_lazy as _


class UiConfig(AppConfig):
    name = "crm.ui"
    label = "ui"
    verbose_name = _("Pages")

    def ready(self) -> None:
        register(every_page_declares_its_permission)


def every_page_declares_its_permission(**_options: Any) -> list[CheckMessage]:
    from django.urls import get_resolver

    from crm.org.permissions import Permission
    from crm.ui.views import StaffView

    return [
        Error(f"{view.__module__}.{view.__name__} declares no permission.", id="ui.E001")
        for view in _views(get_resolver())
        if issubclass(view, StaffView) and not isinstance(getattr(view, "permission", None), Permission)
    ]


def _views(resolver: Any) -> Iterator[type]:
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _views(pattern)
        elif isinstance(view := getattr(pattern.callback, "view_class", None), type):
            yield view
