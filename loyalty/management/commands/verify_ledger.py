"""`manage.py verify_ledger`: prove the ledger of points anew, row by row."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from loyalty.ledger import proof

NAMED_MOST = 50


class Command(BaseCommand):
    help = (
        "Compute every promise of the ledger anew from its rows: sums, signs, sources, lots, traces, balances, what "
        "continues what, and when. Exit 1 names the rows that break one."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        movements, faults = 0, []
        with tqdm(unit=" movements", leave=False, disable=not sys.stderr.isatty()) as bar:
            for proved in proof.prove():
                movements += proved.movements
                faults += proved.faults[: NAMED_MOST + 1]
                bar.update(proved.movements)
        if faults:
            for fault in faults[:NAMED_MOST]:
                self.stderr.write(f"{fault.row}: broken: {fault.promise}")
            more = "" if len(faults) <= NAMED_MOST else " at least"
            raise CommandError(f"The ledger is broken in{more} {len(faults):,} places.")
        self.stdout.write(f"{movements:,} movements: the ledger holds.")
