"""Making a backup: the database as of one moment, then the files that it names, then the manifest.

Files are copied after the dump, so that whatever the dump names is there, unless its time was over meanwhile. Nothing
stands under the final name until everything is written. Keys are not in it (`keys.py`).
"""

import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from crm.backups import keys, manifest, programs
from crm.backups.manifest import DATABASE, FILES, LOG, Manifest
from crm.lib.refusals import Refusal
from crm.privacy import erasurelog

PARTS = ("imports", "media")  # below the state directory; the rest can be made anew
Tell = Callable[[str], Any]


class NotEmpty(Refusal):
    code = "not_empty"
    status = 409


def backup(folder: Path, *, at: datetime, tell: Tell = lambda text: None) -> Manifest:
    """Back the whole system up into `folder`, which must be new or empty. Raises NotEmpty, ProgramFailed."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NotEmpty(f"{folder} is not empty: name a new folder.")
    unfinished = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700, parents=True)
    try:
        made = _fill(unfinished, at, tell)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    if folder.exists():
        folder.rmdir()
    unfinished.rename(folder)
    return made


def _fill(folder: Path, at: datetime, tell: Tell) -> Manifest:
    erasurelog.catch_up()
    tell("Database")
    made = _database(folder / DATABASE, at)
    tell("Files")
    for name in PARTS:
        _copy(Path(settings.HOME.path) / name, folder / FILES / name)
    if erasurelog.path().exists():
        shutil.copyfile(erasurelog.path(), folder / LOG)
        (folder / LOG).chmod(0o600)
    tell("Checksums")
    made.sums = {name: manifest.checksum(folder / name) for name in manifest.files_of(folder)}
    made.write(folder)
    _to_disk(folder)
    return made


def _database(target: Path, at: datetime) -> Manifest:
    """The dump and the numbers of rows, both as of the same moment."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not connection.savepoint_ids:  # else somebody's transaction is around us
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot(), current_setting('server_version')")
        snapshot, version = cursor.fetchone()
        programs.run(
            "pg_dump",
            ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"],
            output=target,
        )
        target.chmod(0o600)
        return Manifest(
            at.isoformat(), version, keys.mark(settings.SECRET_KEY), migrations(cursor), rows(cursor),
            keys.mark(settings.AUDIT_KEY or settings.SECRET_KEY),
        )  # fmt: skip


def migrations(cursor: Any) -> dict[str, str]:
    """The newest migration of each app."""
    cursor.execute("SELECT to_regclass('django_migrations')")
    if cursor.fetchone()[0] is None:
        return {}
    cursor.execute("SELECT app, max(name) FROM django_migrations GROUP BY app ORDER BY app")
    return dict(cursor.fetchall())


def rows(cursor: Any) -> dict[str, int]:
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    counts = {}
    for (table,) in cursor.fetchall():
        cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608  a name from the catalogue
        counts[table] = int(cursor.fetchone()[0])
    return counts


def _copy(source: Path, target: Path) -> None:
    """All files of a folder; one that goes while we copy was past its time."""
    for path in sorted(source.rglob("*")) if source.exists() else ():
        if path.is_file() and not path.is_symlink():
            to = target / path.relative_to(source)
            to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                shutil.copyfile(path, to)
            except FileNotFoundError:
                to.unlink(missing_ok=True)


def _to_disk(folder: Path) -> None:
    for name in manifest.files_of(folder):
        descriptor = os.open(folder / name, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
