"""Starting an import: for a worker, or in this process."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.jobs import queue, runner
from crm.jobs.models import Job, State
from customers.imports import jobs, mapping, places
from customers.imports.refusals import FileGone, MissingColumns, UnknownColumns
from customers.imports.watch import Watcher, watched_by
from customers.models import ImportFile

KINDS = {"receipts": jobs.RECEIPTS, "customers": jobs.CUSTOMERS}


def start(
    file: str | Path | UploadedFile, kind: str, *, by: Any, dry_run: bool = False, **options: Any
) -> ImportFile:
    """Keep the file and queue its import. Raises FileRefused for what its first look shows (columns, encoding).

    `options`: source (for files without that column), known_stores=True (refuse rows of stores that are unknown),
    mapping (the file's name of a column → ours, see `mapping.py`).
    """
    if not isinstance(file, UploadedFile):
        path = Path(file).resolve()
        return _queued(path, path.name, kind, by=by, dry_run=dry_run, options=options)
    path = places.keep_upload(file)
    try:
        return _queued(path, file.name or path.name, kind, by=by, dry_run=dry_run, options=options)
    except BaseException:
        places.remove_upload(path)
        raise


def receive(upload: UploadedFile, kind: str, *, by: Any, dry_run: bool, **options: Any) -> ImportFile:
    """Keep an upload and queue its import; where its columns are named otherwise, it waits for `begin` (`waiting`).

    Raises FileRefused for what cannot be read.
    """
    path = places.keep_upload(upload)
    name = upload.name or path.name
    try:
        try:
            return _queued(path, name, kind, by=by, dry_run=dry_run, options=options)
        except (UnknownColumns, MissingColumns):
            mapping.check_readable(path)
            return ImportFile.objects.create(
                kind=kind, name=name[:255], path=str(path), size=path.stat().st_size, is_dry_run=dry_run,
                created_by=trail.actor_name(by), waiting=options,
            )  # fmt: skip
    except BaseException:
        places.remove_upload(path)
        raise


def begin(file: ImportFile, columns: Mapping[str, str], *, by: Any) -> ImportFile:
    """Import a file that waited for the names of its columns. Raises InvalidMapping, MissingColumns."""
    with transaction.atomic():
        file = _kept(file)
        if file.waiting is None:
            return file  # somebody else was quicker
        options = {**file.waiting, "mapping": mapping.check(file.kind, names_of(file), columns)}
        _enqueue(file, by, options)
        file.waiting = None
        file.save(update_fields=["waiting"])
    return file


def names_of(file: ImportFile) -> list[str]:
    """The header of a kept file."""
    from customers.imports.files import open_table

    return open_table(places.path_of(file), is_whole=False).names


def apply(tried: ImportFile, *, by: Any) -> ImportFile:
    """Import a file that was tried: the same file with the same options, this time for good. Raises FileRefused.

    Asked for twice, there is one: the second time gives the import that is on its way.
    """
    with transaction.atomic():
        tried = _kept(tried)
        assert tried.job is not None
        on_its_way = ImportFile.objects.filter(
            kind=tried.kind, path=tried.path, is_dry_run=False, job__state__in=[State.QUEUED, State.RUNNING]
        )
        if made := on_its_way.order_by("-pk").first():
            return made
        options = _options(tried.job)
        return _queued(places.path_of(tried), tried.name, tried.kind, by=by, dry_run=False, options=options)


def resume(file: ImportFile, *, by: Any) -> None:
    """Go on with an import that stopped. Raises FileGone, JobStillOpen."""
    with transaction.atomic():
        file = _kept(file)
        assert file.job is not None
        queue.resume(file.job, by=by)


def _kept(file: ImportFile) -> ImportFile:
    """The import, locked against the removal of its file."""
    locked = ImportFile.objects.select_for_update().get(pk=file.pk)
    if locked.removed_at or not places.path_of(locked).is_file():
        raise FileGone(_("“%(name)s” is not kept any more. Import the file again.") % {"name": locked.name})
    return locked


def _queued(
    path: Path, name: str, kind: str, *, by: Any, dry_run: bool, options: dict[str, Any]
) -> ImportFile:
    with transaction.atomic():
        made = _record(path, name, kind, by=by, dry_run=dry_run, options=options)
        _enqueue(made, by, options)
    return made


def _enqueue(file: ImportFile, by: Any, options: dict[str, Any]) -> None:
    """Reasons are written by a worker, in the language of whoever brought the file."""
    params = {"file": file.pk, "language": get_language(), **options}
    file.job = queue.enqueue(KINDS[file.kind], key=str(file.pk), params=params, by=by)
    file.save(update_fields=["job"])


def _options(job: Job) -> dict[str, Any]:
    return {name: value for name, value in job.params.items() if value and name not in ("file", "language")}


def run_now(
    path: str | Path,
    kind: str,
    *,
    by: Any,
    dry_run: bool = False,
    watcher: Watcher | None = None,
    **options: Any,
) -> ImportFile:
    """Import in this process, to the end. An import of the same file that was broken off is gone on with.

    `watcher(phase, done, total)` is told the progress. Raises FileRefused.
    """
    path = Path(path).resolve()
    made = _broken_off(path, kind, dry_run, options) or _queued_here(path, kind, by, dry_run, options)
    assert made.job is not None
    with watched_by(watcher):
        _run_until_ended(made.job, watcher)
    made.refresh_from_db()
    return made


def _record(
    path: Path, name: str, kind: str, *, by: Any, dry_run: bool, options: dict[str, Any]
) -> ImportFile:
    _look(path, kind, options.get("mapping"))
    stat = path.stat()
    return ImportFile.objects.create(
        kind=kind, name=name[:255], path=str(path), size=stat.st_size, modified_ns=stat.st_mtime_ns,
        is_dry_run=dry_run, created_by=trail.actor_name(by),
    )  # fmt: skip


def _look(path: Path, kind: str, mapping: Mapping[str, str] | None) -> None:
    """Refuse at once what the head of the file shows."""
    from customers.imports import columns
    from customers.imports.files import open_table

    columns.columns_of(kind).match(open_table(path, is_whole=False).names, mapping)


def _broken_off(path: Path, kind: str, dry_run: bool, options: dict[str, Any]) -> ImportFile | None:
    """The unfinished import of the very same file in the same way, if there is one."""
    if not path.exists():
        return None
    stat = path.stat()
    wanted = {name: value for name, value in options.items() if value}
    same = ImportFile.objects.filter(
        kind=kind, path=str(path), size=stat.st_size, modified_ns=stat.st_mtime_ns, is_dry_run=dry_run,
        job__state__in=[State.QUEUED, State.RUNNING],
    ).select_related("job").order_by("-pk")  # fmt: skip
    return next((file for file in same if file.job and _options(file.job) == wanted), None)


def _queued_here(path: Path, kind: str, by: Any, dry_run: bool, options: dict[str, Any]) -> ImportFile:
    """Without a ring: this process takes the job itself; if it dies, the relay finds it."""
    with transaction.atomic():
        made = _record(path, path.name, kind, by=by, dry_run=dry_run, options=options)
        params = {"file": made.pk, **options}
        made.job = Job.objects.create(
            kind=KINDS[kind], key=str(made.pk), params=params, created_by=trail.actor_name(by)
        )
        made.save(update_fields=["job"])
        trail.record("job.enqueue", made.job, by=by, details={"kind": made.job.kind, "key": made.job.key})
    return made


def _run_until_ended(job: Job, watcher: Watcher | None) -> None:
    """Run the job; while another process has it, wait for its end or for its lease to run out."""

    def told(job: Job) -> None:
        if watcher:
            watcher(_("another process has this import"), job.done, job.total or 0)

    runner.run_or_await(job, waits=told)
