"""Make a key for another system. Prints it once, alone on standard output, so that a script can keep it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.lib.refusals import Refusal
from crm.org.models import Store
from crm.rest.keys import create_key
from crm.rest.scopes import KeyScope


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what the key is for, such as 'tills of Harbour'")
        parser.add_argument(
            "--scope", action="append", required=True, choices=KeyScope.values, help="again for more"
        )
        parser.add_argument(
            "--store", action="append", default=[], metavar="CODE", help="only this store; again for more"
        )
        parser.add_argument("--rate", type=int, metavar="N", help="calls a minute")

    def handle(
        self, *, name: str, scope: list[str], store: list[str], rate: int | None, **options: Any
    ) -> None:
        stores = list(Store.objects.filter(code__in=store))
        unknown = sorted(set(store) - {shop.code for shop in stores})
        if unknown:
            raise CommandError(f"There is no store {', '.join(unknown)}.")
        try:
            key, secret = create_key(
                name=name, scopes=scope, by="system:shell", stores=stores, rate_per_minute=rate
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        self.stderr.write(f"{key.name}: {', '.join(key.scopes)}. Keep the key, it is not shown again:")
        self.stdout.write(secret)
