"""`manage.py verify_state`: prove that the states kept from night to night are what a rebuild gives."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from customers import nightrun, receiptproof, stateproof, states
from customers.models import Customer

NAMED_MOST = 50


class Command(BaseCommand):
    help = (
        "Recompute every customer's purchase state and compare it with the stored one. Exit 1 names the customers that "
        "differ. Customers whose purchases changed since the last night are left out: the next night looks at them."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if broken := list(receiptproof.faults()):
            self.stderr.write("\n".join(broken))
            raise CommandError(f"{len(broken):,} receipts, lines or returns are broken.")
        with nightrun.alone():
            basis = stateproof.basis_of_states()
            if basis is None:
                raise CommandError("There is no complete set of purchase states yet: run `nightly` first.")
            compared, faulty = self._compare(basis)
        if faulty:
            for customer, names in faulty[:NAMED_MOST]:
                self.stderr.write(f"{Customer(pk=customer).public_id} (row {customer}): {', '.join(names)}")
            raise CommandError(f"{len(faulty):,} of {compared:,} purchase states differ from a rebuild.")
        self.stdout.write(f"{compared:,} purchase states as of {basis.on} equal a rebuild.")

    def _compare(self, basis: states.Basis) -> tuple[int, list[tuple[int, list[str]]]]:
        compared, faulty = 0, []
        with tqdm(unit=" customers", leave=False, disable=not sys.stderr.isatty()) as bar:
            for n, found in stateproof.faults(basis):
                compared += n
                faulty += found
                bar.update(n)
        return compared, faulty
