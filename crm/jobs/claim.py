"""A claim: what a running job holds, reports to and commits through."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, JSONField, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from crm.jobs.models import Job, State, Step
from crm.jobs.queue import LEASE

SAY_EVERY = 0.5  # seconds between two writes of a step's progress


class LeaseLost(Exception):
    """Another worker has the job, or a person cancelled it: whatever was not committed is rolled back."""


class Claim:
    """One attempt at a job.

    `checkpoint` is what the last committed slice left (a plain dict, {} at first); `params` is what was asked.
    """

    def __init__(self, job: Job, token: UUID) -> None:
        self.job = job
        self.token = token
        self.params: dict[str, Any] = dict(job.params)
        self.checkpoint: dict[str, Any] = dict(job.checkpoint)
        self.counts: dict[str, int] = dict(job.counts)

    @contextlib.contextmanager
    def slice(
        self, checkpoint: dict[str, Any] | None = None, *, done: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """One slice: its effect and its checkpoint commit together or not at all.

        Yields the checkpoint dict; what the block puts into it (and into `counts`) is saved with the effect.
        """
        draft = dict(self.checkpoint if checkpoint is None else checkpoint)
        counts_before = dict(self.counts)
        try:
            with transaction.atomic():
                yield draft
                self._update(
                    checkpoint=draft,
                    counts=self.counts,
                    attempts=0,
                    failures=0,
                    **({} if done is None else {"done": done}),
                )
        except BaseException:
            self.counts = counts_before
            raise
        self.checkpoint = draft

    @contextlib.contextmanager
    def part(self, step: str, number: int) -> Iterator[None]:
        """One of the numbered parts of a step, in any order, also side by side with others: see `is_part_done`.

        Its effect and the note that it is done commit together or not at all, on the connection of the calling thread.
        """
        with transaction.atomic():
            yield
            note = Value({f"{step}:{number}": True}, JSONField())
            # Added by the database, so that parts which commit at the same time keep each other's notes.
            self._update(
                checkpoint=CombinedExpression(F("checkpoint"), "||", note, JSONField()),
                attempts=0,
                failures=0,
            )
        self.checkpoint |= {f"{step}:{number}": True}

    def is_part_done(self, step: str, number: int) -> bool:
        return f"{step}:{number}" in self.checkpoint

    def progress(self, done: int, total: int | None = None) -> None:
        """Report how far the job is; also says that it is alive."""
        self._update(done=done, **({} if total is None else {"total": total}))

    def plan(self, names: list[str]) -> None:
        """Name the steps to come, so that a page can show them before they start."""
        Step.objects.bulk_create(
            [Step(job=self.job, position=i, name=name) for i, name in enumerate(names)], ignore_conflicts=True
        )

    def is_step_done(self, name: str) -> bool:
        return Step.objects.filter(job=self.job, name=name, state=State.DONE).exists()

    @contextlib.contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator["StepProgress"]:
        """Run a named step. Its state, rows and seconds are kept; a failure leaves it queued, to be done again."""
        step, _ = Step.objects.get_or_create(
            job=self.job, name=name, defaults={"position": self.job.steps.count()}
        )
        self.renew()
        self._tell(step, state=State.RUNNING, started_at=Now(), total=total, done=0)
        started = time.monotonic()
        progress = StepProgress(self, step)
        try:
            yield progress
        except BaseException:
            with contextlib.suppress(Exception):
                self._tell(step, state=State.QUEUED)
            raise
        self.renew()
        self._tell(
            step, state=State.DONE, done=progress.done, total=progress.done if total is None else total,
            counts=progress.counts, seconds=time.monotonic() - started, finished_at=Now(),
        )  # fmt: skip

    def renew(self) -> None:
        """Prolong the lease, or raise LeaseLost."""
        self._update()

    def _tell(self, step: Step, **values: Any) -> None:
        """Write on a step, while the lease is held: the successor's words stand."""
        held = Job.objects.filter(pk=self.job.pk, lease_token=self.token, state=State.RUNNING)
        Step.objects.filter(pk=step.pk, job__in=held).update(**values)

    def _update(self, **values: Any) -> None:
        held = Job.objects.filter(pk=self.job.pk, lease_token=self.token, state=State.RUNNING)
        if not held.update(lease_until=Now() + LEASE, **values):
            raise LeaseLost(str(self.job))


class StepProgress:
    """How far a step is. `counts` takes named figures to show beside it ("customers", "changed")."""

    def __init__(self, claim: Claim, step: Step) -> None:
        self.claim = claim
        self.step = step
        self.done = 0
        self.counts: dict[str, int] = {}
        self._said_at = 0.0

    def advance(self, rows: int = 1) -> None:
        """`rows` more are done. Written at most twice a second."""
        self.done += rows
        if time.monotonic() - self._said_at >= SAY_EVERY:
            self._said_at = time.monotonic()
            self.claim._tell(self.step, done=self.done, counts=self.counts)
