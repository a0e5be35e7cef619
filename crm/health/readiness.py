"""What has to work before a process may be given requests."""

from collections.abc import Callable

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

SECONDS = 2


def database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def valkey() -> None:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=SECONDS, socket_connect_timeout=SECONDS)
    try:
        client.ping()
    finally:
        client.close()


def migrations() -> None:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise RuntimeError(f"{len(missing)} migrations are not applied")


PARTS: dict[str, Callable[[], None]] = {"database": database, "valkey": valkey, "migrations": migrations}


def report() -> dict[str, str]:
    """Each part with "ok" or the kind of its failure (no details: the answer is public)."""
    found = {}
    for name, check in PARTS.items():
        try:
            check()
        except Exception as error:  # noqa: BLE001  whatever fails, the answer is "not ready"
            found[name] = type(error).__name__
        else:
            found[name] = "ok"
    return found
