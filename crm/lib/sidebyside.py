"""Doing slices of a job side by side: each on a thread with a connection of its own, results in order.

The work is mostly the database's, so threads are enough to keep two cores busy. Inside a transaction (as in tests)
another connection would not see what was written; there the same calls are made one after another.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from threading import Barrier
from typing import TypeVar

from django.db import connection

Item = TypeVar("Item")
Result = TypeVar("Result")
AT_ONCE = 2


def side_by_side(call: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`call(item)` for each item, AT_ONCE of them at a time and at most one more waiting to be taken.

    An exception of a call is raised where its result would have come; what has not begun by then is not done.
    """
    if connection.in_atomic_block:
        yield from map(call, items)
        return
    waiting, running = iter(items), deque[Future[Result]]()
    with ThreadPoolExecutor(AT_ONCE, "side-by-side") as pool:
        try:
            while True:
                for item in islice(waiting, AT_ONCE + 1 - len(running)):
                    running.append(pool.submit(call, item))
                if not running:
                    return
                yield running.popleft().result()
        finally:
            for future in running:
                future.cancel()
            everybody = Barrier(AT_ONCE)
            for _ in range(AT_ONCE):
                pool.submit(_hang_up, everybody)


def _hang_up(everybody: Barrier) -> None:
    """Close the connection of a thread; that each waits for the others makes every thread do it once."""
    everybody.wait()
    connection.close()
