"""One foreground process runs everything, and nothing that dies stays dead."""

import os
import signal

import pytest

from crm.embedded import postgres
from crm.embedded.home import Home
from tests.platform.conftest import System, wait_until

pytestmark = pytest.mark.slow


def test_starts_heals_and_ends_in_reverse_order(system: System) -> None:
    system.start()
    assert system.answers("/health/ready")
    assert f"Regulars is ready at http://127.0.0.1:{system.port}/" in system.said()

    # Web, worker and beat speak as the role that owns nothing.
    with postgres.connect(Home(system.home), postgres.DATABASE) as session:
        wait_until(lambda: system.answers("/health/ready"))
        roles = session.execute(
            "SELECT DISTINCT usename FROM pg_stat_activity WHERE query <> '' AND pid <> %s",
            [session.info.backend_pid],
        ).fetchall()
    assert (postgres.APPLICATION,) in roles

    # A second one in the same home is refused, and the first does not mind.
    second = system.command("-m", "crm.embedded", "run")
    assert (second.returncode, "it runs already" in second.stderr) == (1, True)

    # Web, worker, beat and both servers come back after kill -9.
    for name in ("gunicorn", " worker ", " beat ", "valkey-server", "bin/postgres -D"):
        before = system.processes(name)
        assert before, f"{name} is not running:\n{system.said()}"
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda name=name, old=before[0]: set(system.processes(name)) - {old} != set(), seconds=30)
    wait_until(lambda: system.answers("/health/ready"), seconds=30)

    system.process.send_signal(signal.SIGINT)
    assert system.process.wait(60) == 0
    said = system.said()
    ends = [said.rindex(f"{name} │ stopping") for name in ("beat    ", "worker  ", "web     ")]
    assert ends == sorted(ends)
    for name in ("gunicorn", " worker ", " beat ", "valkey-server", "bin/postgres"):
        assert system.processes(name) == []


def test_survives_kill_9_and_starts_again(system: System) -> None:
    system.start()
    postgres = system.processes("bin/postgres -D")[0]
    system.process.kill()
    system.process.wait()
    for name in ("gunicorn", " worker ", " beat "):
        wait_until(lambda name=name: system.processes(name) == [])

    system.output.write_text("")
    system.start()
    assert system.answers("/health/ready")
    assert system.processes("bin/postgres -D")[0] == postgres  # adopted, not started anew
    system.process.send_signal(signal.SIGTERM)
    assert system.process.wait(60) == 0
    assert system.processes("bin/postgres") == []


def test_refuses_a_port_in_use_and_one_that_is_none(system: System) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", system.port))
        taken.listen()
        refused = system.command("-m", "crm.embedded", "run")
    assert (refused.returncode, f"port {system.port} is not free" in refused.stderr) == (1, True)
    system.port = "eighty"
    refused = system.command("-m", "crm.embedded", "run")
    assert (refused.returncode, "PORT='eighty'" in refused.stderr) == (1, True)
