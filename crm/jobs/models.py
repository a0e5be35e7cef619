"""The record of jobs and of their steps."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    QUARANTINED = "quarantined", _("Needs a look")
    CANCELLED = "cancelled", _("Cancelled")


ENDED = (State.DONE, State.QUARANTINED, State.CANCELLED)


class Job(models.Model):
    """One piece of long work, known by (kind, key): asking for it twice gives the same row."""

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=200)
    params = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)  # claims since the last checkpoint
    failures = models.PositiveSmallIntegerField(
        default=0
    )  # of these, how many ended in an error of the job itself
    available_at = models.DateTimeField(db_default=Now())
    rung_at = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    checkpoint = models.JSONField(default=dict)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)  # None: not known yet
    counts = models.JSONField(default=dict)
    error = models.TextField(default="", blank=True)
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("job")
        constraints = [
            models.UniqueConstraint("kind", "key", name="job_once_per_key"),
            models.CheckConstraint(
                condition=~models.Q(state=State.RUNNING)
                | models.Q(lease_token__isnull=False, lease_until__isnull=False),
                name="job_running_has_lease",
            ),
        ]
        indexes = [
            models.Index(
                fields=["available_at"],
                condition=models.Q(state__in=[State.QUEUED, State.RUNNING]),
                name="job_open",
            ),
            models.Index(fields=["kind", "-id"], name="job_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def is_ended(self) -> bool:
        return self.state in ENDED


class Step(models.Model):
    """A named part of a job, in order, with its progress."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=40)
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    counts = models.JSONField(default=dict)
    seconds = models.FloatField(default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("step of a job")
        ordering = ["job", "position"]
        constraints = [models.UniqueConstraint("job", "name", name="step_once_per_job")]

    def __str__(self) -> str:
        return self.name
