"""The supervisor's children: started, watched, started again, ended."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crm.embedded import processes
from crm.embedded.home import CHECKOUT, Home
from crm.embedded.output import repeat, say

# Seconds between attempts to start a child that keeps dying.
LONGEST_PAUSE = float(os.environ.get("RESTART_PAUSE_SECONDS") or 30)
STEADY_AFTER = 60.0  # seconds after which a child counts as healthy again


@dataclass
class Child:
    """One process of the system, and how to stop it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float = 20.0  # seconds it gets to end by itself
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    restart_at: float | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [*processes.parent_death_prefix(signal.SIGTERM), *self.command],
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C in the terminal reaches us alone; we end the children in order
        )
        self.started_at = time.monotonic()
        self.restart_at = None
        assert self.process.stdout
        repeat(self.name, self.process.stdout)

    def watch(self) -> None:
        """Start it again if it has died: at once the first time, then after growing pauses."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None and self.restart_at is None:
            if now - self.started_at > STEADY_AFTER:
                self.failures = 0
            pause = min(LONGEST_PAUSE, 2.0**self.failures - 1)
            self.failures += 1
            self.restart_at = now + pause
            say(self.name, f"ended ({_reason(self.process.returncode)}); starting again in {pause:.0f} s")
        if self.restart_at is not None and now >= self.restart_at:
            self.start()

    def stop(self, *, at_once: bool = False) -> None:
        """End it politely, then not."""
        if self.process is None:
            return
        if self.process.poll() is None and not at_once:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(self.patience)
        _end_group(self.process.pid)
        self.process.wait()


def remember(home: Home, children: Sequence[Child]) -> None:
    """Write down who is running, for a successor that has to clean up after a kill -9."""
    pids = {child.name: child.process.pid for child in children if child.process}
    _register(home).write_text(json.dumps(pids))


def _register(home: Home) -> Path:
    return home.path / "run" / "children.json"


def end_orphans(home: Home) -> None:
    """End what a killed supervisor left behind (where the kernel could not do it for us)."""
    try:
        pids: dict[str, int] = json.loads(_register(home).read_text())
    except (FileNotFoundError, ValueError):
        return
    for name, pid in pids.items():
        if processes.is_running(pid, sys.executable):
            say(name, f"left over from before: ending process {pid}")
            os.kill(pid, signal.SIGTERM)
            processes.wait_for_end(pid, sys.executable, seconds=10)
        if processes.is_running(pid, sys.executable):
            _end_group(pid)
    _register(home).unlink(missing_ok=True)


def _end_group(leader: int) -> None:
    """Kill what is left of a child's session: its own children."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _reason(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"
