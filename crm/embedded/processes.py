"""Processes: launch, recognise, wait, end."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

# Servers may outlive us, so nobody waits for them; kept here to ask after them.
_launched: list[subprocess.Popen[bytes]] = []


class ServerFailed(Exception):
    """A server did not start. Carries the end of its log."""

    def __init__(self, name: str, log: Path) -> None:
        super().__init__(f"{name} did not start. The end of {log}:\n{last_lines(log)}")


def last_lines(log: Path, count: int = 12) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return "(empty)"


def launch(command: Sequence[str], *, log: Path, **popen: Any) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own (a Ctrl-C in our terminal must not reach it)."""
    with open(log, "ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            **popen,
        )
    _launched.append(process)
    return process


@cache
def parent_death_prefix(number: signal.Signals) -> tuple[str, ...]:
    """What makes the kernel signal a child when we die, however we die. Linux only; elsewhere orphans are adopted."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return ()
    prefix = (setpriv, "--pdeathsig", number.name.removeprefix("SIG"))
    works = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    return prefix if works else ()


def is_running(pid: int, name: str) -> bool:
    """Whether this process lives and is the program we think it is (numbers are used again)."""
    for process in _launched:
        process.poll()  # a dead child that nobody has asked after still looks alive to others
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    stat = Path(f"/proc/{pid}/stat")
    try:
        state = stat.read_text().rpartition(")")[2].split()[0]
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return not Path("/proc/self/stat").exists()  # no /proc on this system: believe the number
    return state != "Z" and name in command


def wait_for_end(pid: int, name: str, *, seconds: float) -> bool:
    """Wait for a process that may not be our child. False if it still runs."""
    deadline = time.monotonic() + seconds
    while is_running(pid, name):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def run(command: Sequence[str], **popen: Any) -> str:
    """Run to the end; what it printed, or an error that repeats it."""
    done = subprocess.run(command, capture_output=True, check=False, text=True, cwd="/", **popen)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def remove_folder(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
