"""The ledger against its pure model, many times as often as in the tests: random operations, the clock jumping ahead.

In a process of its own, with a test database. It fails at the first step at which the two differ, with the shortest
story that shows it.
"""

import os
import subprocess
import sys
from collections.abc import Iterable

from benchmarks.figure import Figure, at_most
from benchmarks.lab import ROOT, Lab, timed

TITLE = "the ledger and its model, 50 operations a run"
RUNS = 10_000


def run(lab: Lab) -> Iterable[Figure]:
    runs = lab.scaled(RUNS)
    own = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DJANGO_SETTINGS_MODULE", "REGULARS_HOME"}
    }
    with timed() as clock:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/loyalty/test_model.py"],
            cwd=ROOT, env=own | {"LEDGER_MODEL_RUNS": str(runs)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode not in {0, 1}:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    if done.returncode:
        print(done.stdout[-4000:])
    yield Figure("runs", runs / clock.seconds, "/s", note=f"{runs:,} runs")
    yield Figure("divergences", done.returncode, "", bar=at_most(0))
