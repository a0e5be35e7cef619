"""PostgreSQL's own programs, pointed at the database of the settings."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.db import connection

from crm.embedded import binaries


class ProgramFailed(RuntimeError):
    """A program of PostgreSQL ended with an error; the message is its first line of complaint."""


def run(program: str, arguments: Sequence[str], *, database: str = "", output: Path | None = None) -> bytes:
    """Run `pg_dump`, `pg_restore` or `psql` against our database (or another one of the same server)."""
    asked = _parameters()
    command = [str(binaries.postgres_programs() / program), "--dbname", database or asked["dbname"]]
    for option in ("host", "port", "user"):
        if asked.get(option):
            command += [f"--{'username' if option == 'user' else option}", str(asked[option])]
    command += [*arguments, *(["--file", str(output)] if output else [])]
    done = subprocess.run(command, capture_output=True, check=False, env=_environment(asked))
    if done.returncode:
        complaint = next(iter(done.stderr.decode(errors="replace").splitlines()), f"exit {done.returncode}")
        raise ProgramFailed(f"{program}: {complaint}")
    return done.stdout


def _parameters() -> dict[str, Any]:
    return dict(connection.get_connection_params())


def _environment(asked: dict[str, Any]) -> dict[str, str]:
    """The password in the environment and not in the list of processes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    named = {"PGPASSWORD": asked.get("password"), "PGSSLMODE": asked.get("sslmode")}
    return kept | {name: str(value) for name, value in named.items() if value}
