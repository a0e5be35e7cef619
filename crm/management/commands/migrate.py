"""`manage.py migrate`, safe on a database that people work with: a migration gives up instead of making them queue.

A statement that waits for a table's lock blocks everybody who comes after it. After two seconds it fails, nothing of
that migration is kept, and it can be started again. At the end the application's role gets its rights on new tables.
"""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from crm.lib import approle

LONGEST_WAIT = "2s"


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LONGEST_WAIT])
        try:
            super().handle(*args, **options)
            with connection.cursor() as cursor:
                approle.prepare(cursor)
        finally:
            if connection.is_usable():
                with connection.cursor() as cursor:
                    cursor.execute("RESET lock_timeout")
