"""Live rules replayed are the ledger: each receipt that is not, with what differs.

A receipt differs when what rules look at was changed after it was earned (a product's category, a birthday, a store's
region), for facts are not kept by version; or when something is broken.
"""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np

from crm.org.models import public_id
from loyalty.accrual import rulesets
from loyalty.simulation.drafts import Draft, book_of
from loyalty.simulation.replay import Replayed, purchases, replay


class Difference(NamedTuple):
    purchase: int
    replayed: tuple[int, ...]
    ledger: tuple[int, ...]

    def __str__(self) -> str:
        return (
            f"{public_id('rcp').encode(self.purchase)}: replayed {self.replayed}, in the ledger {self.ledger}"
        )


class Checked(NamedTuple):
    receipts: int
    points: int
    differences: list[Difference]


def check(from_on: date, to_on: date) -> Iterator[Checked]:
    """Slice by slice: points and growth points as issued by movements and as kept after returns."""
    book = book_of(Draft(from_on=from_on, to_on=to_on))
    if rulesets.book().begins_on is None:
        return
    for customers, ids in purchases(from_on, to_on):
        found = replay(customers, ids, book, from_on)
        there = found.is_counted & (found.live["is_earned"] > 0)
        yield Checked(int(there.sum()), int(found.points[there].sum()), list(_differences(found, there)))


def _differences(found: Replayed, there: np.ndarray) -> Iterator[Difference]:
    mine = (found.points, found.growth, found.points, found.growth, found.kept, found.growth_kept)
    names = ("points", "growth", "issued", "grown", "kept", "growth_kept")
    ledger = [found.live[name] for name in names]
    differs = np.any([a != b for a, b in zip(mine, ledger, strict=True)], axis=0) & there
    for at in np.flatnonzero(differs).tolist():
        replayed, held = (tuple(int(column[at]) for column in columns) for columns in (mine, ledger))
        yield Difference(int(found.purchase[at]), replayed, held)
