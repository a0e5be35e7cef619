"""Reading ahead: while a step computes, a second connection reads what later steps will want.

Only columns that nothing changes before they are used: customers, and the open spells. What was not read in time, or
could not be, the step reads itself: this makes a night faster, nothing else.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import structlog
from django.db import connection

if TYPE_CHECKING:
    from customers.nightrun import NightRun

log = structlog.get_logger(__name__)


class Ahead:
    """`is_over` tells readers that nobody wants more."""

    def __init__(self, night_run: "NightRun", readers: "Iterable[Callable[[NightRun, Ahead], None]]") -> None:
        self.night_run = night_run
        self.readers = list(readers)
        self.is_over = threading.Event()

    def run(self) -> None:
        try:
            for reader in self.readers:
                reader(self.night_run, self)
        except Exception:  # the steps read for themselves
            log.warning("night_not_read_ahead", exc_info=True)
        finally:
            connection.close()


@contextlib.contextmanager
def reading_ahead(
    night_run: "NightRun", readers: "Iterable[Callable[[NightRun, Ahead], None]]"
) -> Iterator[None]:
    """Reads in a thread while the block runs; not inside a transaction, which another connection cannot see."""
    if connection.in_atomic_block:
        yield
        return
    ahead = Ahead(night_run, readers)
    thread = threading.Thread(target=ahead.run, name="night-read-ahead", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ahead.is_over.set()
        thread.join()
