"""Turn a plain, migrated database into the partition twin, or spread it over a Citus cluster."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connections
from tqdm import tqdm

from crm.lib.refusals import Refusal
from crm.scaleout import citus, partitions, shape

MOST_PARTITIONS = 1024


def count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_PARTITIONS:
        raise ArgumentTypeError(f"“{text}” is not a number from 1 to {MOST_PARTITIONS}.")
    return int(text)


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--engine", required=True, choices=["partitions", "citus"])
        parser.add_argument(
            "--partitions", type=count, default=8, metavar="N", help="of each table (default 8)"
        )
        parser.add_argument("--dry-run", action="store_true", help="print the SQL, change nothing")
        parser.add_argument("--database", default="default", choices=list(connections))

    def handle(self, *, engine: str, partitions: int, dry_run: bool, database: str, **options: Any) -> None:
        try:
            if dry_run:
                self._print(self._plan(engine, partitions, database))
            else:
                self._convert(engine, partitions, database)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        except OperationalError as error:
            raise CommandError(
                f"{str(error).strip()} Nothing was changed. Stop web and workers, try again."
            ) from None

    def _plan(self, engine: str, count: int, database: str) -> list[str]:
        if engine == "citus":
            return citus.dry_run(database)
        with connections[database].cursor() as cursor:
            return partitions.statements(shape.survey(cursor), count)

    def _print(self, statements: list[str]) -> None:
        for statement in ["BEGIN", *statements, "COMMIT"] if statements else ["-- nothing to do"]:
            self.stdout.write(statement if statement.startswith("--") else f"{statement};")

    def _convert(self, engine: str, count: int, database: str) -> None:
        def each(statements: list[str]) -> Iterable[str]:
            return tqdm(statements, unit=" statements", leave=False, disable=None)

        if engine == "citus":
            names = citus.convert(database, each=each)
        else:
            names = partitions.convert(database, partitions=count, each=each)
        for name in names:
            self.stdout.write(name)
        self.stderr.write(
            f"{len(names)} tables converted." if names else "Nothing to do: all tables are converted."
        )
