"""Running a claimed job, with a heartbeat beside it and an honest end."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import structlog
from django.db import DatabaseError, InterfaceError, close_old_connections, connection, transaction
from django.db.models.functions import Now

from crm.audit import context
from crm.jobs import queue
from crm.jobs.claim import Claim, LeaseLost
from crm.jobs.models import Job, State
from crm.jobs.registry import function_of

log = structlog.get_logger(__name__)
LOOK_SECONDS = 1.0  # between two looks at a job that another process has
_AWAY = ("08", "57P")  # SQLSTATE classes: connection exception; shut down, crashed or starting


def run(job_id: int) -> bool:
    """Claim and run one job. True when it is done; False when it was not due, was taken away or failed.

    A failure never escapes: it is written on the job's row, which is due again after a pause that grows.
    """
    claimed = queue.claim(job_id)
    if claimed is None:
        return False
    claim = Claim(*claimed)
    try:
        with (
            _heartbeat(claim),
            context.at("job", agent=claim.job.kind, by=claim.job.created_by or f"system:{claim.job.kind}"),
        ):
            function_of(claim.job.kind)(claim)
        _finish(claim)
    except LeaseLost:
        log.warning("job_lease_lost", job=job_id)
        return False
    except Exception as error:
        log.exception("job_failed", job=job_id, kind=claim.job.kind)
        _release(claim, error)
        return False
    return True


def run_until_ended(job: Job) -> Job:
    """Run a job in this process until it ends, attempts and all: what commands use instead of a worker."""
    while not job.is_ended:
        run(job.pk)
        job.refresh_from_db()
        if job.state == State.RUNNING:
            break  # somebody else has it
        Job.objects.filter(pk=job.pk, state=State.QUEUED).update(available_at=Now())
    return job


def run_or_await(job: Job, *, waits: Callable[[Job], None] | None = None) -> Job:
    """Run a job here until it ends, or wait for the worker that was quicker; if that one dies, go on here.

    `waits(job)` is told each time that another process still has it.
    """
    while not run_until_ended(job).is_ended:
        if waits is not None:
            waits(job)
        threading.Event().wait(LOOK_SECONDS)
        job.refresh_from_db()
    return job


def _finish(claim: Claim) -> None:
    held = Job.objects.filter(pk=claim.job.pk, lease_token=claim.token, state=State.RUNNING)
    ended = held.update(
        state=State.DONE, lease_token=None, lease_until=None, finished_at=Now(), counts=claim.counts, error=""
    )
    if not ended:
        raise LeaseLost(str(claim.job))


def _release(claim: Claim, error: Exception) -> None:
    """Give the job back with its error; the third failure at the same place puts it aside.

    When the database is what failed, this may fail too: then the lease runs out and the relay finds the job.
    """
    with contextlib.suppress(DatabaseError, InterfaceError):
        if not connection.in_atomic_block:
            connection.close()
        with transaction.atomic():
            job = Job.objects.select_for_update().filter(pk=claim.job.pk, lease_token=claim.token).first()
            if job is None:
                return
            is_outage = _is_outage(error)
            job.failures += not is_outage
            job.attempts -= is_outage
            is_last = job.failures >= queue.MAX_FAILURES
            job.state = State.QUARANTINED if is_last else State.QUEUED
            job.error = _described(error)
            job.lease_token = job.lease_until = None
            job.save(update_fields=["state", "attempts", "failures", "error", "lease_token", "lease_until"])
            pause = timedelta(seconds=2 if is_outage else 2**job.failures)
            Job.objects.filter(pk=job.pk).update(
                available_at=Now() + pause, rung_at=None, **({"finished_at": Now()} if is_last else {})
            )


def _is_outage(error: Exception) -> bool:
    """Whether the database went away, as opposed to answering with an error."""
    cause = error.__cause__ if isinstance(error, DatabaseError | InterfaceError) else error
    if isinstance(cause, psycopg.InterfaceError):
        return True  # the connection was closed under us
    return isinstance(cause, psycopg.OperationalError) and (cause.sqlstate or "08").startswith(_AWAY)


def _described(error: Exception) -> str:
    """Type and first line only: the further lines of a database error quote the row, which may be personal."""
    first_line = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first_line}"[:1000]


@contextlib.contextmanager
def _heartbeat(claim: Claim) -> Iterator[None]:
    """Renews the lease from a thread of its own, so that one long statement does not look like a dead worker."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(queue.LEASE.total_seconds() / 3):
            try:
                claim.renew()
            except LeaseLost:
                return
            except (DatabaseError, InterfaceError):
                close_old_connections()
        connection.close()

    thread = threading.Thread(target=beat, name=f"heartbeat-{claim.job.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)
