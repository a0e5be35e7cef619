"""Segments against plain Python, many times as often as in the tests: random trees over random people.

In rounds, each a process of its own with a world of its own. It fails at the first tree that holds for others.
"""

import os
import subprocess
import sys
from collections.abc import Iterable

from benchmarks.figure import Figure, at_most
from benchmarks.lab import ROOT, Lab, timed

TITLE = "random segments, compiled and in plain Python"
TREES, A_ROUND = 10_000, 2_500


def run(lab: Lab) -> Iterable[Figure]:
    trees, differ = lab.scaled(TREES), 0
    seeds = range(101, 101 + -(-trees // A_ROUND))
    with timed() as clock:
        for seed in seeds:
            differ += _round(seed, min(trees, A_ROUND))
    trees = min(trees, A_ROUND) * len(seeds)
    yield Figure("trees", trees / clock.seconds, "/s", note=f"{trees:,} trees")
    yield Figure("worlds in which they differ", differ, "", bar=at_most(0))


def _round(seed: int, trees: int) -> int:
    """1 where the database and plain Python differ."""
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
        "tests/segmentation/test_compiling.py",
        "-k",
        "random_trees",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *asked], cwd=ROOT, capture_output=True, text=True, check=False,
        env=own | {"SEGMENT_TREES": str(trees), "SEGMENT_SEED": str(seed)},
    )  # fmt: skip
    if done.returncode not in {0, 1}:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    return done.returncode
