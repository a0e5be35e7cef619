"""Real servers and processes in folders of their own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


class System:
    """`python -m crm.embedded run` in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = _free_port()
        self.process: subprocess.Popen[str] | None = None
        self.output = home.parent / f"{home.name}.out"

    @property
    def environment(self) -> dict[str, str]:
        inherited = {
            k: v
            for k, v in os.environ.items()
            if k not in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
        }
        return inherited | {
            "REGULARS_HOME": str(self.home),
            "PORT": str(self.port),
            "DEMO": "0",
            "WORKER_PROCESSES": "1",
        }

    def start(self) -> "System":
        with open(self.output, "a") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "crm.embedded", "run"],
                cwd=CHECKOUT, env=self.environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        wait_until(lambda: "Regulars is ready" in self.said() or self.process.poll() is not None, seconds=120)
        assert self.process.poll() is None, self.said()
        return self

    def said(self) -> str:
        return self.output.read_text()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=CHECKOUT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def processes(self, name: str) -> list[int]:
        """Ids of our own processes of this kind, found by their environment or command line."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                ours = f"REGULARS_HOME={self.home}\0".encode() in (folder / "environ").read_bytes() + b"\0"
                ours = ours or str(self.home) in command  # some servers write over their environment
                if ours and name in command and state != "Z":
                    found.append(int(folder.name))
        return sorted(found)

    def answers(self, path: str = "/health/live") -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def end(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
        self.command("-m", "crm.embedded", "stop")
        for pid in self.processes("crm"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    made = System(tmp_path / "home")
    yield made
    made.end()


def wait_until(is_so: Callable[[], bool], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
