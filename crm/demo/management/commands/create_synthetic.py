"""`create_synthetic --customers N --receipts M`: large data with known truth, for benchmarks."""

from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crm.demo.progress import Bar
from crm.demo.synthetic.generate import Wanted, add_days, generate
from crm.lib.refusals import Refusal

STAGES = {
    "draw": "Drawing",
    "customers": "Customers",
    "receipts": "Receipts",
    "indexes": "Indexes",
    "statistics": "Statistics",
}


class Command(BaseCommand):
    help = "Writes synthetic customers and receipts with known truth straight into the tables."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--customers", type=int, default=1_000_000)
        parser.add_argument("--receipts", type=int, required=True)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--lines", type=float, default=1.0, help="lines a receipt on average; 0 writes none"
        )
        parser.add_argument("--days", type=int, default=730, help="length of the period (default: two years)")
        parser.add_argument(
            "--until", type=date.fromisoformat, help="last day, as 2026-11-21 (default: yesterday)"
        )
        parser.add_argument("--stores", type=int, default=200)
        parser.add_argument("--no-arrivals", action="store_true", help="leave the inbox empty")
        parser.add_argument(
            "--days-after",
            type=int,
            metavar="D",
            help="add the receipts on D further days to what this seed made before",
        )

    def handle(self, **options: Any) -> None:
        wanted = Wanted(
            customers=options["customers"],
            receipts=options["receipts"],
            seed=options["seed"],
            lines=options["lines"],
            days=options["days"],
            stores=options["stores"],
            until=options["until"] or timezone.now().date() - timedelta(days=1),
            has_arrivals=not options["no_arrivals"],
        )
        directory = settings.HOME.path / "synthetic"
        try:
            if options["days_after"]:
                last = add_days(wanted, directory, days=options["days_after"])
                self.stdout.write(f"{wanted.receipts:,} receipts added until {last}.")
            else:
                self._generate(wanted, directory)
        except FileNotFoundError:
            raise CommandError(
                f"Seed {wanted.seed} has made nothing here yet: run without --days-after first."
            ) from None
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None

    def _generate(self, wanted: Wanted, directory: Any) -> None:
        totals = {"draw": wanted.receipts, "receipts": wanted.receipts, "customers": wanted.customers}
        with Bar() as bar:
            generate(wanted, directory, lambda stage, done: bar(STAGES[stage], done, totals.get(stage, 0)))
        self.stdout.write(
            f"{wanted.customers:,} customers and {wanted.receipts:,} receipts until {wanted.until}; "
            f"the truth is in {directory}."
        )
