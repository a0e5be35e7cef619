"""An import of 1 M customers with 3 % bad rows, killed ten times, and its undoing, killed too."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks.figure import Figure, at_most
from benchmarks.lab import ROOT, Lab, timed

TITLE = "an import of 1 M customers, 3 % bad rows, 10 kills; undone"
KNOWN, BAD, KILLS = 0.2, 0.03, 10
UNDO = """
from django.utils.timezone import now
from crm.jobs import runner
from customers.imports import undoing
from customers.models import ImportFile
file = undoing.undo(ImportFile.objects.filter(is_dry_run=False).latest("pk"), by="system:bench", at=now())
while not file.undo_job.is_ended:
    runner.run_until_ended(file.undo_job)
    file.undo_job.refresh_from_db()
"""


def run(lab: Lab) -> Iterable[Figure]:
    from customers.merging import contenthash
    from customers.models import ImportFile

    rows = lab.scaled(1_000_000)
    with tempfile.TemporaryDirectory() as scratch:
        first, second = Path(scratch) / "known.csv", Path(scratch) / "people.csv"
        write(first, range(int(rows * KNOWN)), bad=0.0, word="baker")
        bad = write(second, range(rows), bad=BAD, word="poet")
        name = lab.database("import_customers")
        lab.manage("import_customers", str(first))
        before = contenthash.whole()
        with timed() as alone:
            kills = killed_again_and_again(lab, ["manage.py", "import_customers", str(second)], rows)
        done = ImportFile.objects.latest("pk")
        assert done.job is not None
        counts = done.job.counts
        parts = sum(counts[part] for part in ("new", "changed", "unchanged", "rejected"))
        yield Figure("kills survived", kills, "kills")
        yield Figure(
            "rows − (created + updated + unchanged + rejected)",
            abs(counts["rows"] - parts) + abs(rows - counts["rows"]), "rows", bar=at_most(0),
            note=", ".join(f"{counts[part]:,} {part}" for part in ("new", "changed", "unchanged", "rejected")),
        )  # fmt: skip
        yield Figure("bad rows not rejected", abs(counts["rejected"] - bad), "rows", bar=at_most(0))
        yield Figure("import with its kills", alone.seconds, "s", note=f"{rows / alone.seconds:,.0f} rows/s")
        with timed() as undoing:
            kills = killed_again_and_again(lab, ["manage.py", "shell", "-c", UNDO], rows // 4)
        yield Figure("undoing with its kills", undoing.seconds, "s", note=f"{kills} kills")
        yield Figure(
            "hash of all customers differs after undoing",
            int(contenthash.whole() != before),
            "",
            bar=at_most(0),
        )
        lab.forget(name)


def killed_again_and_again(lab: Lab, command: list[str], rows: int) -> int:
    """Run it, kill it (-9) at random moments, run it again …, and let the last one end; how often it died."""
    chance, died = random.Random(7), 0
    environment = lab.environment() | {"JOB_LEASE_SECONDS": "2"}
    longest = max(6.0, rows / 25_000)
    while True:
        process = subprocess.Popen(
            [sys.executable, *command],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if died == KILLS:
            if process.wait() != 0:
                raise RuntimeError(f"{command[1]} ended with {process.returncode}")
            return died
        try:
            process.wait(timeout=4 + chance.uniform(0, longest))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            died += 1
            time.sleep(2.5)  # its lease runs out
        else:
            return died


def write(path: Path, numbers: range, *, bad: float, word: str) -> int:
    """One person a row; a broken birthday or phone now and then. How many rows are bad."""
    chance, broken = random.Random(11), 0
    with path.open("w", encoding="utf-8") as file:
        file.write("number,name,phone,birthday,occupation,tags\n")
        for n in numbers:
            birthday, phone = f"19{50 + n % 50}-0{1 + n % 9}-1{n % 9}", f"+8613{n:09}"
            if chance.random() < bad:
                birthday, phone = ("1990-02-31", phone) if n % 2 else (birthday, "12ab")
                broken += 1
            said = word if n % 2 else "baker"
            file.write(f"M{n:08},Person {n},{phone},{birthday},{said},{'VIP' if n % 10 == 0 else ''}\n")
    return broken
