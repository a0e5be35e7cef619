"""Where import files are kept: below the state directory, readable by their owner alone."""

import shutil
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile

from customers.models import ImportFile


def root() -> Path:
    folder = Path(settings.HOME.path) / "imports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def uploads() -> Path:
    folder = root() / "uploads"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def keep_upload(upload: UploadedFile) -> Path:
    """Bring an uploaded file to its place: moved where it was written beside it, streamed otherwise."""
    folder = uploads() / uuid4().hex
    folder.mkdir(mode=0o700)
    # Its own name is kept in the database: here a long one, three bytes a Chinese character, might not be allowed.
    target = folder / f"upload{_ending(upload.name or '')}"
    if isinstance(upload, TemporaryUploadedFile):
        shutil.move(upload.temporary_file_path(), target)
        return target
    with target.open("wb") as file:
        for chunk in upload.chunks(1 << 20):
            file.write(chunk)
    return target


def is_upload(file: ImportFile) -> bool:
    """Whether the file is ours, and not one that a command named."""
    return path_of(file).is_relative_to(uploads())


def remove_upload(path: Path) -> None:
    """An uploaded file, with the folder that was made for it."""
    shutil.rmtree(path.parent, ignore_errors=True)


def path_of(file: ImportFile) -> Path:
    return moved(Path(file.path))


def moved(path: Path) -> Path:
    """An upload is where the state directory is now, which a restore may have moved."""
    is_upload = path.parts[-4:-2] == ("imports", "uploads") and len(path.parts[-2]) == len(uuid4().hex)
    return uploads() / path.parts[-2] / path.name if is_upload else path


def work_folder(file: ImportFile) -> Path:
    return root() / f"work-{file.pk}"


def remove_work(file: ImportFile) -> None:
    """What an import put beside the file to go on from."""
    shutil.rmtree(work_folder(file), ignore_errors=True)


def rejected_file(file: ImportFile) -> Path:
    folder = root() / "rejected"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{file.pk}-rejected.csv"


def diff_file(file: ImportFile) -> Path:
    """What a tried file would change. Goes with the rejected rows of the same import."""
    return diffs() / f"{file.pk}-changes.csv"


def diffs() -> Path:
    folder = root() / "diffs"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _ending(name: str) -> str:
    """What tells the kind of file, as far as it is plain."""
    ending = Path(name).suffix.lower()
    return ending if ending[1:].isascii() and ending[1:].isalnum() and len(ending) < 12 else ""
