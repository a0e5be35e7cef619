"""What the first start did, remembered for the later ones.

A system that was started empty stays without demo data: invented people must not be poured among real ones because
somebody forgot DEMO=0 the next time.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from crm.embedded.home import Home
from crm.embedded.servers import database_url


@dataclass(frozen=True)
class FirstStart:
    """The record of one home and database."""

    file: Path

    @classmethod
    def of(cls, home: Home) -> "FirstStart":
        which = hashlib.sha256(database_url(home).encode()).hexdigest()[:8]
        return cls(home.path / f"first-start-{which}")

    @property
    def steps(self) -> list[str]:
        """The steps that are done; the only step of a system that was started empty is "empty"."""
        return self.file.read_text().split() if self.file.exists() else []

    @property
    def is_empty(self) -> bool:
        return "empty" in self.steps

    @property
    def has_demo(self) -> bool:
        return "load_demo" in self.steps

    def note(self, step: str) -> None:
        self.file.write_text(" ".join([*self.steps, step]))
