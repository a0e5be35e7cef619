"""The embedded Valkey: doorbell of the tasks and cache. It keeps nothing: what matters is in PostgreSQL."""

import os
import signal
import socket
import time
from pathlib import Path
from urllib.parse import quote

from crm.embedded import processes
from crm.embedded.binaries import valkey_program
from crm.embedded.home import Home

START_SECONDS = 20


def url(home: Home) -> str:
    """The address for REDIS_URL."""
    return f"unix://{quote(str(socket_path(home)))}?db=0"


def socket_path(home: Home) -> Path:
    return home.sockets / "valkey.sock"


def start(home: Home) -> None:
    """Start the server if it does not run, and wait until it answers."""
    if running_pid(home) is not None:
        return
    socket_path(home).unlink(missing_ok=True)
    process = processes.launch(
        [str(valkey_program()), *_options(home)],
        log=home.logs / "valkey.log",
    )
    deadline = time.monotonic() + START_SECONDS
    while not _answers(home):
        if process.poll() is not None or time.monotonic() > deadline:
            raise processes.ServerFailed("Valkey", home.logs / "valkey.log")
        time.sleep(0.01)
    _pid_file(home).write_text(str(process.pid))


def running_pid(home: Home) -> int | None:
    """The server's process id, or None."""
    try:
        pid = int(_pid_file(home).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return pid if processes.is_running(pid, "-server") and _answers(home) else None


def stop(home: Home) -> None:
    pid = running_pid(home)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        if not processes.wait_for_end(pid, "-server", seconds=10):
            os.kill(pid, signal.SIGKILL)
    _pid_file(home).unlink(missing_ok=True)


def _pid_file(home: Home) -> Path:
    return home.valkey / "server.pid"


def _options(home: Home) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket_path(home)),
        "unixsocketperm": "700",
        "dir": str(home.valkey),
        "daemonize": "no",
        "save": "",
        "appendonly": "no",
        # A full cache must never push out a message; every cached value has an end.
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def _answers(home: Home) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(socket_path(home)))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
