"""The whole system of `make run` in a folder of its own, and who kills its processes."""

import os
import random
import signal
from pathlib import Path

import psycopg

from crm.embedded import postgres, servers
from crm.embedded.home import Home
from tests.platform.conftest import System

A_WHOLE_SERVER = 3  # a master and two workers: one that is still starting is no victim


class Chaos(System):
    """The system with short leases, so that a test need not wait half a minute for each dead worker."""

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {
            "JOB_LEASE_SECONDS": "3", "JOB_RELAY_SECONDS": "1", "WORKER_PROCESSES": "2",
            "RESTART_PAUSE_SECONDS": "1",
        }  # fmt: skip

    def shell(self, code: str) -> str:
        done = self.command("manage.py", "shell", "-v", "0", "-c", code)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self, query: str) -> list[tuple]:
        with psycopg.connect(servers.database_url(Home(self.home)), autocommit=True) as connection:
            return connection.execute(query).fetchall()

    def open_jobs(self) -> int:
        return self.rows("SELECT count(*) FROM jobs_job WHERE state IN ('queued', 'running')")[0][0]


class Killer:
    """Kills one process after another, of each kind in turn."""

    def __init__(self, system: Chaos) -> None:
        self.system = system
        self.random = random.Random(26)
        self.killed: list[str] = []

    def kill(self, kind: str) -> bool:
        victims = getattr(self, f"_{kind}")()
        if not victims:
            return False
        try:
            os.kill(self.random.choice(victims), signal.SIGKILL)
        except ProcessLookupError:
            return False
        self.killed.append(kind)
        return True

    def _worker(self) -> list[int]:
        found = [p for p in self.system.processes("crm.celery") if b"beat" not in _command(p)]
        return found if len(found) >= A_WHOLE_SERVER else []

    def _web(self) -> list[int]:
        found = self.system.processes("gunicorn")
        return found if len(found) >= A_WHOLE_SERVER else []

    def _database(self) -> list[int]:
        try:
            found = self.system.rows(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        except psycopg.OperationalError:
            return []
        return [pid for (pid,) in found]

    def _postmaster(self) -> list[int]:
        found = postgres.running_pid(Home(self.system.home))
        return [found] if found and self._database() else []


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
