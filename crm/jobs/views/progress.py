"""How far a job is: rows, rate and time left."""

from dataclasses import dataclass

from django.utils import timezone

from crm.jobs.models import Job, State

TONES = {
    State.QUEUED: "",
    State.RUNNING: "accent",
    State.DONE: "good",
    State.QUARANTINED: "alert",
    State.CANCELLED: "warn",
}


@dataclass(frozen=True)
class Progress:
    """`rate` in rows a second, `left` in seconds; None while nobody can know."""

    done: int
    total: int | None
    share: float | None
    rate: float | None
    left: float | None
    tone: str
    is_open: bool


def progress_of(job: Job) -> Progress:
    is_open = job.state in (State.QUEUED, State.RUNNING)
    rate = left = None
    if job.started_at and job.done:
        seconds = ((job.finished_at or timezone.now()) - job.started_at).total_seconds()
        rate = job.done / seconds if seconds > 0.5 else None
        left = (job.total - job.done) / rate if rate and job.total and is_open else None
    share = min(1.0, job.done / job.total) if job.total else None
    return Progress(job.done, job.total, share, rate, left, TONES[State(job.state)], is_open)
