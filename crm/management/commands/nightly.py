"""`manage.py nightly`: run the night here and now, with what was missed before it."""

import argparse
import sys
import threading
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from crm.jobs import runner
from crm.jobs.models import Job, State, Step
from crm.lib.refusals import Refusal
from crm.schedule import NIGHT_TITLES
from customers import nights

LOOK_SECONDS = 0.3
BY = "system:command"


class Command(BaseCommand):
    help = (
        "The nightly run: purchase states, lifecycle, RFM, value classes, published together. Without --date: the last "
        "business date in the chain's zone, and every night missed since the published one before it."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--date", type=_date, metavar="D", help="one business date (YYYY-MM-DD), and only this one"
        )
        parser.add_argument(
            "--weeks", type=int, default=0, metavar="N",
            help="before the first night of all: also the nights of N weeks before, so that movement has a past",
        )  # fmt: skip
        parser.add_argument(
            "--segments",
            action="store_true",
            help="with --weeks: with who was in which segment then",
        )
        parser.add_argument(
            "--step", metavar="NAME", help="only this step, those that rest on it, and publish"
        )
        parser.add_argument(
            "--rebuild", action="store_true", help="recompute all purchase states from scratch"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        steps = _steps(options["step"])
        if options["segments"] and not options["weeks"]:
            raise CommandError("--segments says what the nights of --weeks hold.", returncode=2)
        try:
            on = options["date"]
            past = self._past(on or nights.last_business_date(), options["weeks"], options["segments"])
            for job in past:
                self._run(job)
            jobs = self._jobs(
                on or (nights.last_business_date() if past else None), options["rebuild"], steps
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        missed = [job.key for job in jobs[:-1]]
        if missed:
            self.stderr.write(f"Catching up on missed nights: {', '.join(missed)}")
        for job in jobs:
            self._run(job)

    def _jobs(self, on: date | None, rebuild: bool, steps: tuple[str, ...]) -> list[Job]:
        last_on = on or nights.last_business_date()
        waiting = (
            [] if on else [job for job in nights.catch_up(BY, last_on) if job.key != last_on.isoformat()]
        )
        waiting = [job for job in waiting if not job.is_ended]
        return [*waiting, nights.start(last_on, BY, rebuild=rebuild, steps=steps)]

    def _past(self, last_on: date, weeks: int, has_segments: bool) -> list[Job]:
        """Jobs of the weeks before, oldest first; none once there is a published night."""
        if nights.published() is not None:
            return []
        dates = [last_on - timedelta(weeks=i) for i in range(weeks, 0, -1)]
        return [nights.start(on, BY, is_past=True, has_segments=has_segments) for on in dates]

    def _run(self, job: Job) -> None:
        with _shown(job):
            runner.run_or_await(job)
        if job.state != State.DONE:
            raise CommandError(f"The night of {job.key} stopped: {job.error or job.get_state_display()}")
        for step in job.steps.all():
            counts = ", ".join(f"{name} {n:,}" for name, n in step.counts.items())
            self.stdout.write(
                f"{job.key}  {step.name:<15} {step.done:>12,} rows {step.seconds:8.2f} s  {counts}"
            )
        if job.counts.get("skipped"):
            self.stdout.write(f"{job.key}  a later night is published already; nothing was done")


class _shown:
    """A progress bar on a terminal while a job runs in this process; nothing elsewhere."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._show, daemon=True)

    def __enter__(self) -> None:
        if sys.stderr.isatty():
            self.thread.start()

    def __exit__(self, *_: Any) -> None:
        self.is_over.set()
        if self.thread.is_alive():
            self.thread.join(timeout=5)

    def _show(self) -> None:
        from django.db import connection

        with tqdm(unit=" rows", desc=self.job.key, leave=False) as bar:
            while not self.is_over.wait(LOOK_SECONDS):
                step = Step.objects.filter(job=self.job, state=State.RUNNING).first()
                if step is not None:
                    bar.set_description(f"{self.job.key} {step.name}")
                    bar.total, bar.n = step.total, step.done
                    bar.refresh()
        connection.close()


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no date like 2026-11-21") from error


def _steps(name: str | None) -> tuple[str, ...]:
    if name is None:
        return ()
    if name not in NIGHT_TITLES:
        raise CommandError(f"There is no step {name}; there are: {', '.join(NIGHT_TITLES)}", returncode=2)
    return (name,)
