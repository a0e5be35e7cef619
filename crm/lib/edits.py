"""Two people at one record: nobody overwrites what they have not seen.

An edit says what it was *based on*: the values that its author saw. Only what the author changed is written, so two
people who change different fields both get their way. Where somebody else changed the same field meanwhile the edit is
refused with what stands there now, and the author decides. The caller holds the lock of the record.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from crm.lib.refusals import Fault, Refusal

Author = tuple[str, datetime]  # "staff:12" and the time


class ChangedMeanwhile(Refusal):
    """`now`: what the fields hold that somebody else changed, of which `record`.

    `authors`: who wrote a field and when, by its name, where the domain knows; else the record's audit trail tells.
    """

    code: ClassVar[str] = "changed_meanwhile"
    status: ClassVar[int] = 409

    def __init__(
        self, now: Mapping[str, Any], record: Any = None, authors: Mapping[str, Author] | None = None
    ) -> None:
        faults = tuple(Fault(f"/{name}", str(_("Somebody else changed this meanwhile."))) for name in now)
        super().__init__(_("Somebody else changed this meanwhile."), faults=faults)
        self.now = dict(now)
        self.record = record
        self.authors = dict(authors or {})


def changes(
    current: Mapping[str, Any],
    wanted: Mapping[str, Any],
    based_on: Mapping[str, Any] | None,
    record: Any = None,
) -> dict[str, Any]:
    """What of `wanted` is to be written. Raises ChangedMeanwhile; then nothing has changed.

    A field that `based_on` does not name was not seen before: it is written as it is wanted.
    """
    seen = based_on or {}
    mine = touched(wanted, based_on)
    lost = {
        name: current[name]
        for name, value in mine.items()
        if name in seen and current[name] != seen[name] and current[name] != value
    }
    if lost:
        raise ChangedMeanwhile(lost, record)
    return mine


def touched(wanted: Mapping[str, Any], based_on: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the author changed of what they saw."""
    seen = based_on or {}
    return {name: value for name, value in wanted.items() if name not in seen or value != seen[name]}


def authors(versions: Iterable[Any], names: Iterable[str]) -> dict[str, Author]:
    """Of settings that are kept as versions, newest first: who last gave each of these names its value."""
    rows = list(versions)
    found: dict[str, Author] = {}
    for newer, older in pairwise(rows):
        for name in names:
            if name not in found and getattr(newer, name) != getattr(older, name):
                found[name] = (newer.created_by, newer.created_at)
    return found
