"""Segments to begin with: descriptions that make sense in every shop, opened in the builder and changed there."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from segmentation.segments import reading


@dataclass(frozen=True)
class Starter:
    code: str
    name: Any
    about: Any
    tree: dict[str, Any]


STARTERS = (
    Starter(
        "at-risk",
        _("Regulars at risk"),
        _("Came often and for much, and have not been here for a while."),
        {"all": [{"attribute": "rfm.group", "is": "any_of", "value": ["at_risk", "cannot_lose"]}]},
    ),
    Starter(
        "birthday",
        _("Birthday in the next 14 days"),
        _("To congratulate them in time."),
        {"all": [{"attribute": "person.birthday", "is": "next_days", "value": 14}]},
    ),
    Starter(
        "two-and-gone",
        _("Bought twice, not in the last 60 days"),
        _("The third visit makes a regular: who did not come for it."),
        {
            "all": [
                {"did": "purchase", "count": "times", "is": "is", "value": 2},
                {"did": "purchase", "when": {"last_days": 60}, "count": "times", "is": "at_most", "value": 0},
            ]
        },
    ),
    Starter(
        "new",
        _("New this month"),
        _("First purchase in the last 30 days."),
        {"all": [{"attribute": "purchases.first_on", "is": "last_days", "value": 30}]},
    ),
    Starter(
        "no-email",
        _("High value without e-mail"),
        _("The best customers whom no letter reaches: ask them at the till."),
        {
            "all": [
                {"attribute": "rfm.value_class", "is": "any_of", "value": ["3"]},
                {"attribute": "person.has_email", "is": "no"},
            ]
        },
    ),
)


def named(code: str) -> Starter | None:
    return next((one for one in STARTERS if one.code == code), None)


def usable(viewer: Any) -> list[Starter]:
    """Those whose attributes are there, and may be asked by this viewer."""
    return [one for one in STARTERS if _is_readable(one, viewer)]


def _is_readable(starter: Starter, viewer: Any) -> bool:
    try:
        reading.read(starter.tree, viewer)
    except reading.InvalidSegment:
        return False
    return True
