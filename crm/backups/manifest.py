"""What a backup holds, with the checksum of every file: `manifest.json`."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

NAME = "manifest.json"
VERSION = 1
DATABASE, FILES, LOG = "database.dump", "files", "erasures.ndjson"


class DamagedBackup(ValueError):
    """The folder is no backup, or not the one that was made."""


@dataclass
class Manifest:
    """`rows`: table to number of rows in the dump. `secret`, `audit`: marks of SECRET_KEY and of what signs the trail,
    by which one sees whether a key is the right one; not the keys, which never lie beside what they protect."""

    made_at: str
    postgres: str
    secret: str
    migrations: dict[str, str]
    rows: dict[str, int]
    audit: str = ""
    version: int = VERSION
    sums: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        (folder / NAME).write_text(json.dumps(asdict(self), indent=1, sort_keys=True) + "\n")


def read(folder: Path) -> Manifest:
    """The manifest of a backup whose files are all there and unchanged. Raises DamagedBackup."""
    try:
        told: dict[str, Any] = json.loads((folder / NAME).read_text())
        found = Manifest(**told)
    except FileNotFoundError:
        raise DamagedBackup(f"{folder} is no backup: it has no {NAME}.") from None
    except (ValueError, TypeError):
        raise DamagedBackup(f"{folder}/{NAME} cannot be read.") from None
    if found.version != VERSION:
        raise DamagedBackup(f"This backup is of version {found.version}; this program reads {VERSION}.")
    there = {name for name in files_of(folder) if name != NAME}
    for name, wanted in found.sums.items():
        if name not in there:
            raise DamagedBackup(f"{name} is missing from the backup.")
        if checksum(folder / name) != wanted:
            raise DamagedBackup(f"{name} is not what was backed up: its checksum differs.")
    if more := sorted(there - set(found.sums)):
        raise DamagedBackup(f"{more[0]} does not belong to the backup.")
    return found


def files_of(folder: Path) -> Iterator[str]:
    """All files below a folder, by their path from there."""
    return (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
