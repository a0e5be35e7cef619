"""Reading ahead: while a step computes, a second connection reads what later steps will want.

Only columns that nothing changes before they are used: customers, the open spells, and, once they are up to date, the
states. What was not read in time, or could not be, the step reads itself: this makes a night faster, nothing else.
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
    """`states_are_ready()` lets the reader go on to the states."""

    def __init__(self, night_run: "NightRun", readers: "Iterable[Callable[[NightRun, Ahead], None]]") -> None:
        self.night_run = night_run
        self.readers = list(readers)
        self.is_over = threading.Event()
        self.ready = threading.Event()

    def states_are_ready(self) -> None:
        self.ready.set()

    def run(self) -> None:
        try:
            for reader in self.readers:
                reader(self.night_run, self)
            self.ready.wait()
            for number in reversed(range(len(self.night_run.ranges))):
                if not self.is_over.is_set() and not self.night_run.columns.has("states", number):
                    self.night_run.columns.put("states", number, self.night_run.read_states(number))
        except Exception:  # the steps read for themselves
            log.warning("night_not_read_ahead", exc_info=True)
        finally:
            connection.close()


@contextlib.contextmanager
def reading_ahead(
    night_run: "NightRun", readers: "Iterable[Callable[[NightRun, Ahead], None]]"
) -> Iterator[Ahead]:
    """Reads in a thread while the block runs; not inside a transaction, which another connection cannot see."""
    ahead = Ahead(night_run, readers)
    if connection.in_atomic_block:
        yield ahead
        return
    thread = threading.Thread(target=ahead.run, name="night-read-ahead", daemon=True)
    thread.start()
    try:
        yield ahead
    finally:
        ahead.is_over.set()
        ahead.ready.set()
        thread.join()
