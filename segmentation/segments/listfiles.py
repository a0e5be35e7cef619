"""Files of lists between upload and saving: kept for a day below the state directory, known by a signed name.

Whom a column names is looked up once and kept beside the file: the page that says so, the list, and the file of what
was not found are of the same answer.
"""

import hashlib
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import orjson
from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile

from crm.org.models import Staff
from crm.org.scope import Viewer
from segmentation.segments import listcolumns, lists
from segmentation.segments.lists import Matched

SALT = "segment-list"
KEPT = 24 * 3600  # seconds
ENDINGS = ("", ".csv", ".tsv", ".txt", ".ndjson", ".jsonl", ".json", ".parquet", ".pq", ".xlsx")
KEPT_NAME = "matched-"  # begins the names of answers
MOST_NAME = 200  # bytes of a name on disk, without its ending


@dataclass(frozen=True)
class ListFile:
    """`segment`: the public id of the list that it changes, or "" for a new one."""

    path: Path
    name: str
    segment: str


def root() -> Path:
    folder = Path(settings.HOME.path) / "lists"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def keep(upload: UploadedFile, *, by: Staff, segment: str = "") -> str:
    """Keep a file, and give the name by which only its sender finds it again."""
    sweep()
    folder = root() / uuid4().hex
    folder.mkdir(mode=0o700)
    target = folder / _name(upload.name or "")
    if isinstance(upload, TemporaryUploadedFile):
        shutil.move(upload.temporary_file_path(), target)  # beside where it was written: nothing is copied
    else:
        with target.open("wb") as file:
            for chunk in upload.chunks(1 << 20):
                file.write(chunk)
    told = {"path": f"{folder.name}/{target.name}", "by": by.pk, "segment": segment}
    return signing.dumps(told, salt=SALT)


def found(token: str, by: Staff) -> ListFile | None:
    """The file of a name, as long as it is kept; None also for somebody else's."""
    try:
        told = signing.loads(token, salt=SALT, max_age=KEPT)
    except signing.BadSignature:
        return None
    path = root() / told["path"]
    if told["by"] != by.pk or not path.is_file():
        return None
    return ListFile(path, path.name, told["segment"])


def matched(file: ListFile, viewer: Viewer, *, column: str = "", kind: str = "") -> Matched:
    """Whom it names, as it was looked up first. Raises UnreadableFile, NoColumn, TooMany."""
    column, kind = listcolumns.of(file.path).chosen(column, kind)
    stores = viewer.scope().store_ids
    asked = repr((column, kind, None if stores is None else sorted(stores)))
    kept = file.path.parent / f"{KEPT_NAME}{hashlib.sha256(asked.encode()).hexdigest()[:32]}"
    if kept.is_file():
        told = orjson.loads(kept.read_bytes())
        return Matched(**told | {"unmatched": [(row, value) for row, value in told["unmatched"]]})
    answer = lists.match(file.path, viewer, column=column, kind=kind)
    draft = kept.with_suffix(f".{uuid4().hex}")
    draft.write_bytes(orjson.dumps(answer))
    draft.replace(kept)
    return answer


def forget(file: ListFile) -> None:
    shutil.rmtree(file.path.parent, ignore_errors=True)


def sweep() -> None:
    """Remove what nobody saved within its day: every hour, and when the next one comes."""
    oldest = time.time() - KEPT
    for folder in root().iterdir():
        if folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def ending_of(name: str) -> str:
    return Path(name).suffix.lower()


def _name(name: str) -> str:
    """The sender's own, so that what is said of the file calls it as they do; as long as a disk takes it."""
    plain = "".join(letter for letter in name if letter.isprintable() and letter not in "/\\").lstrip(".")
    ending = ending_of(plain) if ending_of(plain) in ENDINGS else ""
    stem = plain.removesuffix(Path(plain).suffix) if ending else plain
    return (stem.encode()[:MOST_NAME].decode(errors="ignore").removeprefix(KEPT_NAME) or "file") + ending
