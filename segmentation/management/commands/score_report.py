"""What the scores of the night proved to be worth on past days."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from segmentation import reporting


class Command(BaseCommand):
    help = "Prints the back-tests of the scores: how well past days told what came after."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        found = reporting.report()
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2))
            return
        for name, part in found.items():
            self.stdout.write(f"{name}:" if part else f"{name}: nothing has been scored yet")
            self.stdout.write("\n".join(reporting.lines(part or {}, "  ")))
