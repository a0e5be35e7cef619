"""Changing a follow-up that is to be done: what, how, for whom, until when. All of it, or nothing.

Whom it goes to and when are acts with rules of their own (`work.hand_over`, `work.snooze`); here they are done together
with the plain facts, in one transaction. `based_on` is what the author saw (`crm/lib/edits.py`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.audit import trail
from crm.lib import edits
from customers import work
from customers.models import WorkItem

PLAIN = ("title", "script", "priority")
FIELDS = (*PLAIN, "owner", "due_at")


def change(
    item: WorkItem,
    wanted: Mapping[str, Any],
    *,
    by: Any,
    at: datetime,
    based_on: Mapping[str, Any] | None = None,
) -> WorkItem:
    """Write what of `wanted` (by the names of FIELDS; `owner` a Staff or None) is not so already.

    Raises EndedAlready, InvalidWork, NotTheirs, ChangedMeanwhile; then nothing has changed.
    """
    with transaction.atomic():
        found = work.locked(item)
        current = {name: getattr(found, name) for name in FIELDS}
        told = edits.changes(current, _clean(wanted), based_on, found)
        told = {name: value for name, value in told.items() if value != current[name]}
        if "due_at" in told:
            work.check_to_come(told["due_at"], at, "/due_at")
        plain = {name: value for name, value in told.items() if name in PLAIN}
        if plain:
            _write(found, plain, by)
        if "owner" in told:
            work.hand_over(found, to=told["owner"], by=by, at=at)
        if "due_at" in told:
            work.snooze(found, until=told["due_at"], by=by, at=at)
    return found


def _clean(wanted: Mapping[str, Any]) -> dict[str, Any]:
    told = dict(wanted)
    if "title" in told:
        told["title"] = work.clean_title(told["title"])
    if "script" in told:
        told["script"] = told["script"].strip()
    return told


def _write(item: WorkItem, values: dict[str, Any], by: Any) -> None:
    changes = {name: (getattr(item, name), value) for name, value in values.items()}
    for name, value in values.items():
        setattr(item, name, value)
    item.save(update_fields=list(values))
    details = {"customer": item.customer_id, "fields": sorted(values)}
    trail.record("work.change", item, by=by, store_id=item.store_id, details=details, changes=changes)
