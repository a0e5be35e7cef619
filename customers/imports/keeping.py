"""How long files are kept. They hold personal data, so each goes when nobody needs it any more.

| what | goes |
|---|---|
| an upload | `IMPORT_UPLOAD_DAYS` after the last import of it was done |
| the upload of an import that stopped, and what it was to go on from | `IMPORT_STOPPED_DAYS` after it stopped |
| an upload that waits for the names of its columns | `IMPORT_UPLOAD_DAYS` after it came |
| rejected rows, and what a tried file would change | `IMPORT_REJECTED_DAYS` after the import ended |
| what an import of customers changed | `IMPORT_UNDO_DAYS` after it ended; of one that is undone, at once |
| an upload that belongs to no import (the process died while it came in) | after a day |

A file that a command named stays where it is: it is somebody else's. An import that may be resumed has its file: what
takes the file away locks the import's row, as resuming does, and afterwards resuming is refused.
"""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from crm.audit import trail
from crm.jobs.models import Job, State
from crm.ui import uploads
from customers.imports import places, undoing
from customers.models import ImportChange, ImportFile

ORPHAN_AGE = timedelta(days=1)
BY = "system:clock"


def upload_until(file: ImportFile) -> datetime | None:
    """Until when the upload is kept; None: as long as its job is open, or it is not ours to remove."""
    job = file.job
    if job is None and file.waiting is not None and not file.removed_at:
        return file.created_at + timedelta(days=settings.IMPORT_UPLOAD_DAYS)
    if job is None or not job.is_ended or file.removed_at:
        return None
    if job.state == State.DONE:
        is_ours = places.is_upload(file)
        return _ended(job) + timedelta(days=settings.IMPORT_UPLOAD_DAYS) if is_ours else None
    return _ended(job) + timedelta(days=settings.IMPORT_STOPPED_DAYS)


def rejected_until(file: ImportFile) -> datetime | None:
    """Until when the rejected rows can be downloaded; None: there are none, or none any more."""
    if not file.rejected_path or file.job is None:
        return None
    return _ended(file.job) + timedelta(days=settings.IMPORT_REJECTED_DAYS)


def _ended(job: Job) -> datetime:
    return job.finished_at or job.created_at


def forget_old(at: datetime) -> dict[str, int]:
    """Remove what is past its time at `at`; how many of each. Safe to run at any time, and twice."""
    files = list(ImportFile.objects.select_related("job").filter(_KEEPS).order_by("pk"))
    return {
        "uploads": sum(_forget(file, at) for file in files if _is_over(upload_until(file), at)),
        "rejected": sum(_forget_rejected(file) for file in files if _is_over(rejected_until(file), at)),
        "changes": sum(_forget_changes(file, at) for file in _with_changes()),
        "diffs": _forget_diffs(at),
        "orphans": _forget_orphans(at),
    }


_KEEPS = Q(removed_at=None) | ~Q(rejected_path="")


def _is_over(until: datetime | None, at: datetime) -> bool:
    return until is not None and until <= at


def _forget(file: ImportFile, at: datetime) -> int:
    """Forget an upload, if no import of it needs it any more: one that was tried and then imported has two."""
    with transaction.atomic():
        same = {"path": file.path} if places.is_upload(file) else {"pk": file.pk}
        files = ImportFile.objects.select_for_update().filter(removed_at=None, **same).order_by("pk")
        if not all(_is_over(upload_until(one), at) for one in files):
            return 0
        for one in files:
            trail.record("import.forget_upload", one, by=BY)
        ImportFile.objects.filter(pk__in=[one.pk for one in files]).update(removed_at=at)
        transaction.on_commit(lambda: _remove(list(files)))
    return len(files)


def _remove(files: list[ImportFile]) -> None:
    for file in files:
        places.remove_work(file)
        if places.is_upload(file):
            places.remove_upload(places.path_of(file))


def _forget_rejected(file: ImportFile) -> int:
    with transaction.atomic():
        forgotten = ImportFile.objects.filter(pk=file.pk).exclude(rejected_path="")
        if forgotten.update(rejected_path="", rejected_removed_at=Now()):
            trail.record("import.forget_rejected", file, by=BY)
        transaction.on_commit(lambda: places.rejected_file(file).unlink(missing_ok=True))
    return 1


def _with_changes() -> list[ImportFile]:
    changes = ImportChange.objects.filter(file_id=OuterRef("pk"))
    return list(ImportFile.objects.select_related("job").filter(Exists(changes)).order_by("pk"))


def _forget_changes(file: ImportFile, at: datetime) -> int:
    """Forget what an import changed, when it can be undone no more."""
    until = undoing.until(file)
    if file.undo_job_id or until is None or until > at:
        return 0
    with transaction.atomic():
        changes = undoing.forget(file.pk)
        trail.record("import.forget_changes", file, by=BY, details={"changes": changes})
    return 1


def _forget_diffs(at: datetime) -> int:
    oldest = (at - timedelta(days=settings.IMPORT_REJECTED_DAYS)).timestamp()
    old = [path for path in places.diffs().iterdir() if path.stat().st_mtime < oldest]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _forget_orphans(at: datetime) -> int:
    """What no import knows. A process that died between its commit and the removal leaves some, too."""
    kept = ImportFile.objects.filter(removed_at=None).values_list("path", flat=True)
    known = {places.moved(Path(path)).parent for path in kept}
    return sum(
        _forget_orphan(path, at)
        for folder in (places.uploads(), uploads.incoming())
        for path in folder.iterdir()
        if path not in known
    )


def _forget_orphan(path: Path, at: datetime) -> int:
    try:
        if path.stat().st_mtime >= (at - ORPHAN_AGE).timestamp():
            return 0
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except FileNotFoundError:  # an upload that has just come to its place
        return 0
    return 1
