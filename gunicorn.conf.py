"""The web server. Two processes share the loaded code; their threads wait for the database together."""

import os
import time

bind = os.environ.get("BIND") or f"127.0.0.1:{os.environ.get('PORT') or 8000}"
wsgi_app = "crm.wsgi"
preload_app = True
workers = int(os.environ.get("WEB_PROCESSES") or 2)
threads = int(os.environ.get("WEB_THREADS") or 4)
timeout = 60
graceful_timeout = 15
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108
control_socket_disable = True
# The application logs each request itself, without query strings and addresses.
accesslog = None
errorlog = "-"
loglevel = "warning"


def on_starting(server: object) -> None:
    """The code is loaded. Whoever starts us may want the database set up before we listen."""
    gate = os.environ.get("WAIT_FOR")
    while gate and not os.path.exists(gate):  # noqa: PTH110
        time.sleep(0.02)


def pre_fork(server: object, worker: object) -> None:
    """What the preloaded code opened while starting must not be shared by the processes."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
