"""An import that is killed (kill -9) again and again ends as one that was left alone: nothing lost, nothing twice."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest
from django.db import connection

from crm.jobs.models import State
from customers import statehash
from customers.models import ImportFile, StaleState
from tests.customers import histories

KILLS = int(os.environ.get("IMPORT_KILLS", "4"))
CHILD = """
import sys
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
settings.JOB_LEASE_SECONDS = 2
django.setup()
from customers import imports
from customers.imports import spill
spill.PART_ROWS = 100
print("ready", flush=True)
done = imports.run_now(sys.argv[2], "receipts", by="test")
print(done.job.state, flush=True)
"""


def _child(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(connection.settings_dict["NAME"]), str(path)],
        env=os.environ | {"JOB_LEASE_SECONDS": "2"}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _ends_within(process: subprocess.Popen[str], seconds: float) -> bool:
    try:
        return process.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        return False


@pytest.mark.slow
def test_killed_again_and_again_it_ends_as_if_left_alone(
    transactional_db, harbour, uptown, mill, tmp_path
) -> None:
    told = histories.histories(1_000, seed=11)
    chance = Random(5)
    path = tmp_path / "receipts.csv"
    rows = histories.write_csv(path, histories.shuffled(told, chance), chance)

    alone = _child(path)
    began = time.monotonic()
    assert alone.wait(300) == 0
    seconds = time.monotonic() - began
    wanted = statehash.whole(), ImportFile.objects.latest("pk").job.counts
    assert wanted[1]["rows"] == rows == sum(wanted[1][name] for name in ("applied", "duplicates", "rejected"))

    with connection.cursor() as cursor:
        from tests.customers.test_permutations import TABLES

        cursor.execute(f"TRUNCATE {TABLES} CASCADE")
    kills, victim = 0, _child(path)
    while kills < KILLS and not _ends_within(victim, chance.uniform(0, seconds)):
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        kills, victim = kills + 1, _child(path)
    assert victim.wait(300) == 0
    done = ImportFile.objects.latest("pk")
    assert ImportFile.objects.count() == 1
    assert (done.job.state, done.job.counts) == (State.DONE, wanted[1])
    assert statehash.whole() == wanted[0]
    assert StaleState.objects.exists()
