"""What else follows a merge: tables that are no rows of one customer, and what is derived from two.

    followers.register(Follower("consents", merged=…, unmerged=…))

`merged` runs after everything has moved, `unmerged` after everything has moved back, both in the merge's transaction
and with both customers locked. What `merged` returns (JSON, no values of people) is kept and given to `unmerged`.
Apps register in `AppConfig.ready()`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from customers import names
from customers.matching import keys


@dataclass(frozen=True)
class Joined:
    """A merge that was done at a moment, or undone at another."""

    survivor: int
    loser: int
    merge_id: int
    at: datetime
    undone_at: datetime | None = None


@dataclass(frozen=True)
class Parting:
    """Two who were one are about to be two again. Ids of numbered rows by model: `going` to the loser, and those of
    them that `came` with the merge. `since`: the time of the merge by the database's clock."""

    going: Mapping[str, list[int]]
    came: Mapping[str, list[Any]]
    since: str


@dataclass(frozen=True)
class Follower:
    """`rederives`: labels of derived models (`OnMerge.DROP`) whose rows it writes anew, so that no copy is kept.

    `parting` runs before rows go back, where later activity has mixed what was the two's; what it returns is called at
    the end, when rows stand still again.
    """

    name: str
    merged: Callable[[Any, Joined], Any]
    unmerged: Callable[[Any, Joined, Any], object]
    rederives: frozenset[str] = frozenset()
    parting: Callable[[Any, Joined, Parting], Callable[[], object] | None] | None = None


_followers: dict[str, Follower] = {}


def register(follower: Follower) -> None:
    """The same name replaces."""
    _followers[follower.name] = follower


def rederived() -> frozenset[str]:
    return frozenset().union(*(one.rederives for one in _followers.values()))


def tell_merged(cur: Any, joined: Joined) -> dict[str, Any]:
    return {name: one.merged(cur, joined) for name, one in sorted(_followers.items())}


def tell_parting(cur: Any, joined: Joined, parting: Parting) -> list[Callable[[], object]]:
    told = [one.parting(cur, joined, parting) for _name, one in sorted(_followers.items()) if one.parting]
    return [finish for finish in told if finish is not None]


def tell_unmerged(cur: Any, joined: Joined, memos: dict[str, Any]) -> None:
    for name, one in sorted(_followers.items()):
        if name in memos:
            one.unmerged(cur, joined, memos[name])


def _index(_cur: Any, joined: Joined, _memo: Any = None) -> None:
    names.index([joined.survivor, joined.loser])


register(Follower("names", _index, _index, frozenset({"customers.NameKey"})))
register(
    Follower(
        "matching",
        lambda _cur, joined: keys.index([joined.survivor]),
        lambda _cur, joined, _memo: keys.index([joined.survivor, joined.loser]),
        frozenset({"customers.MatchKey"}),
    )
)


def _ask_again(cur: Any, joined: Joined, _memo: Any) -> None:
    """Possible duplicates that were joined are two again: somebody looks at them anew."""
    cur.execute(_REOPEN, sorted([joined.survivor, joined.loser]))


_REOPEN = """
UPDATE customers_duplicatepair SET state = 'open', decided_at = NULL
WHERE first_id = %s AND second_id = %s AND state = 'merged'
"""
register(Follower("pairs", lambda _cur, _joined: None, _ask_again))
