"""Migrations do not make people queue."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models.signals import pre_migrate


def lock_timeout() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_a_migration_waits_two_seconds_for_a_lock_and_later_statements_as_before() -> None:
    seen: list[str] = []

    def look(**_kwargs: object) -> None:
        seen.append(lock_timeout())

    pre_migrate.connect(look, weak=False)
    try:
        call_command("migrate", verbosity=0)
    finally:
        pre_migrate.disconnect(look)
    assert set(seen) == {"2s"}
    assert lock_timeout() == "0"
