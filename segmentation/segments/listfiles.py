"""Files of lists between upload and saving: kept for a day below the state directory, known by a signed name."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile

from crm.org.models import Staff

SALT = "segment-list"
KEPT = 24 * 3600  # seconds


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
    _sweep()
    folder = root() / uuid4().hex
    folder.mkdir(mode=0o700)
    target = folder / f"upload{_ending(upload.name or '')}"
    if isinstance(upload, TemporaryUploadedFile):
        shutil.move(upload.temporary_file_path(), target)  # beside where it was written: nothing is copied
    else:
        with target.open("wb") as file:
            for chunk in upload.chunks(1 << 20):
                file.write(chunk)
    told = {"path": f"{folder.name}/{target.name}", "name": upload.name, "by": by.pk, "segment": segment}
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
    return ListFile(path, str(told["name"]), told["segment"])


def forget(file: ListFile) -> None:
    shutil.rmtree(file.path.parent, ignore_errors=True)


def _sweep() -> None:
    """What nobody saved within its day goes when the next one comes."""
    oldest = time.time() - KEPT
    for folder in root().iterdir():
        if folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def _ending(name: str) -> str:
    ending = Path(name).suffix.lower()
    return ending if ending[1:].isascii() and ending[1:].isalnum() and len(ending) < 10 else ""
