"""The sweep as a job: asked for once a day by the clock, and by people."""

from datetime import date
from typing import Any

from crm.jobs import queue
from crm.jobs.claim import Claim
from crm.jobs.models import ENDED, Job
from crm.jobs.registry import job

KIND = "match_sweep"


@job(KIND)
def sweep(claim: Claim) -> None:
    from customers.matching import sweep as work  # numpy stays out of the pages' processes

    work.run(claim)


def ask(*, on: date, by: Any, again: bool = False) -> Job:
    """The sweep of this day; `again`: run it anew when it has ended."""
    asked = queue.enqueue(KIND, key=on.isoformat(), by=by)
    if again and asked.state in ENDED:
        queue.restart(asked, by=by)
        asked.refresh_from_db()
    return asked


def last() -> Job | None:
    """The sweep that was asked for last."""
    return Job.objects.filter(kind=KIND).order_by("-key").first()
