"""`import_receipts FILE… [--dry-run]`: receipts and returns, one line a row."""

from argparse import ArgumentParser
from typing import Any

from customers.imports.commands import ImportCommand


class Command(ImportCommand):
    help = "Import receipts and returns, one line a row. Broken off, the same command goes on where it was."
    kind = "receipts"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--source", default="", help='source of rows that name none (default "import")')

    def options_of(self, options: dict[str, Any]) -> dict[str, Any]:
        return super().options_of(options) | {"source": options["source"]}
