"""Why a referral needs a look, or came to nothing, in plain words."""

from typing import Any

from django.utils.translation import gettext_lazy as _

WHY: dict[str, Any] = {
    "self": _("Both are one customer"),
    "household": _("The same household or address"),
    "phone": _("Nearly the same phone number"),
    "device": _("The same phone or browser"),
    "duplicate": _("They may be one person"),
    "ring": _("The friend brought them along before"),
    "many": _("More friends in a month than usual"),
    "gone": _("Who brought them is no member any more"),
    "second": _("Somebody brought them before"),
    "late": _("No purchase in time"),
    "known": _("Bought here before"),
    "returned": _("The first purchase was returned"),
    "small": _("The first purchase was too small"),
}


def told(codes: list[str]) -> list[Any]:
    return [WHY[code] for code in codes if code in WHY]
