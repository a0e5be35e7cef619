"""Who follows what is received: apps above that work from purchases, in the transaction in which these changed.

    followers.register(Follower("loyalty", now=earn, later=queue))   from `AppConfig.ready()`

One receipt or return at a time, `now` does the work at once and says what the answer tells of it. Where many come
together, `later` writes down that the work is due. Both are told of every purchase that is new or of which something
was brought back, also where the return had come first; `now` is also told of one that is sent again, and answers the
same. Neither may rest on the order of events.

A guest's receipt is no purchase of anybody. Who has to do with one all the same (`register_guests`) is told when all of
it came back.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


class Changed(NamedTuple):
    """A purchase that is new, or of which something was brought back."""

    customer_id: int
    purchase_id: int


@dataclass(frozen=True)
class Follower:
    """`now(cursor, changed, by)` gives what answers tell, by name; `later(cursor, changed)` notes what is due."""

    name: str
    now: Callable[[Any, Sequence[Changed], Any], Mapping[str, Any]]
    later: Callable[[Any, Sequence[Changed]], None]


_followers: dict[str, Follower] = {}


def register(follower: Follower) -> None:
    """The same name replaces."""
    _followers[follower.name] = follower


def now(cur: Any, changed: Iterable[Changed], by: Any) -> dict[str, Any]:
    """Do what follows; what the answer tells of it."""
    told: dict[str, Any] = {}
    if wanted := sorted(set(changed)):
        for follower in _followers.values():
            told |= follower.now(cur, wanted, by)
    return told


def later(cur: Any, changed: Iterable[Changed]) -> None:
    """Have it done."""
    if wanted := sorted(set(changed)):
        for follower in _followers.values():
            follower.later(cur, wanted)


GuestsBack = Callable[[Any, Sequence[tuple[int, str]]], None]
_of_guests: dict[str, GuestsBack] = {}


def register_guests(name: str, told: GuestsBack) -> None:
    """`told(cursor, keys)`: receipts of guests by (source, number). The same name replaces."""
    _of_guests[name] = told


def guests_back(cur: Any, keys: Sequence[tuple[int, str]]) -> None:
    """All of these came back."""
    if keys:
        for told in _of_guests.values():
            told(cur, keys)
