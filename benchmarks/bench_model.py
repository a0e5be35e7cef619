"""The ledger against its pure model, many times as often as in the tests: random operations, the clock jumping ahead.

In rounds, each a process of its own with a seed of its own: one transaction of all of them would leave millions of dead
rows behind it. It fails at the first step at which the two differ, with the shortest story that shows it.
"""

import os
import subprocess
import sys
from collections.abc import Iterable

from benchmarks.figure import Figure, at_most
from benchmarks.lab import ROOT, Lab, timed

TITLE = "the ledger and its model, 50 operations a run"
RUNS, A_ROUND = 10_000, 250


def run(lab: Lab) -> Iterable[Figure]:
    runs, differ = lab.scaled(RUNS), 0
    seeds = range(1, -(-runs // A_ROUND) + 1)
    with timed() as clock:
        for seed in seeds:
            differ += _round(seed, min(runs, A_ROUND))
    runs = min(runs, A_ROUND) * len(seeds)
    yield Figure("runs", runs / clock.seconds, "/s", note=f"{runs:,} runs")
    yield Figure("divergences", differ, "", bar=at_most(0))


def _round(seed: int, runs: int) -> int:
    """1 where ledger and model differ."""
    own = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DJANGO_SETTINGS_MODULE", "REGULARS_HOME"}
    }
    asked = [
        "-q",
        "-p",
        "no:cacheprovider",
        "--reuse-db",
        f"--hypothesis-seed={seed}",
        "tests/loyalty/test_model.py",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *asked], cwd=ROOT, env=own | {"LEDGER_MODEL_RUNS": str(runs)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode not in {0, 1}:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    if done.returncode:
        print(done.stdout[-4000:])
    return done.returncode
