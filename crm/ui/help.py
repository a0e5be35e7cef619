"""Help, by what a person may do. Apps register their topics; the page shows those whose permission one has."""

from dataclasses import dataclass
from typing import Any

from crm.org.models import Staff
from crm.org.permissions import Permission


@dataclass(frozen=True)
class Topic:
    """A heading and a few sentences (translatable), each about one thing to do."""

    name: str
    heading: Any
    sentences: tuple[Any, ...]
    permission: Permission
    order: int
    url_name: str = ""


_topics: dict[str, Topic] = {}


def register(topic: Topic) -> None:
    """Enter a topic; called from `AppConfig.ready()`."""
    _topics[topic.name] = topic


def topics_of(staff: Staff) -> list[Topic]:
    """What concerns this person, in order."""
    return sorted((one for one in _topics.values() if staff.may(one.permission)), key=lambda one: one.order)
