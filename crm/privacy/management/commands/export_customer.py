"""`manage.py export_customer ID`: everything that is held of a person, as JSON or as a page."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation

from crm.org.models import Chain
from crm.privacy import exporting, requests
from crm.privacy.management.asked import customer_of


class Command(BaseCommand):
    help = (
        "Write everything that is held of a customer (cus_… or a row number), table by table of the register."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("customer", metavar="ID", help="such as cus_0f3k9w2mxq7t")
        parser.add_argument("--format", choices=("json", "html"), default="json")
        parser.add_argument("--language", choices=[code for code, _name in settings.LANGUAGES], default="en")
        parser.add_argument("--output", metavar="FILE", help="instead of the standard output; must not exist")

    def handle(
        self, *, customer: str, format: str, language: str, output: str | None, **options: Any
    ) -> None:
        subject = exporting.subject_of(customer_of(customer))
        if subject is None:
            raise CommandError(f"There is no customer {customer}.")
        at = timezone.now()
        requests.note_export(subject, by="system:shell", at=at, details={"format": format})
        with translation.override(language):
            if format == "json":
                self._write(exporting.as_json(subject, at=at), output)
            else:
                chain, officer = Chain.current().name, requests.settings_of_chain().officer
                self._write(exporting.as_html(subject, at=at, chain=chain, officer=officer), output)

    def _write(self, pieces: Iterator[str], output: str | None) -> None:
        if output is None:
            for piece in pieces:
                self.stdout.write(piece, ending="")
            return
        target = Path(output)
        unfinished = target.with_name(f".{target.name}.part")
        if target.exists():
            raise CommandError(f"{output} is there already.")
        try:
            with unfinished.open("x", encoding="utf-8") as file:
                unfinished.chmod(0o600)
                file.writelines(pieces)
            unfinished.rename(target)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from error
        print(f"Written to {output}.", file=sys.stderr)
