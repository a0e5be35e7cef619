"""`manage.py set_up [--empty]`: the database brought to this version; the first time the demo chain and its night."""

from argparse import ArgumentParser
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from crm.demo.loader import NotForDemo, check_place
from crm.embedded.first_start import FirstStart


class Command(BaseCommand):
    help = "Applies migrations; the first time it also loads the demo chain and runs one night. `make run` calls it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--empty", action="store_true", help="no demo data, now and at later starts")

    def handle(self, *, empty: bool, **_options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        first = FirstStart.of(settings.HOME)
        if not first.steps and (empty or not _may_be_demo()):
            first.note("empty")
        if first.is_empty:
            return
        # Nights of some weeks before the first one let the demo show how groups and segments moved.
        nights = {"weeks": 4, "segments": True}
        for step, options in (("load_demo", {}), ("nightly", nights), ("spend_demo", {})):
            if step not in first.steps:
                self._run(step, options)
                first.note(step)

    def _run(self, step: str, options: dict[str, int]) -> None:
        began = monotonic()
        try:
            call_command(step, **options, stdout=self.stdout, stderr=self.stderr)
        except SystemExit as end:
            if end.code:
                raise CommandError(f"{step} failed; its reason stands above.") from end
        self.stdout.write(f"{step} took {monotonic() - began:.1f} s")


def _may_be_demo() -> bool:
    try:
        check_place()
    except NotForDemo:
        return False
    return True
