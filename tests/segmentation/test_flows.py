"""Which nights the flows go through, and what is up and down."""

from datetime import date, timedelta
from typing import Any

from segmentation import flows
from segmentation.models import Group
from segmentation.movement import Movement

FIRST = date(2026, 1, 5)
WEEKS = [FIRST + timedelta(days=7 * i) for i in range(12)]


def test_nights_are_spread_evenly_with_both_ends() -> None:
    assert flows.chosen(WEEKS, WEEKS[0], WEEKS[10], 3) == [WEEKS[0], WEEKS[5], WEEKS[10]]
    assert flows.chosen(WEEKS, WEEKS[3], WEEKS[5], 6) == WEEKS[3:6]
    assert flows.chosen(WEEKS, WEEKS[2], WEEKS[3], 3) == WEEKS[2:4]


def test_ends_of_months() -> None:
    found = flows.month_ends(WEEKS, WEEKS[0], WEEKS[11])
    assert found == [WEEKS[0], date(2026, 1, 26), date(2026, 2, 23), WEEKS[11]]


def test_up_is_towards_the_front_of_the_chains_order() -> None:
    groups = [Group(pk=i, code=code) for i, code in enumerate(("champions", "loyal", "lost"), 1)]
    counts: Any = {
        ("champions", "champions"): 5, ("loyal", "champions"): 3, ("champions", "lost"): 2, ("lost", "loyal"): 1,
        (None, "loyal"): 7, ("lost", None): 4,
    }  # fmt: skip
    found = flows.summed(Movement(None, None, groups, counts))  # type: ignore[arg-type]
    assert (found.both, found.up, found.down, found.moved) == (11, 4, 2, 6)
    assert found.largest == (groups[1], groups[0], 3)
    assert found.share == 6 / 11


def test_nobody_moved() -> None:
    found = flows.summed(Movement(None, None, [], {}))  # type: ignore[arg-type]
    assert (found.both, found.moved, found.share, found.largest) == (0, 0, 0.0, None)
