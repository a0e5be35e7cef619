"""Regions, stores and departments: entering, changing, closing them. Every act leaves a trace.

A store is never deleted, because receipts name it: it is closed. A stub (a store that a receipt named before anybody
entered it) stops being one when a person changes it.
"""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.org import records
from crm.org.models import Chain, Department, Region, Store

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")


def create_region(*, code: str, name: str, by: Any) -> Region:
    return records.create(Region(code=code, name=name), action="region.create", by=by)


def change_region(region: Region, *, by: Any, **changes: Any) -> Region:
    """`changes`: any of code, name."""
    return records.change(region, changes, action="region.change", by=by)


def remove_region(region: Region, *, by: Any) -> None:
    """Only an empty region can go."""
    records.remove(region, action="region.remove", by=by)


def create_store(*, code: str, name: str, by: Any, **fields: Any) -> Store:
    """`fields`: any of region, timezone (the chain's when not given), opening_hours, is_online."""
    fields.setdefault("timezone", Chain.current().timezone)
    _check_hours(fields.get("opening_hours") or {})
    return records.create(Store(code=code, name=name, **fields), action="store.create", by=by)


def change_store(store: Store, *, by: Any, **changes: Any) -> Store:
    """`changes`: any of code, name, region, timezone, opening_hours, is_online."""
    _check_hours(changes.get("opening_hours") or {})
    return records.change(store, {**changes, "is_stub": False}, action="store.change", by=by)


def close_store(store: Store, *, by: Any) -> Store:
    """The shop shuts. Its customers and receipts stay; late receipts are still taken."""
    return records.change(store, {"is_active": False}, action="store.close", by=by)


def reopen_store(store: Store, *, by: Any) -> Store:
    return records.change(store, {"is_active": True}, action="store.reopen", by=by)


def create_department(*, code: str, name: str, by: Any, store: Store | None = None) -> Department:
    """`store` None: a department of head office."""
    return records.create(Department(code=code, name=name, store=store), action="department.create", by=by)


def change_department(department: Department, *, by: Any, **changes: Any) -> Department:
    """`changes`: any of code, name, store."""
    return records.change(department, changes, action="department.change", by=by)


def remove_department(department: Department, *, by: Any) -> None:
    """Its people stay, without a department."""
    records.remove(department, action="department.remove", by=by)


def _check_hours(hours: Mapping[str, Any]) -> None:
    """`hours`: weekday to a list of [from, to], such as {"fri": [["09:00", "13:00"], ["18:00", "02:00"]]}."""
    if not isinstance(hours, Mapping):
        raise records.refuse("opening_hours", _("Opening hours are lists of times by weekday."))
    for day, spans in hours.items():
        if day not in WEEKDAYS:
            raise records.refuse("opening_hours", _("Weekdays are mon, tue, wed, thu, fri, sat, sun."))
        if not isinstance(spans, list) or not all(map(_is_span, spans)):
            raise records.refuse("opening_hours", _("Times are pairs such as 09:00 and 18:30."))


def _is_span(span: Any) -> bool:
    return (
        isinstance(span, list | tuple)
        and len(span) == 2  # noqa: PLR2004
        and all(isinstance(clock, str) and _CLOCK.match(clock) for clock in span)
        and span[0] != span[1]
    )
