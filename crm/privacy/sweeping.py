"""Sweeping tables after an erasure: dead rows go, and so do the values that statistics quote.

PostgreSQL keeps the old version of a changed row until a VACUUM, and samples of values (names, too) in its statistics
until an ANALYZE. A dump shows neither; the data files would. See docs/privacy.md for what is promised of disks.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import connection

from crm.jobs import queue
from crm.jobs.registry import job

if TYPE_CHECKING:
    from crm.jobs.claim import Claim

KIND = "privacy.sweep"


def ask(tables: Iterable[str], *, key: str, by: Any) -> None:
    """Ask for these tables to be swept, once the transaction is done."""
    queue.enqueue(KIND, key=key, params={"tables": sorted(set(tables))}, by=by)


@job(KIND)
def run(claim: "Claim") -> None:
    sweep(claim.job.params["tables"])


def sweep(tables: Iterable[str]) -> None:
    """VACUUM (ANALYZE) of our own tables; may run at any time beside everything else."""
    known = set(connection.introspection.django_table_names(only_existing=True))
    with connection.cursor() as cursor:
        for table in tables:
            if table in known:
                cursor.execute(f'VACUUM (ANALYZE) "{table}"')
