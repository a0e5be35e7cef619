"""Where an installation keeps its state."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from crm.embedded.unprivileged import SHARED_GROUND, identity

CHECKOUT = Path(__file__).resolve().parents[2]
LONGEST_SOCKET_PATH = 107  # bytes; the kernel's sun_path holds 108 with the closing zero
LONGEST_SOCKET_NAME = ".s.PGSQL.5432.lock"


@dataclass(frozen=True)
class Home:
    """The folder with all state. `is_durable` is false for tests, which give up crash safety for speed."""

    path: Path
    is_durable: bool = True

    @classmethod
    def from_environment(cls) -> "Home":
        return cls(Path(os.environ.get("REGULARS_HOME") or CHECKOUT / "var").absolute())

    @classmethod
    def for_tests(cls) -> "Home":
        return cls(cls.from_environment().path / "test", is_durable=False)

    @property
    def sockets(self) -> Path:
        """A private folder for the servers' sockets, whose path is short enough for the kernel."""
        inside = self.path / "run"
        if len(os.fsencode(inside / LONGEST_SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return inside
        return Path(tempfile.gettempdir()) / f"regulars-{os.getuid()}-{self._digest}"

    @property
    def _digest(self) -> str:
        return hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]

    @property
    def logs(self) -> Path:
        return self.path / "log"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data. As nobody it cannot enter our home, so its data lie on shared ground."""
        return (SHARED_GROUND / self._digest if identity().is_nobody else self.path) / "postgres"

    @property
    def postgres_sockets(self) -> Path:
        return SHARED_GROUND / self._digest / "run" if identity().is_nobody else self.sockets

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    def create(self) -> None:
        """Make the folders, readable by their owner alone."""
        for folder in (self.path, self.path / "run", self.logs, self.valkey, self.path / "static"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        # A folder in a shared temporary directory may have been put there by somebody else.
        found = self.sockets.lstat()
        if self.sockets.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise PermissionError(f"{self.sockets} must be a folder of yours that only you can enter")

    def secret_key(self) -> str:
        """A random key of this installation, made once. For development; production brings its own."""
        keeper = self.path / "secret_key"
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(keeper, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return keeper.read_text()
        with os.fdopen(descriptor, "w") as file:
            file.write(os.urandom(48).hex())
        return keeper.read_text()
