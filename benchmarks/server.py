"""A web server as `make run` starts it, and clients that call it over connections that stay open."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from benchmarks.lab import ROOT, Lab, percentile, timed

CLIENTS = 8
WARM_UP = 2.0  # seconds


@contextmanager
def serving(lab: Lab, settings: str = "crm.settings.development") -> Iterator[int]:
    """gunicorn with the product's own configuration (two processes, four threads each). Gives its port."""
    port = _free_port()
    environment = lab.environment() | {
        "DJANGO_SETTINGS_MODULE": settings, "PORT": str(port), "API_CALLS_PER_MINUTE": "100000000",
    }  # fmt: skip
    environment.pop("WAIT_FOR", None)
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py"], cwd=ROOT, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(port, server)
        yield port
    finally:
        server.terminate()
        server.wait(30)


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """An HTTP request as it goes over the line. `content_type` becomes Content-Type."""
    given = {"Host": "localhost", "Content-Length": str(len(body))}
    given |= {name.replace("_", "-").title(): value for name, value in headers.items()}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Rate:
    """What the clients saw: answers a second together, and percentiles of their waits in milliseconds."""

    def __init__(self, waits: list[float], seconds: float) -> None:
        self.a_second = len(waits) / seconds
        self.p95 = percentile(waits, 0.95) * 1000
        self.p99 = percentile(waits, 0.99) * 1000


def load(port: int, make: Callable[[int, int], bytes], seconds: float, clients: int = CLIENTS) -> Rate:
    """`make(client, n)` gives the n-th request of a client. Every answer must be a 200 or 201."""
    waits: list[list[float]] = [[] for _ in range(clients)]
    failed: list[BaseException] = []
    begin = time.perf_counter() + WARM_UP

    def client(number: int) -> None:
        try:
            _call_until(port, lambda n: make(number, n), begin, begin + seconds, waits[number])
        except BaseException as error:  # noqa: BLE001 (told by the main thread)
            failed.append(error)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return Rate([wait for own in waits for wait in own], seconds)


def send_all(port: int, messages: list[bytes]) -> float:
    """Seconds for all messages, one after the other over one line."""
    with closing(socket.create_connection(("127.0.0.1", port))) as line, timed() as clock:
        for message in messages:
            _exchange(line, message)
    return clock.seconds


def ask(port: int, message: bytes) -> bytes:
    """One call; the body of its answer."""
    with closing(socket.create_connection(("127.0.0.1", port))) as line:
        return _exchange(line, message)


def _call_until(
    port: int, make: Callable[[int], bytes], begin: float, end: float, waits: list[float]
) -> None:
    line = socket.create_connection(("127.0.0.1", port))
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    number = 0
    with closing(line):
        while (started := time.perf_counter()) < end:
            _exchange(line, make(number))
            number += 1
            if started >= begin:
                waits.append(time.perf_counter() - started)


def _exchange(line: socket.socket, message: bytes) -> bytes:
    line.sendall(message)
    answer = line.recv(65536)
    while b"\r\n\r\n" not in answer:
        answer += _more(line)
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
        raise RuntimeError(f"the server answered {head[:200]!r} {body[:500]!r}")
    length = next(
        int(row.split(b":")[1]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        body += _more(line)
    return body


def _more(line: socket.socket) -> bytes:
    part = line.recv(65536)
    if not part:
        raise RuntimeError("the server closed the line")
    return part


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise RuntimeError("the server did not start")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server does not listen")
