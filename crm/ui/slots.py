"""Slots: places on a page that lower apps offer and upper apps fill, without the lower knowing the upper."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crm.org.models import Staff
from crm.org.permissions import Permission


@dataclass(frozen=True)
class Panel:
    """What fills a slot. `build(staff, subject)` returns the template's variables, or None to show nothing."""

    name: str
    template: str
    build: Callable[[Staff, Any], dict[str, Any] | None]
    permission: Permission
    order: int = 100


_panels: dict[str, dict[str, Panel]] = defaultdict(dict)


def offer(slot: str, panel: Panel) -> None:
    """Put `panel` into `slot`; called from `AppConfig.ready()`. The same name replaces."""
    _panels[slot][panel.name] = panel


def fill(slot: str, staff: Staff, subject: Any) -> list[tuple[Panel, dict[str, Any]]]:
    """The panels of `slot` that this person may see and that have something to say, in order."""
    found = []
    for panel in sorted(_panels[slot].values(), key=lambda one: one.order):
        if staff.may(panel.permission) and (context := panel.build(staff, subject)) is not None:
            found.append((panel, context))
    return found
