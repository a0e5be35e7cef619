"""Anchors: numbers and signatures of seals, kept outside of the database.

Who deletes the last seals together with their rows leaves a chain that is whole, only shorter. An anchor noted
elsewhere shows it. They are kept in a file of the state folder, in the log, and by whoever writes one down; the newest
hundred of the file, and of older ones the last of each day.
"""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db.models import Max

from crm.audit.models import Seal

NEWEST = 100
_LETTERS = 32


@dataclass(frozen=True)
class Anchor:
    number: int
    signature: str  # the beginning of it, in hex
    at: str = ""

    def fits(self, one: Seal) -> bool:
        return bytes(one.signature).hex().startswith(self.signature)

    def __str__(self) -> str:
        return f"{self.number}:{self.signature}"


def parse(text: str) -> Anchor | None:
    """ "57:0a1b…" as it was printed; None for what is no anchor."""
    number, colon, signature = text.strip().lower().partition(":")
    is_hex = len(signature) >= 8 and all(letter in "0123456789abcdef" for letter in signature)
    return Anchor(int(number), signature[:64]) if colon and number.isdecimal() and is_hex else None


def place() -> Path:
    return Path(settings.HOME.path) / "audit" / "anchors"


def kept() -> list[Anchor]:
    """The anchors of the file, oldest first. A line that is none is left out."""
    with contextlib.suppress(FileNotFoundError):
        return [one for line in place().read_text().splitlines() if (one := _read(line))]
    return []


def keep(seals: Iterable[Seal]) -> None:
    """Add these seals to the file, and thin out what is old. Never stops a seal: the file is a second witness."""
    new = [
        Anchor(one.number, bytes(one.signature).hex()[:_LETTERS], one.sealed_at.astimezone(UTC).isoformat())
        for one in seals
    ]
    with contextlib.suppress(OSError):
        _write(place(), _thinned([*kept(), *new]))


def set_aside(at: datetime) -> Path | None:
    """After a restore: anchors of seals that the backup does not know go into a file of their own, which is returned;
    they tell nothing of the trail that is here now. Those that the backup should know stay and are compared."""
    last = Seal.objects.aggregate(last=Max("number"))["last"] or 0
    later = [one for one in kept() if one.number > last]
    if not later:
        return None
    path = place().with_name(f"anchors-until-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    _write(path, later)
    _write(place(), [one for one in kept() if one.number <= last])
    return path


def _write(path: Path, anchors: Iterable[Anchor]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text("".join(f"{one.at} {one}\n" for one in anchors))
    draft.chmod(0o600)
    draft.replace(path)


def _thinned(anchors: list[Anchor]) -> list[Anchor]:
    old, newest = anchors[:-NEWEST], anchors[-NEWEST:]
    last_of_day = {one.at[:10]: one for one in old}
    return [*last_of_day.values(), *newest]


def _read(line: str) -> Anchor | None:
    at, _, text = line.partition(" ")
    found = parse(text)
    with contextlib.suppress(ValueError):
        return found and Anchor(found.number, found.signature, datetime.fromisoformat(at).isoformat())
    return None
