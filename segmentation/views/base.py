"""What pages of segments share."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.ui.views import StaffView
from segmentation.models import Segment
from segmentation.segments import owning
from segmentation.tabs import SETTINGS, TABS


def tabs(view: StaffView, current: str) -> list[tuple[str, str, bool, None]]:
    """The tabs that this person may see."""
    return [
        (_(tab.label), reverse(tab.name), tab.key == current, None) for tab in TABS if view.staff.may(tab.permission)
    ]  # fmt: skip


def sent_back(view: StaffView, segment: Segment) -> HttpResponse | None:
    """Whoever may not change a segment is told so on its page, where it can be copied."""
    try:
        owning.require(segment, view.staff)
    except owning.OfTheChain as refusal:
        view.say(str(refusal), error=True)
        address = reverse("segmentation:segment", args=[segment.public_id])
        return redirect(address) if view.request.method == "GET" else view.go(address)
    return None


def around_settings(view: StaffView, current: str) -> dict[str, Any]:
    """Both rows of tabs of a page of settings."""
    places = [
        (_(place.label), reverse(place.name), place.key == current)
        for place in SETTINGS
        if view.staff.may(place.permission)
    ]
    return {"tabs": tabs(view, "settings"), "places": places, "title": _("Segments")}
