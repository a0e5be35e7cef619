"""Segments of the demo chain, so that lists, charts and targets have something to show. Made once."""

from typing import Any

from crm.org.models import Staff
from crm.org.permissions import Role
from segmentation.models import Segment
from segmentation.segments import saving

# Name, what it is for, description.
SEGMENTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "Regulars at risk",
        "Came often and have stayed away: a call before they are gone.",
        {"all": [{"attribute": "rfm.group", "is": "any_of", "value": ["at_risk", "cannot_lose"]}]},
    ),
    (
        "Birthday in the next 14 days",
        "For a card and a small gift.",
        {"all": [{"attribute": "person.birthday", "is": "next_days", "value": 14}]},
    ),
    (
        "High value without e-mail",
        "Who brings most and cannot be written to: ask at the till.",
        {"all": [{"attribute": "rfm.value_class", "is": "any_of", "value": ["3"]},
                 {"attribute": "person.has_email", "is": "no"}]},
    ),
    (
        "Weekend shoppers",
        "Four Saturdays or Sundays in the last three months.",
        {"all": [{"did": "purchase", "where": [{"field": "weekday", "is": "any_of", "value": ["5", "6"]}],
                  "count": "days", "is": "at_least", "value": 4, "when": {"last_days": 91}}]},
    ),
    (
        "Bargain hunters",
        "Half of what they buy is reduced, and they come at least once a month.",
        {"all": [{"attribute": "persona.deal_share", "is": "at_least", "value": 50},
                 {"did": "purchase", "count": "times", "is": "at_least", "value": 3, "when": {"last_days": 90}}]},
    ),
    (
        "Brought goods back and have not returned",
        "Something went wrong, and nobody asked.",
        {"all": [{"did": "returned", "count": "times", "is": "at_least", "value": 1, "when": {"last_days": 180}},
                 {"did": "purchase", "count": "times", "is": "at_most", "value": 0, "when": {"last_days": 30}}]},
    ),
)  # fmt: skip


def make() -> int:
    """Returns how many; 0 when there are some already."""
    if Segment.objects.exists():
        return 0
    marketer = Staff.objects.filter(role=Role.MARKETER).order_by("pk").first()
    for name, about, definition in SEGMENTS:
        saving.create(by=marketer or "system:load_demo", name=name, about=about, definition=definition)
    return len(SEGMENTS)
