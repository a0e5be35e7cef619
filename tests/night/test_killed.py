"""A night that is killed anywhere goes on by itself and ends in the same rows; readers never see half of it."""

import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from crm.jobs import runner
from crm.jobs.claim import Claim
from crm.jobs.models import Job, State
from crm.org.models import Store
from customers import nights, stages, states
from customers.models import Customer, Night, Purchase, StaleState
from segmentation import schemes
from segmentation.models import CellCount, Standing
from tests.night.helpers import buy, fingerprint, forget_nights, people, run_night

FIRST, SECOND = date(2026, 3, 8), date(2026, 3, 10)
ROOT = Path(__file__).resolve().parents[2]

# A process that runs the night and kills itself the hard way before its n-th transaction commits.
KILLED = """
import os, signal, sys
import django
django.setup()
from crm.jobs import claim, runner
from customers import states
states.SLICE = 10
left, update = int(sys.argv[2]), claim.Claim._update
def count(self, **values):
    global left
    update(self, **values)
    left -= "checkpoint" in values
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
claim.Claim._update = count
runner.run(int(sys.argv[1]))
"""


@pytest.fixture
def history(harbour: Store, uptown: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Thirty customers, some in each slice, with purchases before and between the two nights."""
    monkeypatch.setattr(states, "SLICE", 10)
    schemes.groups()
    who = people(20, harbour) + people(10, uptown)
    buy(
        [(c.pk, FIRST - timedelta(days=7 * i % 300), 500 + 37 * i, 0) for i, c in enumerate(who * 4)], harbour
    )
    return harbour


def second_day(store: Store) -> None:
    who = list(Customer.objects.order_by("pk")[:12])
    buy([(c.pk, SECOND, 1000 * i, 0) for i, c in enumerate(who)], store)


def undisturbed(store: Store) -> dict[str, str]:
    run_night(FIRST)
    second_day(store)
    run_night(SECOND)
    return fingerprint()


class Killed(Exception):
    pass


def test_a_failure_before_any_commit_is_made_good(history: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = undisturbed(history)
    commits = counted_commits(monkeypatch)
    assert commits > 10
    for fatal in {*range(1, commits + 1, 2), commits}:  # each second one, and the last
        again(history)
        job = nights.start(SECOND, "system:test")
        before, view = published(), seen()
        with monkeypatch.context() as patch:
            fail_at(patch, fatal)
            assert runner.run(job.pk) is False
        assert published() in {before, SECOND}
        assert published() == SECOND or seen() == view, f"half a night is seen after commit {fatal}"
        Job.objects.filter(pk=job.pk).update(available_at=job.created_at)
        assert runner.run(job.pk) is True
        assert fingerprint() == expected, f"killed before commit {fatal}"


def again(store: Store) -> None:
    """The evening of the second day once more."""
    forget_nights()
    added = Purchase.objects.filter(business_date=SECOND)
    rows = [(p.customer_id, SECOND, int(p.amount * 100), 0) for p in added]
    added.delete()
    StaleState.objects.all().delete()
    run_night(FIRST)
    buy(rows, store)


def published() -> date | None:
    night = nights.published()
    return night.on if night else None


def seen() -> tuple[object, ...]:
    """What readers see: standings, lives, sums."""
    night = nights.published()
    assert night is not None
    standing = Standing.objects.at(night.pk).values_list(
        "customer_id", "r", "f", "m", "x", "group_id", "value_class"
    )
    lives = [
        (s.customer_id, s.stage, s.began_on, s.ended_on)
        for c in Customer.objects.all()
        for s in stages.life_of(c)
    ]
    cells = CellCount.objects.filter(night=night).values_list("store_id", "r", "x", "customers", "revenue")
    return sorted(standing), sorted(lives, key=str), sorted(cells)


def counted_commits(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many slices a night of the second day has, found by running it."""
    seen = 0
    update = Claim._update

    def count(self: Claim, **values: Any) -> None:
        nonlocal seen
        seen += "checkpoint" in values
        update(self, **values)

    with monkeypatch.context() as patch:
        patch.setattr(Claim, "_update", count)
        run_night(SECOND)
    return seen


def fail_at(patch: pytest.MonkeyPatch, number: int) -> None:
    left = number
    update = Claim._update

    def fail(self: Claim, **values: Any) -> None:
        nonlocal left
        update(self, **values)
        left -= "checkpoint" in values
        if left == 0:
            raise Killed

    patch.setattr(Claim, "_update", fail)


def test_a_run_that_starts_over_takes_back_what_was_left(
    history: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job's row was lost or restarted: nothing remembers the number of the night that was half written."""
    expected = undisturbed(history)
    for fatal in (6, 10, 13):
        again(history)
        job = nights.start(SECOND, "system:test")
        with monkeypatch.context() as patch:
            fail_at(patch, fatal)
            runner.run(job.pk)
        Job.objects.filter(pk=job.pk).update(checkpoint={}, available_at=job.created_at)
        job.steps.all().delete()
        assert runner.run(job.pk) is True
        assert fingerprint() == expected
        assert Night.objects.filter(published_at=None).count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fatal", [2, 7, 14])
def test_kill_9_loses_nothing(history: Store, fatal: int) -> None:
    expected = undisturbed(history)
    again(history)
    job = nights.start(SECOND, "system:test")
    ended = killed_run(job, fatal)
    assert ended.returncode == -9, ended.stderr.decode()[-2000:]
    job.refresh_from_db()
    assert job.state == State.RUNNING  # nobody told the database
    assert published() == FIRST
    Job.objects.filter(pk=job.pk).update(lease_until=job.started_at)
    assert runner.run(job.pk) is True
    assert fingerprint() == expected


def killed_run(job: Job, fatal: int) -> subprocess.CompletedProcess[bytes]:
    name = str(connection.settings_dict["NAME"])
    program = f"import crm.settings.test as t; t.DATABASES['default']['NAME'] = {name!r}\n" + KILLED
    return subprocess.run(
        [sys.executable, "-c", program, str(job.pk), str(fatal)],
        cwd=ROOT, capture_output=True, timeout=120, check=False,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
