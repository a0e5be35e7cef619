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


@dataclass(frozen=True)
class Column:
    """What an app adds to lists of the lower app's rows. `values(staff, ids)` answers for all rows of a page at once:
    {id: (words, tone)}; tone as in components/badge.html."""

    name: str
    label: Any  # translatable
    values: Callable[[Staff, list[int]], dict[int, tuple[Any, str]]]
    permission: Permission
    order: int = 100


_columns: dict[str, dict[str, Column]] = defaultdict(dict)
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


def add_column(listing: str, column: Column) -> None:
    """Put `column` into `listing`; called from `AppConfig.ready()`."""
    _columns[listing][column.name] = column


def columns(listing: str, staff: Staff, ids: list[int]) -> list[tuple[Any, dict[int, tuple[Any, str]]]]:
    """[(label, {id: (words, tone)})] of what apps say about these rows: one call a column, however many rows."""
    found = sorted(_columns[listing].values(), key=lambda one: one.order)
    return [(one.label, one.values(staff, ids)) for one in found if staff.may(one.permission)]
