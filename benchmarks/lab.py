"""Where benchmarks run: databases of their own on an embedded server of their own, clocks, child processes."""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "regulars"  # the migrated, empty database that others are copied from


@dataclass
class Clock:
    seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Clock]:
    """`with timed() as clock: …` then `clock.seconds`."""
    clock, start = Clock(), time.perf_counter()
    try:
        yield clock
    finally:
        clock.seconds = time.perf_counter() - start


def best_of(times: int, call: Callable[[], Any]) -> float:
    """Seconds of the fastest of several calls: the one that was disturbed least."""
    results = []
    for _ in range(times):
        with timed() as clock:
            call()
        results.append(clock.seconds)
    return min(results)


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: list[float]) -> float:
    return statistics.median(values)


class Lab:
    """`scale` 1 is the size that the bars are meant for."""

    def __init__(self, home: Path, scale: float) -> None:
        self.home, self.scale = home, scale

    def scaled(self, rows: int) -> int:
        return max(1, round(rows * self.scale))

    # --- databases

    def database(self, name: str) -> str:
        """Connect to a fresh database `bench_<name>`: migrated, empty. Returns its full name."""
        full = f"bench_{name}"
        self._drop(full)
        self._copy(TEMPLATE, full)
        self._connect(full)
        return full

    def filled(self, name: str, fill: Callable[[], None]) -> str:
        """Connect to a database that `fill` filled, now or in an earlier run with the same scale."""
        full = f"kept_{name}_{self.scale:g}".replace(".", "_")
        if full not in self._databases():
            making = f"{full}_making"
            self._drop(making)
            self._copy(TEMPLATE, making)
            self._connect(making)
            fill()
            connection.close()
            self._admin(f'ALTER DATABASE "{making}" RENAME TO "{full}"')
        self._connect(full)
        call_command("migrate", verbosity=0)  # it may have been filled before the newest
        return full

    def forget(self, full: str) -> None:
        """Drop a database that `database` or `filled` gave."""
        self._drop(full)

    def _connect(self, name: str) -> None:
        from crm.org import models as org

        connection.close()
        connection.settings_dict["NAME"] = name
        org._key_cache.clear()  # the chain's key of another database

    def _copy(self, source: str, target: str) -> None:
        connection.close()
        self._admin(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')

    def _drop(self, name: str) -> None:
        connection.close()
        self._admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _databases(self) -> set[str]:
        return {row[0] for row in self._admin("SELECT datname FROM pg_database")}

    def _admin(self, statement: str) -> list[tuple[Any, ...]]:
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as admin:
            cursor = admin.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def url(self, database: str | None = None) -> str:
        """Address of a database, by default the one we are connected to."""
        from crm import embedded

        name = database or connection.settings_dict["NAME"]
        return embedded.database_url(embedded.Home(self.home)).replace("/regulars?", f"/{name}?")

    # --- processes

    def environment(self) -> dict[str, str]:
        """For child processes: they work on the database that we are connected to."""
        return os.environ | {"DATABASE_URL": self.url(), "REGULARS_HOME": str(self.home)}

    def manage(self, *arguments: str) -> "Child":
        """Run a management command in a process of its own; how long it took and its largest resident memory."""
        return run_child([sys.executable, str(ROOT / "manage.py"), *arguments], self.environment())

    def peer(self, script: Path, *arguments: str) -> Any:
        """Run a script in the peers' environment (`.venv-bench`); the JSON that it prints. None without it."""
        python = ROOT / ".venv-bench" / "bin" / "python"
        if not python.exists():
            return None
        child = run_child([str(python), str(script), *arguments], self.environment())
        return json.loads(child.output.strip().splitlines()[-1])


@dataclass(frozen=True)
class Child:
    seconds: float
    peak_mb: float
    output: str


def run_child(command: list[str], environment: dict[str, str]) -> Child:
    """Run to the end. Memory: VmHWM of the process, read from /proc every 20 ms (the kernel keeps the maximum)."""
    with timed() as clock:
        process = subprocess.Popen(
            command, env=environment, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        peak, stop = [0.0], threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, peak, stop), daemon=True)
        watcher.start()
        output, errors = process.communicate()
        stop.set()
        watcher.join()
    if process.returncode:
        raise RuntimeError(
            f"{' '.join(command)} ended with {process.returncode}:\n{errors[-2000:]}{output[-2000:]}"
        )
    return Child(clock.seconds, peak[0], output)


def _watch(pid: int, peak: list[float], stop: threading.Event) -> None:
    status = Path(f"/proc/{pid}/status")
    while not stop.wait(0.02):
        try:
            text = status.read_text()
        except OSError:
            return
        for line in text.splitlines():
            if line.startswith("VmHWM:"):
                peak[0] = max(peak[0], int(line.split()[1]) / 1024)
