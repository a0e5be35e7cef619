"""Groups of customers that a result is told by: apps above say which there are, from `AppConfig.ready()`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Of = Callable[[Sequence[int]], Mapping[int, str]]
_groups: list[tuple[Of, Callable[[], Mapping[str, Any]]]] = []


def use(of: Of, names: Callable[[], Mapping[str, Any]]) -> None:
    """`of(customer ids)`: the code of each one's group now; `names()`: what the codes are called."""
    _groups[:] = [(of, names)]


def of(customer_ids: Sequence[int]) -> Mapping[int, str]:
    return _groups[0][0](customer_ids) if _groups else {}


def names() -> Mapping[str, Any]:
    return _groups[0][1]() if _groups else {}
