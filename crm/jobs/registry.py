"""Which function does which kind of job. Apps register theirs with `@job("kind")`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm.jobs.claim import Claim

_kinds: dict[str, "Callable[[Claim], None]"] = {}


def job(kind: str) -> Callable[["Callable[[Claim], None]"], "Callable[[Claim], None]"]:
    """Registers the decorated function as the work of `kind`. It gets a `Claim` and must resume from its checkpoint."""

    def register(function: "Callable[[Claim], None]") -> "Callable[[Claim], None]":
        if kind in _kinds and _kinds[kind] is not function:
            raise ValueError(f"two functions for job kind {kind!r}")
        _kinds[kind] = function
        return function

    return register


def function_of(kind: str) -> "Callable[[Claim], None]":
    return _kinds[kind]
