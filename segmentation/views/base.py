"""What pages of segments share."""

from django.urls import reverse
from django.utils.translation import gettext as _

from crm.ui.views import StaffView
from segmentation.tabs import TABS


def tabs(view: StaffView, current: str) -> list[tuple[str, str, bool, None]]:
    """The tabs that this person may see."""
    return [
        (_(tab.label), reverse(tab.name), tab.key == current, None) for tab in TABS if view.staff.may(tab.permission)
    ]  # fmt: skip
