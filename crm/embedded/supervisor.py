"""Everything in one foreground process: services → migrations → demo and its night (once) → web, worker, beat.

Guarantees: one supervisor per home; a child that dies is started again; Ctrl-C (or SIGTERM) ends all in the reverse
order; after a kill -9 the kernel ends the children, the servers live on, and the next start adopts them.
"""

import contextlib
import fcntl
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import IO

from crm.embedded import postgres, processes, servers, valkey
from crm.embedded.children import Child, end_orphans, remember
from crm.embedded.first_start import FirstStart
from crm.embedded.home import CHECKOUT, Home
from crm.embedded.output import announce, say

SIGN_INS = ("clerk", "agent", "manager", "regional", "marketer", "analyst", "admin")
WEB_START_SECONDS = 60
HIGHEST_PORT = 65535


class Refused(Exception):
    """The system cannot start; the message says why and what to do."""


class Stopped(Exception):
    """Somebody asked us to end."""


def run(home: Home) -> int:
    """Run until asked to stop. Returns the exit code."""
    began = time.monotonic()
    try:
        port = _port()
        home.create()
        with _alone(home), _stoppable():
            end_orphans(home)
            _check_free(port)
            servers.ensure(home)
            say("services", f"PostgreSQL and Valkey run; state is in {home.path}")
            children = _children(home, port)
            try:
                _start(home, children, port)
                _announce(home, port, seconds=time.monotonic() - began)
                _watch(home, children)
            finally:
                _stop(home, children)
    except Stopped:
        say("services", "stopped")
        return 0
    except (Refused, servers.EmbeddedError) as refusal:
        print(f"Regulars did not start: {refusal}", file=sys.stderr)
        return 1
    return 0


# A worker for what the clock asks alone (crm/settings): it is free for them however long the jobs of the other one are.
_TICKS = ("--queues", "celery", "--concurrency", "1", "--hostname", "ticks@%h")


def _children(home: Home, port: int) -> list[Child]:
    """In the order of their start."""
    serves = {"EMBEDDED_ROLE": postgres.APPLICATION}  # set-up alone speaks as the owner of the tables
    gate = {"PORT": str(port), "WAIT_FOR": str(_gate(home)), **serves}
    celery = [sys.executable, "-m", "celery", "--app", "crm.celery", "--quiet"]
    quiet = ["--loglevel", "INFO"]
    return [
        Child("web", [sys.executable, "-m", "gunicorn"], gate),
        Child("worker", [*celery, "worker", *quiet, "--without-gossip", "--without-mingle"], serves),
        Child("ticks", [*celery, "worker", *quiet, "--without-gossip", "--without-mingle", *_TICKS], serves),
        Child("beat", [*celery, "beat", "--pidfile", "", *quiet], serves, patience=5),
    ]


def _start(home: Home, children: list[Child], port: int) -> None:
    """The web loads its code while the database is set up, and waits at the gate until that is done."""
    _gate(home).unlink(missing_ok=True)
    web, *others = children
    web.start()
    remember(home, children)
    _manage("set_up", *(["--empty"] if os.environ.get("DEMO") == "0" else []))
    _gate(home).touch()
    _wait_for_web(web, port)
    for child in others:
        child.start()
    remember(home, children)


def _gate(home: Home) -> Path:
    return home.path / "run" / "is-set-up"


def _announce(home: Home, port: int, *, seconds: float) -> None:
    who = "It holds no demo data. First sign-in: .venv/bin/python manage.py create_administrator NAME."
    if FirstStart.of(home).has_demo:
        who = f"Sign in as {', '.join(SIGN_INS)} (password: regulars)."
    announce(f"Regulars is ready at http://127.0.0.1:{port}/ after {seconds:.0f} s. {who} Ctrl-C ends it.")


def _watch(home: Home, children: list[Child]) -> None:
    """Until we are asked to end."""
    while True:
        time.sleep(0.5)
        before = [child.process for child in children]
        for child in children:
            child.watch()
        if before != [child.process for child in children]:
            remember(home, children)
        _revive_servers(home)


def _revive_servers(home: Home) -> None:
    """Start a server again that somebody ended or killed."""
    lost = []
    if not os.environ.get("DATABASE_URL") and postgres.running_pid(home) is None:
        lost.append("PostgreSQL")
    if not os.environ.get("REDIS_URL") and valkey.running_pid(home) is None:
        lost.append("Valkey")
    if lost:
        say("services", f"{' and '.join(lost)} ended; starting again")
        try:
            servers.restart(home)
        except (processes.ServerFailed, RuntimeError, OSError) as error:
            say("services", f"not yet: {error}")
            time.sleep(2)


def _stop(home: Home, children: list[Child]) -> None:
    """In the reverse order. Asked a second time, at once."""
    at_once = False
    for child in reversed(children):
        if child.process is not None:
            say(child.name, "stopping")
        try:
            child.stop(at_once=at_once)
        except Stopped:
            at_once = True
            child.stop(at_once=True)
    remember(home, [])


def _manage(*arguments: str) -> None:
    """Run a command of manage.py to its end."""
    step = Child("set-up", [sys.executable, str(CHECKOUT / "manage.py"), *arguments], {"COLUMNS": "100"})
    step.start()
    assert step.process
    try:
        code = step.process.wait()
    except Stopped:
        step.stop()
        raise
    if code != 0:
        raise Refused(f"`manage.py {' '.join(arguments)}` failed; its reason stands above.")


def _wait_for_web(web: Child, port: int) -> None:
    deadline = time.monotonic() + WEB_START_SECONDS
    while time.monotonic() < deadline:
        assert web.process
        if web.process.poll() is not None:
            raise Refused("the web server ended; its reason stands above.")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=2):
                return
        except urllib.error.HTTPError as error:
            raise Refused(f"the web server answers {error.code}.") from error
        except OSError:
            time.sleep(0.05)
    raise Refused(f"the web server did not answer within {WEB_START_SECONDS} s.")


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) <= HIGHEST_PORT:
        raise Refused(f"PORT={text!r} must be a number between 1 and {HIGHEST_PORT}.")
    return int(text)


def _check_free(port: int) -> None:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError as error:
            raise Refused(
                f"port {port} is not free ({error.strerror}). Take another: make run PORT=8001"
            ) from error


@contextlib.contextmanager
def _alone(home: Home) -> Iterator[IO[str]]:
    with open(home.path / "run" / "supervisor.lock", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"it runs already with the state in {home.path}.") from None
        yield lock


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Turn the signals that ask us to end into an exception of the main thread."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the servers are being stopped; nothing is left to hurry
