"""`manage.py restore DIR`: bring a backup back, or rehearse that."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crm.backups import restoring
from crm.backups.manifest import DamagedBackup
from crm.backups.programs import ProgramFailed
from crm.lib.refusals import Refusal
from crm.privacy.erasurelog import BrokenLog


class Command(BaseCommand):
    help = (
        "Restore a backup: verified by its checksums, filled into a database of its own, compared, later "
        "erasures done again, and only then put in place. Stop web and worker first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)
        parser.add_argument("--replace", action="store_true", help="throw away the data that are here")
        parser.add_argument(
            "--rehearse", action="store_true", help="prove that it could be restored; change nothing"
        )

    def handle(self, *, folder: Path, replace: bool, rehearse: bool, **options: Any) -> None:
        at, tell = timezone.now(), self._tell
        try:
            if rehearse:
                done = restoring.rehearse(folder.absolute(), at=at, tell=tell)
            else:
                done = restoring.restore(folder.absolute(), at=at, replace=replace, tell=tell)
        except (Refusal, ProgramFailed, DamagedBackup, BrokenLog) as error:
            raise CommandError(f"{error} Nothing was changed.") from None
        self._report(done, "could be restored" if rehearse else "restored")

    def _report(self, done: restoring.Restored, what: str) -> None:
        if not done.has_same_secret:
            self.stderr.write(
                "SECRET_KEY is not that of the backup: old certificates cannot be compared, sessions end."
            )
        if done.anchors:
            self.stderr.write(f"Anchors of the audit trail that are newer than the backup: {done.anchors}")
        again, rows = done.replayed["erased"], sum(done.manifest.rows.values())
        self.stdout.write(
            f"{rows:,} rows of {done.manifest.made_at} {what}; {again:,} later erasures done again."
        )

    def _tell(self, text: str) -> None:
        self.stderr.write(f"{text} …")
