"""Jobs lose nothing and do nothing twice: claims, leases, slices, quarantine, the relay, kills."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now
from kombu.exceptions import OperationalError as BrokerGone

from crm.audit.models import Entry
from crm.jobs import claim as claim_module
from crm.jobs import queue, registry, runner, tasks
from crm.jobs.claim import Claim, LeaseLost
from crm.jobs.models import Job, State, Step
from tests.kernel import sliced

pytestmark = pytest.mark.django_db
GONE = timedelta(seconds=-1)


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids for which the doorbell was rung."""
    heard: list[int] = []
    monkeypatch.setattr(tasks.run_job, "apply_async", lambda args, **_: heard.extend(args))
    return heard


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[Claim], None]], str]]:
    """`kind(function)` registers a function as a kind of job, for one test."""
    kinds = dict(registry._kinds)
    monkeypatch.setattr(registry, "_kinds", kinds)

    def register(function: Callable[[Claim], None]) -> str:
        kinds["test.one"] = function
        return "test.one"

    yield register


def a_job(kind: str = "test.sliced", **more: Any) -> Job:
    return Job.objects.create(kind=kind, key=f"k{Job.objects.count()}", **more)


def let_lease_run_out(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_until=Now() + GONE, available_at=Now())


def claimed(job: Job) -> Claim:
    found = queue.claim(job.pk)
    assert found is not None
    return Claim(*found)


def slices() -> list[str]:
    return list(Entry.objects.filter(action="test.slice").order_by("pk").values_list("subject", flat=True))


# --- Asking ----------------------------------------------------------------------------------------------------------


def test_asking_twice_is_one_job(rings: list[int], django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        first = queue.enqueue("test.sliced", key="2026-03-10", by="system:test")
        second = queue.enqueue("test.sliced", key="2026-03-10", by="system:test")
    assert first == second
    assert rings == [first.pk]
    assert Entry.objects.filter(action="job.enqueue").count() == 1


def test_a_dead_broker_is_no_fault(monkeypatch: pytest.MonkeyPatch, rings: list[int]) -> None:
    job = a_job()
    heard = tasks.run_job.apply_async

    def dead(args: Any, **_: Any) -> None:
        raise BrokerGone

    monkeypatch.setattr(tasks.run_job, "apply_async", dead)
    queue.ring(job.pk)
    monkeypatch.setattr(tasks.run_job, "apply_async", heard)
    assert queue.ring_due() == 1
    assert rings == [job.pk]


def test_the_relay_rings_for_what_is_due_and_not_at_once_again(rings: list[int]) -> None:
    waiting, silent, working, later = a_job(), a_job(), a_job(), a_job()
    claimed(silent), claimed(working)
    let_lease_run_out(silent)
    Job.objects.filter(pk=later.pk).update(available_at=Now() + timedelta(minutes=5))
    a_job(state=State.DONE)
    assert queue.ring_due() == 2
    assert rings == [waiting.pk, silent.pk]
    assert queue.ring_due() == 0
    Job.objects.update(rung_at=Now() - timedelta(minutes=1))
    assert queue.ring_due() == 2


def test_a_wiped_broker_is_rung_again(rings: list[int]) -> None:
    job = a_job()
    queue.ring_due()
    rings.clear()  # the broker forgot everything
    Job.objects.update(rung_at=Now() - queue.RING_AGAIN - timedelta(seconds=1))
    queue.ring_due()
    assert rings == [job.pk]
    assert runner.run(job.pk)


# --- Claims, leases, slices ------------------------------------------------------------------------------------------


def test_a_job_runs_to_its_end() -> None:
    job = a_job()
    assert runner.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.checkpoint, job.lease_token) == (State.DONE, 10, {"done": 10}, None)
    assert slices() == [f"slice:{n}" for n in range(1, 11)]
    assert not runner.run(job.pk), "a job that is done is not due"


def test_whoever_lost_the_lease_commits_nothing() -> None:
    job = a_job()
    old = claimed(job)
    let_lease_run_out(job)
    new = claimed(job)
    with pytest.raises(LeaseLost), old.slice() as checkpoint:
        Entry.objects.create(actor="system:test", action="test.slice", subject="by the old")
        checkpoint["done"] = 1
    assert slices() == []
    with new.slice() as checkpoint:
        checkpoint["done"] = 1
    job.refresh_from_db()
    assert job.checkpoint == {"done": 1}


def test_whoever_lost_the_lease_says_nothing_of_steps() -> None:
    job = a_job()
    old = claimed(job)
    with pytest.raises(LeaseLost), old.step("scores"):
        let_lease_run_out(job)
        new = claimed(job)
        with new.step("scores") as step:
            step.advance(7)
        old.renew()
    assert Step.objects.get(job=job).state == State.DONE
    assert Step.objects.get(job=job).done == 7


def test_a_cancelled_job_stops_at_its_next_slice() -> None:
    job = a_job()
    held = claimed(job)
    queue.cancel(job, by="system:test")
    with pytest.raises(LeaseLost), held.slice():
        pass
    job.refresh_from_db()
    assert job.state == State.CANCELLED
    queue.resume(job, by="system:test")
    assert runner.run(job.pk)


def test_a_failed_slice_leaves_the_last_checkpoint(kind: Any) -> None:
    def fail_at_three(claim: Claim) -> None:
        for number in range(claim.checkpoint.get("done", 0) + 1, 6):
            with claim.slice() as checkpoint:
                claim.counts["rows"] = claim.counts.get("rows", 0) + 10
                checkpoint["done"] = number
                if number == 3:
                    raise ValueError("broken\nDETAIL: Failing row contains (Irina)")

    job = a_job(kind(fail_at_three))
    assert not runner.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.checkpoint, job.counts) == (State.QUEUED, {"done": 2}, {"rows": 20})
    assert job.error == "ValueError: broken", "no personal values in the error"
    assert job.available_at > job.created_at, "it waits a little"


def test_three_failures_at_the_same_place_set_it_aside(kind: Any) -> None:
    def fail(claim: Claim) -> None:
        raise RuntimeError("always")

    job = a_job(kind(fail))
    for _ in range(3):
        assert not runner.run(job.pk)
        Job.objects.filter(state=State.QUEUED).update(available_at=Now())
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.QUARANTINED, 3)
    assert not runner.run(job.pk)


def test_a_new_checkpoint_begins_the_count_anew(kind: Any) -> None:
    def crawl(claim: Claim) -> None:
        done = claim.checkpoint.get("done", 0)
        with claim.slice() as checkpoint:
            checkpoint["done"] = done + 1
        if done + 1 < 7:
            raise RuntimeError("one slice a time")

    job = a_job(kind(crawl))
    runner.run_until_ended(job)
    assert (job.state, job.checkpoint) == (State.DONE, {"done": 7})


def test_a_database_that_goes_away_is_no_failure_of_the_job(kind: Any) -> None:
    def cut_off(claim: Claim) -> None:
        raise OperationalError("gone") from psycopg.errors.AdminShutdown("terminating connection")

    job = a_job(kind(cut_off))
    for _ in range(10):
        assert not runner.run(job.pk)
        Job.objects.filter(state=State.QUEUED).update(available_at=Now())
    job.refresh_from_db()
    assert (job.state, job.attempts, job.failures) == (State.QUEUED, 0, 0)


def test_eight_silent_deaths_set_it_aside() -> None:
    job = a_job()
    for _ in range(8):
        claimed(job)
        let_lease_run_out(job)
    assert queue.claim(job.pk) is None
    job.refresh_from_db()
    assert job.state == State.QUARANTINED
    assert "without a word" in job.error


def test_an_unknown_kind_is_set_aside_and_harms_nobody() -> None:
    job = runner.run_until_ended(a_job("test.nobody-knows"))
    assert job.state == State.QUARANTINED


# --- Real threads, real processes ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_gets_the_job() -> None:
    jobs = [a_job() for _ in range(5)]
    won: list[int] = []
    gate = threading.Barrier(8)

    def worker() -> None:
        gate.wait()
        won.extend(job.pk for job in jobs if queue.claim(job.pk) is not None)
        connection.close()

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [job.pk for job in jobs]


@pytest.mark.django_db(transaction=True)
def test_a_long_statement_does_not_look_like_a_dead_worker(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (queue, claim_module):
        monkeypatch.setattr(module, "LEASE", timedelta(seconds=0.6))
    seen: list[object] = []

    def long(claim: Claim) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(1.5)")
        seen.append(queue.claim(claim.job.pk))

    job = a_job(kind(long))
    assert runner.run(job.pk)
    assert seen == [None]


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_loses_nothing_and_repeats_nothing() -> None:
    job = a_job(params={"pause": 0.05})
    for _ in range(3):
        _kill_half_way(job)
        let_lease_run_out(job)
    runner.run_until_ended(job)
    assert job.state == State.DONE
    assert slices() == [f"slice:{n}" for n in range(1, sliced.SLICES + 1)]


_WORKER = """
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = {name!r}
django.setup()
from tests.kernel import sliced
from crm.jobs import runner
runner.run({job})
"""


def _kill_half_way(job: Job) -> None:
    """A worker of its own, killed without warning once it has done a slice more."""
    before = len(slices())
    script = _WORKER.format(name=connection.settings_dict["NAME"], job=job.pk)
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "crm.settings.test"}
    worker = subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.DEVNULL)
    try:
        limit = time.monotonic() + 120
        while len(slices()) <= before and worker.poll() is None and time.monotonic() < limit:
            time.sleep(0.01)
    finally:
        worker.kill()
        worker.wait()
    assert len(slices()) > before
