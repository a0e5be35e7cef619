"""Asking for work, ringing for it, taking it."""

import contextlib
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.audit import trail
from crm.jobs.models import ENDED, Job, State
from crm.lib.refusals import Refusal

LEASE = timedelta(seconds=settings.JOB_LEASE_SECONDS)  # renewed by a heartbeat every third of it
MAX_FAILURES = 3  # errors of the job at the same place, then it is set aside
MAX_ATTEMPTS = (
    8  # a worker may be killed for reasons of its own; a slice that ends eight of them is the reason
)
RING_AGAIN = LEASE


class JobStillOpen(Refusal):
    code = "job_still_open"
    status = 409


def enqueue(kind: str, *, key: str, params: dict[str, Any] | None = None, by: Any = "system") -> Job:
    """The job (kind, key), made and rung for when it is new. Safe to call twice."""
    with transaction.atomic():
        job, is_new = Job.objects.get_or_create(
            kind=kind, key=key, defaults={"params": params or {}, "created_by": trail.actor_name(by)}
        )
        if is_new:
            trail.record("job.enqueue", job, by=by, details={"kind": kind, "key": key})
            transaction.on_commit(lambda: ring(job.pk))
    return job


def resume(job: Job, *, by: Any) -> None:
    """Queue a quarantined or cancelled job again; it goes on from its last checkpoint."""
    with transaction.atomic():
        changed = Job.objects.filter(pk=job.pk, state__in=[State.QUARANTINED, State.CANCELLED]).update(
            state=State.QUEUED, attempts=0, failures=0, available_at=Now(), error="", finished_at=None
        )
        if not changed:
            raise JobStillOpen(_("This job is not stopped, so it cannot be resumed."))
        trail.record("job.resume", job, by=by)
        transaction.on_commit(lambda: ring(job.pk))


def restart(job: Job, *, by: Any, params: dict[str, Any] | None = None) -> None:
    """Run an ended job again from its beginning."""
    with transaction.atomic():
        changed = Job.objects.filter(pk=job.pk, state__in=ENDED).update(
            state=State.QUEUED, attempts=0, failures=0, available_at=Now(), error="", checkpoint={}, counts={}, done=0,
            total=None, started_at=None, finished_at=None, **({"params": params} if params is not None else {}),
        )  # fmt: skip
        if not changed:
            raise JobStillOpen(_("This job is already waiting or running."))
        job.steps.all().delete()
        trail.record("job.restart", job, by=by)
        transaction.on_commit(lambda: ring(job.pk))


def cancel(job: Job, *, by: Any) -> None:
    """Stop a job after its current slice. What its slices have done stays; `resume` goes on."""
    with transaction.atomic():
        changed = Job.objects.filter(pk=job.pk, state__in=[State.QUEUED, State.RUNNING]).update(
            state=State.CANCELLED, lease_token=None, lease_until=None, finished_at=Now()
        )
        if not changed:
            raise JobStillOpen(_("This job has ended already."))
        trail.record("job.cancel", job, by=by)


def ring(job_id: int) -> None:
    """Tell the workers that a job is due. A lost ring is repeated by `ring_due`, so a dead broker is no fault."""
    from crm.jobs.tasks import run_job

    with contextlib.suppress(run_job.OperationalError, OSError):
        run_job.apply_async(args=[job_id], retry=False)


def ring_due() -> int:
    """Ring for every job that waits or whose worker went silent. Returns how many."""
    due = Job.objects.filter(_DUE).filter(Q(rung_at__isnull=True) | Q(rung_at__lt=Now() - RING_AGAIN))
    ids = list(due.order_by("available_at", "pk").values_list("pk", flat=True)[:100])
    Job.objects.filter(pk__in=ids).update(rung_at=Now())
    for job_id in ids:
        ring(job_id)
    return len(ids)


_DUE = Q(state=State.QUEUED, available_at__lte=Now()) | Q(state=State.RUNNING, lease_until__lt=Now())


def claim(job_id: int) -> tuple[Job, UUID] | None:
    """Take the job if it is due: one conditional UPDATE, so that of many only one gets it."""
    token = uuid4()
    taken = Job.objects.filter(_DUE, pk=job_id, attempts__lt=MAX_ATTEMPTS).update(
        state=State.RUNNING,
        attempts=F("attempts") + 1,
        lease_token=token,
        lease_until=Now() + LEASE,
        error="",
    )
    if not taken:
        _set_aside_exhausted(job_id)
        return None
    Job.objects.filter(pk=job_id, started_at__isnull=True).update(started_at=Now())
    return Job.objects.get(pk=job_id), token


def _set_aside_exhausted(job_id: int) -> None:
    """A job whose workers died silently, time after time at the same slice."""
    Job.objects.filter(_DUE, pk=job_id, attempts__gte=MAX_ATTEMPTS).update(
        state=State.QUARANTINED, lease_token=None, lease_until=None, finished_at=Now(),
        error=f"The worker stopped without a word, {MAX_ATTEMPTS} times at the same place.",
    )  # fmt: skip
