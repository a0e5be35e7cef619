"""What pages of segments share."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from crm.ui.views import StaffView
from segmentation.tabs import SETTINGS, TABS


def tabs(view: StaffView, current: str) -> list[tuple[str, str, bool, None]]:
    """The tabs that this person may see."""
    return [
        (_(tab.label), reverse(tab.name), tab.key == current, None) for tab in TABS if view.staff.may(tab.permission)
    ]  # fmt: skip


def around_settings(view: StaffView, current: str) -> dict[str, Any]:
    """Both rows of tabs of a page of settings."""
    places = [
        (_(place.label), reverse(place.name), place.key == current)
        for place in SETTINGS
        if view.staff.may(place.permission)
    ]
    return {"tabs": tabs(view, "settings"), "places": places, "title": _("Segments")}
