"""Numbers that were given out are never given to somebody else, not even after a restore.

A backup knows the numbers only up to when it was made. Links that customers hold, tokens in browsers and ids in other
systems name customers by their number: whoever came after the backup is gone, and who comes next must not get theirs.
"""

from django.apps import apps
from django.db import connection

from crm.lib.owned import Owned

MARGIN = 1_000_000


def given() -> dict[str, int]:
    """By table of customers and what they own: the last number that was given out here. Empty without a database."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVEN, [_tables()])
        return {table: int(last) for table, last in cursor.fetchall()}


def leave_out(elsewhere: dict[str, int]) -> None:
    """Go on far beyond what this database has given out, and what the one had whose place it takes."""
    with connection.cursor() as cursor:
        for table, last in given().items():
            beyond = max(last, elsewhere.get(table, 0)) + MARGIN
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, beyond])


def _tables() -> list[str]:
    own = (model for model in apps.get_models() if issubclass(model, Owned))
    numbered = [model for model in (apps.get_model("customers.Customer"), *own) if model._meta.auto_field]
    return [model._meta.db_table for model in numbered]


_GIVEN = """
SELECT known.name, coalesce(pg_sequence_last_value(known.sequence::regclass), 0)
FROM (
    SELECT name, CASE WHEN to_regclass(name) IS NOT NULL THEN pg_get_serial_sequence(name, 'id') END AS sequence
    FROM unnest(%s::text[]) AS name
) known
WHERE known.sequence IS NOT NULL
"""
