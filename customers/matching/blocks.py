"""Which of many people are worth comparing: those who share a match key and pass a quick look at numbers.

Columns of numpy throughout. A block is the people of one key. Large blocks (a key that says little) are not compared
all with all: each is compared with its next neighbours in order of their numbers, and the block is counted as cut. So
the work grows with the number of keys.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from customers.matching.keys import DAY, HEAD, TAIL, YEAR

LARGEST = 60  # people of a block who are all compared
WINDOW = 10  # neighbours in a larger one
NO_DAY = np.iinfo(np.int32).min
_DIGITS = 17
_KIND = 15


@dataclass
class People:
    """`ids` rising. `born`: days since 1970-01-01, or NO_DAY. `phones`: digits, two columns, 0 for none."""

    ids: Any
    born: Any
    phones: Any
    has_more_phones: Any

    def places(self, ids: Any) -> Any:
        return np.searchsorted(self.ids, ids).astype(np.int32)


@dataclass
class Found:
    """`pairs`: places a << 32 | b with a < b, each once, rising. `cut`: blocks that were too large."""

    pairs: Any
    cut: int = 0
    compared: int = 0


def find(people: People, parts: Iterable[tuple[Any, Any]]) -> Found:
    """`parts`: (keys, places of who has them); all who have a key are in one part."""
    found = Found(np.empty(0, np.int64))
    kept = []
    for keys, places in parts:
        for kinds, a, b in _pairs(keys, places, found):
            near = _is_near(people, kinds, a, b)
            low, high = np.minimum(a[near], b[near]), np.maximum(a[near], b[near])
            kept.append(np.unique(low.astype(np.int64) << 32 | high))
            found.compared += len(a)
    found.pairs = np.unique(np.concatenate(kept)) if kept else found.pairs
    return found


def split(pairs: Any) -> tuple[Any, Any]:
    return (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)


def _pairs(keys: Any, places: Any, found: Found) -> Iterable[tuple[Any, Any, Any]]:
    """All pairs of each block, a distance within the block at a time."""
    order = np.lexsort((places, keys))
    keys, places = keys[order], places[order]
    begins = (
        np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else np.empty(0, int)
    )
    sizes = np.diff(np.append(begins, len(keys)))
    is_large = np.repeat(sizes > LARGEST, sizes)
    found.cut += int((sizes > LARGEST).sum())
    for distance in range(1, min(LARGEST, int(sizes.max(initial=1)))):
        same = keys[distance:] == keys[:-distance]
        if distance > WINDOW:
            same &= ~is_large[distance:]
        at = np.flatnonzero(same)
        if not len(at):
            return
        yield keys[at] & _KIND, places[at], places[at + distance]


def _is_near(people: People, kinds: Any, a: Any, b: Any) -> Any:
    """Keys of a phone's half and of a birthday's half are worth it only where the other half differs by a slip."""
    near = a != b
    phones = near & ((kinds == TAIL) | (kinds == HEAD))
    near[phones] = _phones_near(people, a[phones], b[phones])
    days = near & ((kinds == YEAR) | (kinds == DAY))
    near[days] = _days_near(people.born[a[days]], people.born[b[days]])
    return near


def _phones_near(people: People, a: Any, b: Any) -> Any:
    near = people.has_more_phones[a] | people.has_more_phones[b]
    for i in range(2):
        for j in range(2):
            one, other = people.phones[a, i], people.phones[b, j]
            asked = np.flatnonzero(~near & (one > 0) & (other > 0))
            near[asked] |= slip(one[asked], other[asked])
    return near


def slip(one: Any, other: Any) -> Any:
    """Whether two numbers differ by at most one digit wrong, missing or too many, or two neighbours swapped."""
    wrong = np.zeros(len(one), np.int8)
    first = np.zeros(len(one), np.int64)
    x, y = one.copy(), other.copy()
    for place in range(_DIGITS):
        differs = x % 10 != y % 10
        first[differs & (wrong == 0)] = place
        wrong += differs
        x, y = x // 10, y // 10
    found = wrong <= 1
    swapped = np.flatnonzero(wrong == 2)
    unit = 10 ** first[swapped]
    p, q = one[swapped] // unit, other[swapped] // unit
    found[swapped] |= (p % 10 == q // 10 % 10) & (p // 10 % 10 == q % 10) & (p // 100 == q // 100)
    return found | _one_missing(one, other) | _one_missing(other, one)


def _one_missing(longer: Any, shorter: Any) -> Any:
    found = np.zeros(len(longer), bool)
    asked = np.flatnonzero((longer // 10 >= shorter // 10) & (longer > shorter))
    for place in range(_DIGITS):
        unit = 10**place
        found[asked] |= longer[asked] // (unit * 10) * unit + longer[asked] % unit == shorter[asked]
    return found


def _days_near(one: Any, other: Any) -> Any:
    """The same day, day and month swapped, or one digit wrong."""
    y1, m1, d1 = _parts(one)
    y2, m2, d2 = _parts(other)
    wrong = np.zeros(len(one), np.int8)
    for x, y, digits in ((y1, y2, 4), (m1, m2, 2), (d1, d2, 2)):
        for place in range(digits):
            wrong += x // 10**place % 10 != y // 10**place % 10
    swapped = (y1 == y2) & (m1 == d2) & (d1 == m2)
    return (one != NO_DAY) & (other != NO_DAY) & ((wrong <= 1) | swapped)


def _parts(days: Any) -> tuple[Any, Any, Any]:
    known = np.where(days == NO_DAY, 0, days).astype("datetime64[D]")
    months = known.astype("datetime64[M]")
    years = known.astype("datetime64[Y]")
    return (
        years.astype(np.int64) + 1970,
        (months - years).astype(np.int64) + 1,
        (known - months).astype(np.int64) + 1,
    )
