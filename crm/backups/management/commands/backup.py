"""`manage.py backup DIR`: the whole system into a folder."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crm.backups import keys, making
from crm.backups.programs import ProgramFailed
from crm.lib.refusals import Refusal


class Command(BaseCommand):
    help = (
        "Back the whole system up into a new folder: database, files of imports, erasure log, each with its "
        "checksum. The system may run meanwhile; the database is that of one moment. The folder holds personal data; "
        "the key is not in it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path, help="a new or empty folder")

    def handle(self, *, folder: Path, **options: Any) -> None:
        try:
            made = making.backup(folder.absolute(), at=timezone.now(), tell=self._tell)
        except (Refusal, ProgramFailed) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{error.filename or folder} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{sum(made.rows.values()):,} rows and {len(made.sums):,} files in {folder}.")
        key = keys.kept_in() or "SECRET_KEY"
        self.stderr.write(
            f"Without its key it is not whole: keep {key} too, in another place than this folder."
        )

    def _tell(self, text: str) -> None:
        self.stderr.write(f"{text} …")
