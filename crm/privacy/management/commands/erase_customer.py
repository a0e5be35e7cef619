"""`manage.py erase_customer ID`: erase a person; sales stay as they were."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crm.jobs import runner
from crm.jobs.models import Job
from crm.lib.refusals import Refusal
from crm.privacy import erasing, sweeping
from crm.privacy.management.asked import customer_of
from crm.privacy.subjects import people


class Command(BaseCommand):
    help = (
        "Erase a customer (cus_… or a row number) with everybody who was merged into them. Names what will happen and "
        "asks; prints the number of the certificate. This cannot be undone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("customer", metavar="ID", help="such as cus_0f3k9w2mxq7t")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--dry-run", action="store_true", help="only name what would happen")

    def handle(self, *, customer: str, yes: bool, dry_run: bool, **options: Any) -> None:
        number = customer_of(customer)
        try:
            found = erasing.preview(number)
            self._tell(found)
            if dry_run or not (yes or self._is_sure(number)):
                return
            certificate = erasing.erase(number, by="system:shell", at=timezone.now())
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        for job in Job.objects.filter(kind=sweeping.KIND, key=str(certificate.key)):
            runner.run_or_await(job)
        self.stderr.write("Erased. The certificate:")
        self.stdout.write(str(certificate.key))

    def _tell(self, found: dict[str, Any]) -> None:
        for label, told in found.items():
            table = told["entry"].table
            self.stderr.write(f"{told['rows']:>9,}  {label}: {table.erasure.label}")

    def _is_sure(self, number: int) -> bool:
        subject = people().subject(number)
        if subject is None or not sys.stdin.isatty():
            raise CommandError("Say --yes: there is nobody here to ask.")
        typed = input(f"This cannot be undone. Type {subject.public_id} to erase: ")
        if typed.strip() != subject.public_id:
            raise CommandError("That is not the customer. Nothing was erased.")
        return True
