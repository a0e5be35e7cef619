"""The sections of the navigation. Apps register theirs; a person sees at most seven."""

from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse

from crm.org.models import Staff
from crm.org.permissions import Permission, Role

MOST = 7


@dataclass(frozen=True)
class Section:
    """One entry. `key` is the letter after `g`; `below` are the address prefixes that belong to it.

    Who has the permission `unless` finds the same pages in another section.
    """

    name: str
    label: Any  # translatable
    url_name: str
    icon: str
    key: str
    permission: Permission
    order: int
    home_of: frozenset[Role] = field(default_factory=frozenset)
    below: tuple[str, ...] = ()
    unless: Permission | None = None

    def is_for(self, staff: Staff) -> bool:
        return staff.may(self.permission) and not (self.unless and staff.may(self.unless))

    @property
    def address(self) -> str:
        return reverse(self.url_name)

    def holds(self, path: str) -> bool:
        """Is `path` a page of this section?"""
        return any(path.startswith(prefix) for prefix in (self.below or (self.address,)))


_sections: dict[str, Section] = {}


def register(section: Section) -> None:
    """Enter a section; called from `AppConfig.ready()`."""
    for other in _sections.values():
        if other.name != section.name and other.key == section.key:
            raise ValueError(f"“g {section.key}” goes to {other.name} already")
    _sections[section.name] = section


def sections_of(staff: Staff) -> list[Section]:
    """What this person may open, in order."""
    allowed = [section for section in _sections.values() if section.is_for(staff)]
    return sorted(allowed, key=lambda section: section.order)[:MOST]


def home_of(staff: Staff) -> str:
    """The address where this person's day begins."""
    sections = sections_of(staff)
    chosen = [section for section in sections if staff.role in section.home_of] or sections
    return chosen[0].address if chosen else reverse("ui:profile")
