"""Start the servers that this installation needs, share them between processes, stop them after the last one.

Guarantees: at most one server of a kind per home (an exclusive lock is held while starting and stopping); a server
found running is used as it is, an orphan of a killed process too; nobody's server is stopped while a process uses it
(each user holds a shared lock, which the kernel releases even after kill -9).
"""

import atexit
import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from crm.embedded import postgres, processes, valkey
from crm.embedded.binaries import MissingProgram
from crm.embedded.home import Home

_uses: dict[Path, IO[str]] = {}


class EmbeddedError(SystemExit):
    """An embedded server cannot run; ends the command with the reason instead of a traceback."""


def database_url(home: Home | None = None) -> str:
    """DATABASE_URL, or the embedded server's address (whether it runs or not), for the role that this process has."""
    role = os.environ.get("EMBEDDED_ROLE") or postgres.OWNER
    return os.environ.get("DATABASE_URL") or postgres.url(home or Home.from_environment(), role)


def redis_url(home: Home | None = None) -> str:
    """REDIS_URL, or the embedded server's address (whether it runs or not)."""
    return os.environ.get("REDIS_URL") or valkey.url(home or Home.from_environment())


def ensure(home: Home | None = None) -> None:
    """See that the servers run for as long as this process lives. Does nothing where addresses were given."""
    home = home or Home.from_environment()
    if (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")) or home.path in _uses:
        return
    try:
        home.create()
        with _exclusively(home):
            start(home)
            _begin_use(home)
    except (MissingProgram, processes.ServerFailed, OSError, RuntimeError) as error:
        raise EmbeddedError(f"The embedded services cannot start: {error}") from error


def start(home: Home) -> None:
    """Start what is not running. The caller holds the lock."""
    if not os.environ.get("REDIS_URL"):
        valkey.start(home)
    if not os.environ.get("DATABASE_URL"):
        postgres.start(home)


def restart(home: Home) -> None:
    """Start again what ended while in use."""
    with _exclusively(home):
        start(home)


def stop(home: Home) -> None:
    """Stop both servers, whoever uses them."""
    if home.path.exists():
        with _exclusively(home):
            _stop(home)


def keep(home: Home, *, kept: bool) -> None:
    """Say whether the servers stay after the last user has left."""
    home.create()
    if kept:
        _keep_file(home).touch()
    else:
        _keep_file(home).unlink(missing_ok=True)


def _begin_use(home: Home) -> None:
    use = open(home.path / "run" / "users.lock", "a")  # noqa: SIM115  held until the process ends
    fcntl.flock(use, fcntl.LOCK_SH)
    _uses[home.path] = use
    atexit.register(_end_use, home, os.getpid())


def _end_use(home: Home, pid: int) -> None:
    """Leave, and stop the servers if nobody else is there."""
    use = _uses.pop(home.path, None)
    if use is None or pid != os.getpid():  # a fork inherits the exit handler but is not the user
        return
    use.close()
    # The home may be gone by now: tests live in temporary folders.
    with contextlib.suppress(FileNotFoundError), _exclusively(home):
        if not _keep_file(home).exists() and _is_unused(home):
            _stop(home)


def _is_unused(home: Home) -> bool:
    with open(home.path / "run" / "users.lock", "a") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _stop(home: Home) -> None:
    postgres.stop(home)
    valkey.stop(home)


def _keep_file(home: Home) -> Path:
    return home.path / "run" / "keep"


@contextlib.contextmanager
def _exclusively(home: Home) -> Iterator[None]:
    with open(home.path / "run" / "starting.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
