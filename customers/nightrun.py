"""Running a night: the steps of one business date, each done once, resumed where it was killed.

A run writes under a night of its own number. A resumed run goes on with the same number; one that starts over first
takes back all that an unpublished night wrote. Steps share what they read of the customers through `columns`.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum, auto
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from crm.jobs import runner
from crm.jobs.claim import Claim, StepProgress
from crm.jobs.models import ENDED, Job
from crm.lib.columns import Columns
from customers import nights, states
from customers.models import LifecycleRules, Night, PublishedNight, StateBasis

LOCK = 7_260_001  # of the database: one night at a time


class Past(Enum):
    """Whether a night that a later one follows at once has a step."""

    ALWAYS = auto()
    ASKED = auto()  # only the newest night's is shown; it is there when somebody wants a past
    NEVER = auto()


@dataclass(frozen=True)
class NightStep:
    """A step that an app offers; the top floor orders them (`crm/schedule.py`).

    `run(night_run, progress)` must be repeatable: done again after a kill it ends in the same rows. `take_back(night)`
    removes what the step wrote for a night that was not published.
    """

    name: str
    title: Any  # for pages, translatable
    run: "Callable[[NightRun, StepProgress], None]"
    takes_along: tuple[str, ...] = ()  # steps that rest on this one, by name
    take_back: "Callable[[int], None]" = field(default=lambda _night: None)
    past: Past = Past.ALWAYS


@dataclass
class NightRun:
    """What the steps of one run share."""

    claim: Claim
    night: Night
    previous: Night | None  # the published night that this one follows or replaces
    columns: Columns
    ranges: list[tuple[int, int]]  # slices of customer ids

    @property
    def on(self) -> date:
        return self.night.on

    @property
    def is_rebuild(self) -> bool:
        return bool(self.claim.params.get("rebuild"))

    @property
    def basis(self) -> states.Basis:
        rules = self.night.rules
        return states.Basis(self.on, self.night.window_days, rules.lost_days, rules.won_back_days)

    @property
    def writes_from(self) -> date | None:
        """The first day that this night may write about; earlier days were told by earlier nights (None: no limit)."""
        before = self.previous
        if before is None:
            return None
        if before.on == self.on or before.rules_id != self.night.rules_id:
            return self.on  # the same date again, or other rules: they hold from this date on
        return before.on + timedelta(days=1)

    def states(self, number: int) -> dict[str, Any]:
        """The purchase states of a slice: the columns `states.SCORED`."""
        return self.columns.fetch("states", number, self._read_states)

    def _read_states(self, number: int) -> dict[str, Any]:
        with connection.cursor() as cursor:
            found = states.read(cursor, *self.ranges[number])
        return {name: found[name] for name in states.SCORED}


def run(claim: Claim, steps: Sequence[NightStep]) -> None:
    """The work of a night's job. Nights asked for earlier dates that have not run yet run first."""
    on = date.fromisoformat(claim.params["on"])
    _run_earlier(on)
    with alone():
        last = nights.published()
        if last is not None and last.on > on:
            claim.counts["skipped"] = 1  # a later night was published meanwhile; nights run forward
            return
        chosen = _chosen(_offered(claim.params, steps), claim.params.get("steps") or [])
        claim.plan([step.name for step in chosen])
        Columns.sweep(_workshop())
        night_run = NightRun(claim, _night(claim, on, steps), last, Columns(_workshop()), states.slices())
        try:
            for step in chosen:
                if not claim.is_step_done(step.name):
                    with claim.step(step.name) as progress:
                        step.run(night_run, progress)
        finally:
            night_run.columns.close()


def publish(night_run: NightRun, progress: StepProgress) -> None:
    """The last step: move the pointer. From this commit on readers see the night."""
    night = night_run.night
    with night_run.claim.slice():
        if night.published_at is None:
            night.published_at = timezone.now()
            night.save(update_fields=["published_at"])
        PublishedNight.objects.update_or_create(id=1, defaults={"night": night})
        if night_run.previous:  # a run of later steps alone takes the states over
            StateBasis.objects.filter(night=night_run.previous.pk).update(night=night.pk)
    progress.advance()


def _offered(params: dict[str, Any], steps: Sequence[NightStep]) -> list[NightStep]:
    """The newest night has all of them."""
    left_out = {Past.NEVER} if params.get("segments") else {Past.NEVER, Past.ASKED}
    return [step for step in steps if not params.get("past") or step.past not in left_out]


def _chosen(steps: Sequence[NightStep], names: list[str]) -> list[NightStep]:
    """The steps asked for (none named: all) with what rests on them, and the publishing."""
    wanted = {*names, *(name for step in steps if step.name in names for name in step.takes_along)}
    return [step for step in steps if not names or step.name in wanted or step.run is publish]


def _night(claim: Claim, on: date, steps: Sequence[NightStep]) -> Night:
    """The night that this job writes: its own from an earlier attempt, or a new one after clearing the ground."""
    known = Night.objects.select_related("rules").filter(pk=claim.checkpoint.get("night") or 0).first()
    if known is not None:
        return known
    for left in Night.objects.filter(published_at__isnull=True):
        with claim.slice():
            for step in steps:
                step.take_back(left.pk)
            left.delete()
    with claim.slice({}) as draft:
        last = nights.published()
        night = Night.objects.create(
            on=on,
            rules=LifecycleRules.current(),
            window_days=nights.window_days(),
            computed_at=last.computed_at if last else None,  # until this run computes states itself
        )
        draft["night"] = night.pk
    return night


def _run_earlier(on: date) -> None:
    """Nights go in order of their dates, whichever worker was rung for which first."""
    waiting = Job.objects.filter(kind=nights.KIND, key__lt=on.isoformat()).exclude(state__in=ENDED)
    for job in waiting.order_by("key"):
        runner.run_until_ended(job)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Waits until no other night runs. The lock goes with the connection, so a killed worker leaves none behind."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        with contextlib.suppress(Exception), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _workshop() -> Any:
    """One a database, as the lock is: what lies there is of nobody else who is at work."""
    return settings.HOME.path / "tmp" / str(connection.settings_dict["NAME"])
