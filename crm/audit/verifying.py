"""Verifying as long work: the job, its record, and asking for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from django.db import connection, transaction

from crm.audit import proof, sealing, trail
from crm.audit.findings import Report
from crm.audit.models import Verification
from crm.jobs.registry import job

if TYPE_CHECKING:
    from crm.jobs.claim import Claim
    from crm.jobs.models import Job

log = structlog.get_logger(__name__)
KIND = "audit.verify"
KEPT = 200  # findings on the record of a verification
EVERY = 20_000  # rows between two reports of progress


def ask(*, by: Any) -> "Job":
    """A job that seals and verifies; the one that is open already, if there is one."""
    from crm.jobs import queue
    from crm.jobs.models import ENDED, Job

    is_open = Job.objects.filter(kind=KIND).exclude(state__in=ENDED).order_by("-pk").first()
    return is_open or queue.enqueue(KIND, key=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f"), by=by)


@job(KIND)
def work(claim: "Claim") -> None:
    from crm.audit.models import Entry

    claim.progress(0, Entry.objects.count())
    sealing.seal()
    with _reporting(claim) as told:
        report = proof.verify(told=told)
    kept = keep(datetime.now(UTC), report, by=claim.job.created_by)
    claim.counts = {"entries": kept.entries, "seals": kept.seals, "faults": kept.faults}
    claim.progress(kept.entries, kept.entries)


@contextmanager
def _reporting(claim: "Claim") -> Iterator[Callable[[int], None]]:
    """Progress through a connection of its own: the snapshot that is verified must neither write nor hold the row of
    the job, for which the relay and the heartbeat would wait."""
    from crm.jobs.claim import LeaseLost

    aside, done = connection.copy(), 0

    def told(rows: int) -> None:
        nonlocal done
        if rows - done >= EVERY:
            done = rows
            with aside.cursor() as cursor:
                cursor.execute(_PROGRESS, [rows, claim.job.pk, str(claim.token)])
                if not cursor.rowcount:
                    raise LeaseLost(str(claim.job))

    try:
        yield told
    finally:
        aside.close()


_PROGRESS = "UPDATE jobs_job SET done = %s WHERE id = %s AND lease_token = %s AND state = 'running'"


def keep(started_at: datetime, report: Report, *, by: Any) -> Verification:
    """The record of a verification; what it found goes to the log, too, where no database can take it back."""
    with transaction.atomic():
        kept = Verification.objects.create(
            started_at=started_at, started_by=trail.actor_name(by), entries=report.entries, seals=report.seals,
            unsealed=report.unsealed, faults=report.faults, anchor=report.anchor,
            findings=[[one.what, one.where, one.seal] for one in report.findings[:KEPT]],
        )  # fmt: skip
    tell = log.error if report.faults else log.info
    tell("audit_verified", faults=report.faults, entries=report.entries, anchor=report.anchor)
    return kept
