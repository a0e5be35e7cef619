"""Telling how far an import is: on the job's row for pages, and to whoever runs it in this process."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from crm.jobs.claim import Claim

Watcher = Callable[[str, int, int], None]  # (phase, rows done, rows in all)
_watcher: ContextVar[Watcher | None] = ContextVar("import_watcher", default=None)
_said: dict[int, float] = {}


@contextmanager
def watched_by(watcher: Watcher | None) -> Iterator[None]:
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def say(claim: Claim, phase: str, done: int, total: int) -> None:
    """Rows done in this phase ("read", "apply"). While reading, the job's row is written twice a second at most."""
    if watcher := _watcher.get():
        watcher(phase, done, total)
    if phase == "read" and time.monotonic() - _said.get(claim.job.pk, 0.0) > 0.5:
        _said[claim.job.pk] = time.monotonic()
        claim.progress(done, total)
