"""Bringing a backup back, and rehearsing that.

1. The backup's checksums are verified.
2. It is restored into a database of its own, its files into a folder of their own; the numbers of rows are compared.
3. Migrations that the backup does not know yet are run there, and every erasure that is newer than the backup is done
   again there (`crm.privacy.replaying`): nobody ever reads what was erased. Numbers go on far beyond those that were
   given out after the backup (`numbers.py`).
4. A rehearsal ends here and throws both away. A restore puts them in the place of the old ones.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from crm.audit import anchors
from crm.backups import keys, making, manifest, numbers, programs
from crm.backups.keys import WrongKey
from crm.backups.making import PARTS, NotEmpty, Tell
from crm.backups.manifest import DATABASE, FILES, LOG, DamagedBackup, Manifest
from crm.embedded import Home
from crm.privacy import erasurelog, replaying

BY = "system:restore"


@dataclass
class Restored:
    """What stands ready: a database and a folder of files."""

    manifest: Manifest
    database: str
    files: Path
    replayed: dict[str, int] = field(default_factory=dict)
    secret: str = ""
    has_same_secret: bool = True
    has_same_audit_key: bool = True
    anchors: Path | None = None  # where anchors of the trail went that are newer than the backup


def rehearse(
    folder: Path,
    *,
    at: datetime,
    key: Path | None = None,
    is_key_lost: bool = False,
    tell: Tell = lambda text: None,
) -> Restored:
    """Restore beside the running system, prove it, and throw it away."""
    with ready(folder, at=at, key=key, is_key_lost=is_key_lost, tell=tell) as restored:
        return restored


def restore(
    folder: Path,
    *,
    at: datetime,
    key: Path | None = None,
    is_key_lost: bool = False,
    replace: bool = False,
    tell: Tell = lambda text: None,
) -> Restored:
    """Put the backup in the place of what is here. `key`: a file with its SECRET_KEY, where ours is another.

    Raises NotEmpty unless `replace`, WrongKey unless `is_key_lost`; then nothing has changed.
    """
    if not replace and not _is_empty():
        raise NotEmpty("There are data here already. To put the backup in their place, say --replace.")
    with ready(folder, at=at, key=key, is_key_lost=is_key_lost, tell=tell) as restored:
        if not keys.can_be_kept(restored.secret):
            raise WrongKey(
                "SECRET_KEY of the environment is another one: set it to the backup's and begin again."
            )
        tell("Taking the place")
        _swap(restored.database)
        _swap_files(folder, restored.files)
        keys.keep(restored.secret)
        restored.anchors = anchors.set_aside(at)
        cache.clear()
        return restored


@contextmanager
def ready(
    folder: Path,
    *,
    at: datetime,
    key: Path | None = None,
    is_key_lost: bool = False,
    tell: Tell = lambda text: None,
) -> Iterator[Restored]:
    """A restored database and its files, proven and with later erasures done again; gone afterwards."""
    tell("Checksums")
    known = manifest.read(folder)
    restored = _planned(known, keys.of(known, key, is_lost=is_key_lost))
    name, files, given = restored.database, restored.files, numbers.given()
    _administer("CREATE DATABASE {} TEMPLATE template0", name)
    try:
        tell("Database")
        programs.run(
            "pg_restore",
            ["--exit-on-error", "--no-owner", "--no-privileges", str(folder / DATABASE)],
            database=name,
        )
        tell("Files")
        files.mkdir(mode=0o700, parents=True)
        if (folder / FILES).exists():
            shutil.copytree(folder / FILES, files, dirs_exist_ok=True)
        with keys.used(restored.secret), _inside(name, files):
            tell("Comparing rows")
            _compare(known)
            _bring_up_to_date(known)
            numbers.leave_out(given)
            tell("Erasures")
            restored.replayed = replaying.replay(_erasures(folder), by=BY, at=at)
        yield restored
    finally:
        _administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        shutil.rmtree(files, ignore_errors=True)


def _planned(known: Manifest, secret: str) -> Restored:
    number = uuid4().hex[:12]
    return Restored(
        known, f"regulars_restored_{number}", Path(settings.HOME.path) / f"restoring-{number}", secret=secret,
        has_same_secret=known.secret == keys.mark(secret),
        has_same_audit_key=known.audit in ("", keys.mark(settings.AUDIT_KEY or secret)),
    )  # fmt: skip


def _erasures(folder: Path) -> list[erasurelog.Line]:
    """Every erasure that is known: by the log here, and by the backup's own where this machine is new."""
    own = {line.key: line for line in erasurelog.lines(folder / LOG)}
    return list((own | {line.key: line for line in erasurelog.lines()}).values())


def _compare(known: Manifest) -> None:
    with connection.cursor() as cursor:
        found = making.rows(cursor)
    for table, count in known.rows.items():
        if found.get(table) != count:
            raise DamagedBackup(f"{table} has {found.get(table, 0):,} rows and should have {count:,}.")


def _bring_up_to_date(known: Manifest) -> None:
    if known.migrations:
        call_command("migrate", verbosity=0, interactive=False)


@contextmanager
def _inside(database: str, files: Path) -> Iterator[None]:
    """Our connection and our folders are the restored ones for a while."""
    before = settings.HOME, settings.MEDIA_ROOT, connection.settings_dict["NAME"]
    connection.close()
    settings.HOME, settings.MEDIA_ROOT = Home(files), files / "media"
    connection.settings_dict["NAME"] = database
    try:
        yield
    finally:
        connection.close()
        settings.HOME, settings.MEDIA_ROOT, connection.settings_dict["NAME"] = before


def _is_empty() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('customers_customer')")
        if cursor.fetchone()[0] is None:
            return True
        cursor.execute("SELECT EXISTS (SELECT FROM customers_customer) OR EXISTS (SELECT FROM org_staff)")
        return not cursor.fetchone()[0]


def _swap(database: str) -> None:
    """The restored database gets our name; the old one goes."""
    ours, old = str(connection.settings_dict["NAME"]), f"{database}_old"
    connection.close()
    _administer(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}", ours, as_value=True
    )
    _administer("ALTER DATABASE {} RENAME TO {}", ours, old)
    try:
        _administer("ALTER DATABASE {} RENAME TO {}", database, ours)
    except psycopg.Error:
        _administer("ALTER DATABASE {} RENAME TO {}", old, ours)
        raise
    _administer("DROP DATABASE {} WITH (FORCE)", old)


def _swap_files(folder: Path, files: Path) -> None:
    home = Path(settings.HOME.path)
    for name in PARTS:
        shutil.rmtree(home / name, ignore_errors=True)
        if (files / name).exists():
            shutil.move(files / name, home / name)
    if (folder / LOG).exists() and not erasurelog.path().exists():
        erasurelog.path().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(folder / LOG, erasurelog.path())


def _administer(text: str, *names: str, as_value: bool = False) -> None:
    """A statement about databases, from a database that is none of ours."""
    kind: Any = sql.Literal if as_value else sql.Identifier
    asked = {key: value for key, value in connection.get_connection_params().items() if key in _WAYS}
    with psycopg.connect(**asked | {"dbname": "postgres"}, autocommit=True) as server:
        server.execute(sql.SQL(text).format(*map(kind, names)))


_WAYS = ("host", "port", "user", "password", "sslmode")
