"""The erasure log: one line an erasure, kept apart from the database, so that a restore can do erasures again.

A backup from before an erasure holds the person. The log lives beside the backups (`ERASURE_LOG`; below the state
directory by default) and says whom to erase again: numbers, times and keyed digests, no value of a person. Lines are
only added; each carries the hash of the one before it, so that a changed or missing line is noticed. A last line
without its end was being written when the process died: nobody was told that it stands, so it is left out and written
again.

The certificate in the database is written first, the line after the commit. A process that dies in between leaves a
certificate without a line: `catch_up` writes it, at the next erasure, before every backup and every night.
"""

import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from crm.privacy.models import Certificate
from crm.privacy.subjects import people

logger = logging.getLogger(__name__)
FIRST = "0" * 64


class BrokenLog(ValueError):
    """A line of the erasure log was changed or is missing."""


@dataclass(frozen=True)
class Line:
    """One erasure. `people`: number and time of birth of everybody whom it was about, merged away or not."""

    key: UUID
    customer_id: int
    born_at: datetime
    erased_at: datetime
    erased_by: str
    digests: list[str]
    people: list[tuple[int, datetime]]


def path() -> Path:
    return Path(settings.ERASURE_LOG)


def catch_up() -> int:
    """Write the lines of certificates that have none; how many."""
    waiting = Certificate.objects.filter(logged_at=None).order_by("pk")
    if not waiting.exists():
        return 0
    log = path()
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(log, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        _cut(file)
        lines = list(_read(file))
        known, last = {line["key"] for line in lines}, lines[-1]["hash"] if lines else FIRST
        written = [one for one in waiting if str(one.key) not in known]
        for certificate in written:
            last = _add(file, certificate, last)
        file.flush()
        os.fsync(file.fileno())
    Certificate.objects.filter(pk__in=[one.pk for one in waiting]).update(logged_at=timezone.now())
    return len(written)


def lines(log: Path | None = None) -> list[Line]:
    """All erasures that the log knows, oldest first. Raises BrokenLog."""
    log = log or path()
    if not log.exists():
        return []
    with log.open(encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        return [_line(told) for told in _read(file)]


def _cut(file: Any) -> None:
    """Take a torn last line off."""
    text = file.read()
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        logger.warning("The last line of the erasure log is torn; it is taken off and written again.")
        os.ftruncate(file.fileno(), len(whole.encode()))


def _read(file: Any) -> Iterator[dict[str, Any]]:
    file.seek(0)
    last = FIRST
    for number, text in enumerate(file, start=1):
        if not text.endswith("\n"):
            logger.warning("The last line of the erasure log is torn; it is left out.")
            return
        try:
            told = json.loads(text)
            is_whole = told.pop("hash") == _hash(told) and told["prev"] == last
        except (ValueError, KeyError, AttributeError):
            is_whole = False
        if not is_whole:
            raise BrokenLog(f"Line {number} of the erasure log was changed, or one before it is missing.")
        last = _hash(told)
        yield told | {"hash": last}


def _add(file: Any, certificate: Certificate, last: str) -> str:
    told = {
        "key": str(certificate.key), "customer_id": certificate.customer_id,
        "born_at": certificate.born_at.isoformat(), "erased_at": certificate.erased_at.isoformat(),
        "erased_by": certificate.erased_by, "digests": certificate.digests, "prev": last,
        "people": _people(certificate),
    }  # fmt: skip
    mark = _hash(told)
    file.write(json.dumps(told | {"hash": mark}) + "\n")
    return mark


def _people(certificate: Certificate) -> list[tuple[int, str]]:
    """Of somebody who was not there the number is another one's, or nobody's."""
    born = people().born(certificate.customer_ids) if certificate.was_there else {}
    born[certificate.customer_id] = certificate.born_at
    return [(number, at.isoformat()) for number, at in sorted(born.items())]


def _hash(told: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _line(told: dict[str, Any]) -> Line:
    whom = told.get("people") or [
        (told["customer_id"], told["born_at"])
    ]  # earlier lines name the survivor alone
    return Line(
        UUID(told["key"]), int(told["customer_id"]), datetime.fromisoformat(told["born_at"]),
        datetime.fromisoformat(told["erased_at"]), str(told["erased_by"]), list(told["digests"]),
        [(int(number), datetime.fromisoformat(at)) for number, at in whom],
    )  # fmt: skip
