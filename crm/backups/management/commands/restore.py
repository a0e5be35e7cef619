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

        parser.add_argument(
            "--key", metavar="FILE", type=Path,
            help="the SECRET_KEY of the backup, where this installation has another; it becomes its own",
        )  # fmt: skip
        parser.add_argument(
            "--key-is-lost", action="store_true", help="restore without it; what it had signed is void"
        )

    def handle(self, *, folder: Path, replace: bool, rehearse: bool, **options: Any) -> None:
        how = {"at": timezone.now(), "key": options["key"], "is_key_lost": options["key_is_lost"]}
        try:
            if rehearse:
                done = restoring.rehearse(folder.absolute(), tell=self._tell, **how)
            else:
                done = restoring.restore(folder.absolute(), replace=replace, tell=self._tell, **how)
        except (Refusal, ProgramFailed, DamagedBackup, BrokenLog) as error:
            raise CommandError(f"{error} Nothing was changed.") from None
        self._report(done, "could be restored" if rehearse else "restored")

    def _report(self, done: restoring.Restored, what: str) -> None:
        if not done.has_same_secret:
            self.stderr.write(
                "The key is another one: links that were sent, second factors and certificates are void."
            )
        if not done.has_same_audit_key:
            self.stderr.write(
                "The trail was signed with another AUDIT_KEY: put that one into AUDIT_KEYS_OLD."
            )
        if done.anchors:
            self.stderr.write(f"Anchors of the audit trail that are newer than the backup: {done.anchors}")
        again, rows = done.replayed["erased"], sum(done.manifest.rows.values())
        self.stdout.write(
            f"{rows:,} rows of {done.manifest.made_at} {what}; {again:,} later erasures done again."
        )

    def _tell(self, text: str) -> None:
        self.stderr.write(f"{text} …")
