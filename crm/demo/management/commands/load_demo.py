"""`load_demo [--small]`: the demo chain from the real data set."""

from argparse import ArgumentParser
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm.demo import loader
from crm.demo.journey import SOURCE, DataSetMissing
from crm.demo.progress import Bar
from crm.lib.refusals import Refusal


class Command(BaseCommand):
    help = "Loads the demo chain: a year of receipts of 2,469 households, with invented people and stores."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--small",
            action="store_true",
            help=f"only {loader.SMALL_HOUSEHOLDS} households: for tests, in seconds",
        )

    def handle(self, **options: Any) -> None:
        began = monotonic()
        try:
            with Bar() as bar:
                loaded = loader.load(settings.HOME.path / "demo", small=options["small"], watcher=bar)
        except DataSetMissing as missing:
            raise CommandError(str(missing)) from None
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(
            f"{loaded.lines:,} lines of {loaded.members:,} members until {loaded.last_day}, "
            f"{loaded.new_lines:,} of them new, in {monotonic() - began:.1f} s.\nSource: {SOURCE}."
        )
