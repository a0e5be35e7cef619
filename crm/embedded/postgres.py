"""The embedded PostgreSQL: made, tuned for the machine it finds, started, found again, stopped."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg

from crm.embedded import processes
from crm.embedded.binaries import postgres_programs
from crm.embedded.home import Home
from crm.embedded.unprivileged import hand_over, identity, reachable_copy

OWNER = "regulars"
APPLICATION = "regulars_app"  # owns nothing: who web, worker and beat are (crm/lib/approle.py)
DATABASE = "regulars"
# Available to every database made from the template, the tests' included.
EXTENSIONS = ("pg_trgm", "btree_gin", "btree_gist")
BUILTIN_LOCALE_SINCE = 17
START_SECONDS = 300  # recovery after a kill -9 in the middle of a large import
ATTEMPTS = 5
STOP_SECONDS = 120  # the last checkpoint of a large import takes its time

MB = 1024 * 1024


def url(home: Home, role: str = OWNER) -> str:
    """The address for DATABASE_URL. The folder stands in the query: parsers turn host names into lower case."""
    return f"postgresql://{role}@/{DATABASE}?host={quote(str(home.postgres_sockets), safe='')}"


def start(home: Home) -> None:
    """Start the server if it does not run, and wait until it answers."""
    for _ in range(ATTEMPTS):
        process = None if running_pid(home) else _launch(home)
        if _is_ready(home, process):
            return
        time.sleep(1)  # sessions of a killed server hold its memory until they notice
    raise processes.ServerFailed("PostgreSQL", home.logs / "postgres.log")


def _launch(home: Home) -> subprocess.Popen[bytes]:
    programs = _programs()
    if not (home.postgres / "PG_VERSION").exists():
        _initialise(home, programs)
    (home.postgres / "regulars.conf").write_text(_configuration(home))
    # No server of this home runs (we hold its lock), so its socket is a leftover, whoever has that number now.
    for leftover in home.postgres_sockets.glob(".s.PGSQL.*"):
        leftover.unlink(missing_ok=True)
    return processes.launch(
        [*identity().prefix, str(programs / "postgres"), "-D", str(home.postgres)],
        log=home.logs / "postgres.log",
        **identity().popen,
    )


def running_pid(home: Home) -> int | None:
    """The server's process id, or None. Takes away the pid file of a server that is no more."""
    pid_file = home.postgres / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    if processes.is_running(pid, "postgres"):
        return pid
    # After a reboot the number may belong to another program, and PostgreSQL would refuse to start.
    pid_file.unlink(missing_ok=True)
    return None


def stop(home: Home) -> None:
    """Stop the server: sessions are ended, data are written out."""
    pid = running_pid(home)
    if pid is None:
        return
    os.kill(pid, signal.SIGINT)
    if not processes.wait_for_end(pid, "postgres", seconds=STOP_SECONDS):
        os.kill(pid, signal.SIGQUIT)  # at once; the next start recovers from the log
        processes.wait_for_end(pid, "postgres", seconds=10)


def connect(home: Home, database: str = "postgres") -> psycopg.Connection:
    return psycopg.connect(
        host=str(home.postgres_sockets), user=OWNER, dbname=database, autocommit=True, connect_timeout=5
    )


def _programs() -> Path:
    programs = postgres_programs()
    return reachable_copy(programs) if identity().is_nobody else programs


def _initialise(home: Home, programs: Path) -> None:
    """Make a cluster whose text compares by code point, in which trigrams of Chinese text work."""
    version = _major_version(programs)
    locale = ["--lc-collate=C", "--lc-ctype=C.UTF-8"]
    if version >= BUILTIN_LOCALE_SINCE:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    if identity().is_nobody:
        hand_over(home.postgres.parent)
        hand_over(home.postgres_sockets)
    fresh = home.postgres.with_name(
        "postgres.new"
    )  # a half-made cluster never takes the place of a whole one
    processes.remove_folder(fresh)
    processes.run(
        [*identity().prefix, str(programs / "initdb"), "-D", str(fresh), "-U", OWNER, "--encoding=UTF8"]
        + ["--auth=trust", "--locale=C", "--no-instructions"]
        + locale
        + ([] if home.is_durable else ["--no-sync"]),
        **identity().popen,
    )
    with open(fresh / "postgresql.conf", "a") as configuration:
        configuration.write("\ninclude_if_exists 'regulars.conf'\n")
    fresh.rename(home.postgres)


def _major_version(programs: Path) -> int:
    words = processes.run([str(programs / "postgres"), "--version"]).split()
    return int(words[2].split(".")[0])


def _configuration(home: Home) -> str:
    """Settings for one chain on one machine, from two cores and little memory upwards."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MB
    settings: dict[str, str | int | float] = {
        # Reached through a socket in a private folder: the file system says who may enter.
        "listen_addresses": "''",
        "unix_socket_directories": f"'{home.postgres_sockets}'",
        "unix_socket_permissions": "0700",
        "max_connections": 100,
        "shared_buffers": f"{_between(128, memory // 16, 2048)}MB",
        "effective_cache_size": f"{max(256, memory // 2)}MB",
        "work_mem": f"{_between(8, memory // 384, 64)}MB",
        "maintenance_work_mem": f"{_between(64, memory // 48, 512)}MB",
        "random_page_cost": 1.1,
        "jit": "off",
        # One machine, no standby: whole-table loads and index builds skip the log.
        "wal_level": "minimal",
        "max_wal_senders": 0,
        # pglz, the only method of this build, costs more time than it saves: a night took twice as long
        "wal_compression": "off",
        "max_wal_size": f"{_between(1024, memory // 6, 4096)}MB",
        "min_wal_size": "256MB",
        "checkpoint_timeout": "15min",
        "autovacuum_vacuum_cost_limit": 2000,
        "max_locks_per_transaction": 256,  # the partition twin opens many tables at once
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "'%m [%p] '",
        # A statement may hold a person's data; errors are logged by us, scrubbed.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_checkpoints": "off",
    }
    if not home.is_durable:
        settings |= {
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
        }
    return (
        "# Written at every start; your own settings go into postgresql.auto.conf (ALTER SYSTEM).\n"
        + "".join(f"{name} = {value}\n" for name, value in settings.items())
    )


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))


def _is_ready(home: Home, process: subprocess.Popen[bytes] | None) -> bool:
    """Wait until the server answers. False if it ended instead."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with connect(home) as connection:
                _create_role(connection)
                _create_database(home, connection)
                return True
        except psycopg.OperationalError:
            if process.poll() is not None if process else running_pid(home) is None:
                return False
            time.sleep(0.02)
    raise processes.ServerFailed("PostgreSQL", home.logs / "postgres.log")


def _create_role(connection: psycopg.Connection) -> None:
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION]).fetchone()
    if not found:  # it sees whose transactions run: what may still come is not taken as complete
        connection.execute(f"CREATE ROLE {APPLICATION} LOGIN; GRANT pg_read_all_stats TO {APPLICATION}")


def _create_database(home: Home, connection: psycopg.Connection) -> None:
    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
    if found:
        return
    with connect(home, "template1") as template:
        for extension in EXTENSIONS:
            # A PostgreSQL without the contrib modules still runs; migrations say what they miss.
            with contextlib.suppress(psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile):
                template.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    connection.execute(f"CREATE DATABASE {DATABASE}")
