"""The persona step of the night: whose purchases changed, or everybody, a slice of customers at a time.

Rows are spells (decisions/0006): a persona that differs from the open one closes it, and readers see the change with
the night that is published.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from django.db import connection

from crm.jobs.claim import StepProgress
from crm.lib import spells
from crm.lib.arrays import array_text
from crm.lib.copy import INT8, read_packed
from crm.lib.sidebyside import side_by_side
from crm.lib.spells import IDS, day_number
from crm.lib.statements import Statement
from customers import histories as held
from customers.histories import Histories
from customers.models import PersonaBasis
from customers.nightrun import NightRun
from customers.persona import prices, queue, reading, rows
from customers.persona.measures import Goods, Lines, Visits, personas

CHUNK = 10_000  # customers computed at once: their lines fit into some tens of megabytes
MANY = 5  # where every fifth customer of a range is due, all are taken from the histories

_OPEN = """
SELECT customer_id, digest FROM customers_persona WHERE ended_night IS NULL AND customer_id = ANY(%(ids)s)
"""
STATEMENTS = [
    Statement("persona.open", _OPEN, {"ids": IDS}),
    Statement("persona.forget", rows.FORGET, {"ids": IDS}),
    *spells.statements(rows.TABLE),
]


def step(night_run: NightRun, progress: StepProgress) -> None:
    """Bring the personas up to the night's date."""
    if "personas" not in night_run.claim.checkpoint:
        _settle(night_run)
    with connection.cursor() as cursor:
        goods = reading.goods(cursor)

    def bring_up(number: int) -> tuple[int, int]:
        with night_run.claim.part("personas", number), connection.cursor() as cursor:
            return _bring_up(cursor, night_run, number, goods)

    numbers = range(len(night_run.ranges))
    left = [number for number in numbers if not night_run.claim.is_part_done("personas", number)]
    progress.counts["changed"] = 0
    for computed, changed in side_by_side(bring_up, left):
        progress.counts["changed"] += changed
        progress.advance(computed)
    PersonaBasis.objects.filter(id=1).update(window_days=night_run.night.window_days)


def take_back(night: int) -> None:
    with connection.cursor() as cursor:
        queue.add_again(cursor, night)
        spells.take_back(cursor, rows.TABLE, night)


def _settle(night_run: NightRun) -> None:
    """Decide once a night whether all are computed, and look at prices when that is due."""
    basis = PersonaBasis.objects.get_or_create(id=1)[0]
    has_new_prices = prices.are_due(basis.prices_on, night_run.on)
    has_other_window = basis.window_days != night_run.night.window_days
    with night_run.claim.slice() as draft, connection.cursor() as cursor:
        if has_new_prices:
            prices.refresh(cursor)
            basis.prices_on = night_run.on
        if has_new_prices or has_other_window:
            basis.window_days = None  # until all are done
        basis.save()
        draft["personas"] = "all" if night_run.is_rebuild or basis.window_days is None else "due"


def _bring_up(cursor: Any, night_run: NightRun, number: int, goods: Goods) -> tuple[int, int]:
    """Compute a slice's personas and write those that differ: how many were computed, and how many differed."""
    low, high = night_run.ranges[number]
    due = queue.seen(cursor, low, high, night_run.on)
    buyers = reading.buyers(cursor, low, high)
    ids = due.customer
    if night_run.claim.checkpoint["personas"] == "all":
        ids = np.union1d(ids, buyers)
    pieces = _of_histories if len(ids) * MANY > len(buyers) else _of_rows
    changed = 0
    for some, read in pieces(cursor, night_run, ids):
        changed += _write_changed(cursor, night_run, some, partial(_computed, night_run, read, goods))
    queue.drop(cursor, due)
    return len(ids), changed


Read = Callable[
    [Any], tuple[Any, Visits, Lines]
]  # of customers: the buyers among them, their visits and lines


def _of_rows(cursor: Any, night_run: NightRun, ids: Any) -> Iterator[tuple[Any, Read]]:
    """`ids` in chunks, read by the customer."""
    on = day_number(night_run.on)

    def read(some: Any) -> tuple[Any, Visits, Lines]:
        customer, visits = reading.visits(cursor, some)
        _look_again(cursor, customer, visits.day, on)
        is_past = visits.day <= on
        buyers = np.unique(customer[is_past])
        visits = visits.of(is_past)
        visits.place[:] = np.searchsorted(buyers, customer[is_past])
        return buyers, visits, reading.lines(cursor, buyers, night_run.on)

    for at in range(0, len(ids), CHUNK):
        yield ids[at : at + CHUNK], read


def _of_histories(cursor: Any, night_run: NightRun, ids: Any) -> Iterator[tuple[Any, Read]]:
    """`ids` by the parts of the histories that they are in."""
    histories = Histories.of(night_run)
    ahead, day = histories.ahead
    is_due = np.isin(ahead, ids, assume_unique=True)
    _look_again(cursor, ahead[is_due], day[is_due], day_number(night_run.on))
    number = np.minimum(ids // held.RANGE, len(histories) - 1)  # who came since they were read is in no part
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(ids)], strict=True):
        yield ids[start:end], partial(reading.of_part, histories.part(int(number[start])))


def _write_changed(
    cursor: Any, night_run: NightRun, ids: Any, compute: Callable[[Any], dict[str, Any]]
) -> int:
    """Write the personas of `ids` that differ from what is stored; how many there were."""
    unprofiled = reading.unprofiled(cursor, ids)
    forgotten = rows.forget(cursor, unprofiled)
    ids = np.setdiff1d(ids, unprofiled, assume_unique=True)
    found = compute(ids)
    stored = read_packed(cursor, _OPEN, {"customer_id": INT8, "digest": INT8}, {"ids": array_text(ids)})
    order = np.argsort(stored["customer_id"])
    known, digests = stored["customer_id"][order], stored["digest"][order]
    gone = np.setdiff1d(known, found["customer_id"], assume_unique=True)
    is_known = np.isin(found["customer_id"], known, assume_unique=True)
    differs = ~is_known
    differs[is_known] = (
        digests[np.searchsorted(known, found["customer_id"][is_known])] != found["digest"][is_known]
    )
    night = night_run.night.pk
    spells.close(cursor, rows.TABLE, np.concatenate([gone, found["customer_id"][differs & is_known]]), night)
    rows.write(cursor, {name: column[differs] for name, column in found.items()}, night)
    return forgotten + len(gone) + int(differs.sum())


def _computed(night_run: NightRun, read: Read, goods: Goods, ids: Any) -> dict[str, Any]:
    """The personas of those of `ids` who have a visit that counts."""
    buyers, visits, lines = read(ids)
    columns = personas(len(buyers), night_run.night.window_days, visits, lines, goods)
    return {"customer_id": buyers, **columns, "digest": rows.digest(columns)}


def _look_again(cursor: Any, customer: Any, day: Any, on: int) -> None:
    """Queue who has a visit of a day to come for the first such day."""
    ahead = day > on
    ids, place = np.unique(customer[ahead], return_inverse=True)
    first = np.full(len(ids), np.iinfo(np.int64).max)
    np.minimum.at(first, place, day[ahead])
    queue.add_for(cursor, ids, first)
