"""`manage.py find_duplicates` beside a worker that was quicker."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from crm.jobs import queue, runner
from crm.jobs.models import Job, State
from customers.matching import jobs

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job is taken by another process as soon as it is asked for."""
    asked = jobs.ask

    def ask_and_lose(**how: object) -> Job:
        job = asked(**how)  # type: ignore[arg-type]
        assert queue.claim(job.pk) is not None
        job.refresh_from_db()
        return job

    monkeypatch.setattr(jobs, "ask", ask_and_lose)
    monkeypatch.setattr(runner, "LOOK_SECONDS", 0.01)


def ends(monkeypatch: pytest.MonkeyPatch, **how: object) -> None:
    """The other process ends its work while we look for the second time."""
    looks = iter((False, True))
    look = runner.run

    def run(job_id: int) -> bool:
        if next(looks, False):
            Job.objects.filter(pk=job_id).update(lease_token=None, lease_until=None, finished_at=Now(), **how)
        return look(job_id)

    monkeypatch.setattr(runner, "run", run)


def test_it_waits_for_the_end_and_tells_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    ends(monkeypatch, state=State.DONE, counts={"pairs": 1234})
    said = io.StringIO()
    call_command("find_duplicates", stdout=said)
    assert said.getvalue() == "0 pairs wait for a look (pairs 1,234)\n"


def test_the_failure_of_the_other_is_the_failure_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    ends(monkeypatch, state=State.QUARANTINED, error="ValueError: no")
    with pytest.raises(CommandError, match="The sweep stopped: ValueError: no"):
        call_command("find_duplicates")


def test_when_the_other_dies_the_command_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter((False, True))
    look = runner.run

    def run(job_id: int) -> bool:
        if next(looks, False):
            Job.objects.filter(pk=job_id).update(lease_until="2026-01-01T00:00:00Z")
        return look(job_id)

    monkeypatch.setattr(runner, "run", run)
    call_command("find_duplicates", stdout=io.StringIO())
    assert jobs.last().state == State.DONE  # type: ignore[union-attr]
