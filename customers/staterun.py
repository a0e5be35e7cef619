"""The purchase-state step of the night: what changed, or everything, a slice of customers at a time.

A slice is worked out in a transaction that sees one moment (repeatable read), and written in the next: the rows of the
stale queue that it removes are exactly those of the purchases that it has read. Whoever applies something meanwhile
leaves a row for the next night.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from crm.jobs.claim import StepProgress
from crm.lib.sidebyside import side_by_side
from customers import advancing, stale, states
from customers.models import Night, PurchaseState, StateBasis
from customers.nightrun import NightRun
from customers.persona import queue

VISIBLE_SHARE = 0.9  # of the pages of purchases: below it the walk along the index is slow
COUNTED = 100_000  # states up to this number are counted, beyond the database's estimate will do


def step(night_run: NightRun, progress: StepProgress) -> None:
    """Bring all states to the night's date: those that changed, or everybody's when that is asked for or quicker."""
    if "rebuild" not in night_run.claim.checkpoint:
        with night_run.claim.slice() as draft:
            draft["rebuild"] = night_run.is_rebuild or not _can_go_on(night_run.basis)
            Night.objects.filter(pk=night_run.night.pk).update(computed_at=Now())
            _basis().update(on=night_run.on, night=None, **({} if not draft["rebuild"] else _UNSETTLED))
    if night_run.claim.checkpoint["rebuild"]:
        _rebuild(night_run, progress)
    else:
        _refresh(night_run, progress)
    _basis().update(
        on=night_run.on,
        window_days=night_run.basis.window_days,
        lost_days=night_run.basis.lost_days,
        won_back_days=night_run.basis.won_back_days,
        night=night_run.night.pk,
    )


_UNSETTLED: dict[str, Any] = {"window_days": None, "lost_days": None, "won_back_days": None}


def _basis() -> QuerySet[StateBasis]:
    StateBasis.objects.get_or_create(id=1)
    return StateBasis.objects.filter(id=1)


def _can_go_on(basis: states.Basis) -> bool:
    """Whether the stored states are of the same settings and not of a later date, and little enough is stale."""
    stored = _basis().get()
    settings = (stored.window_days, stored.lost_days, stored.won_back_days)
    if settings != (basis.window_days, basis.lost_days, basis.won_back_days):
        return False
    if stored.on is None or stored.on > basis.on:
        return False
    return stale.customers() * states.REBUILD_SHARE <= _known_states()


def _known_states() -> int:
    with connection.cursor() as cursor:
        rows, _pages, _visible = _statistics(cursor, states.TABLE)
    return rows if rows > COUNTED else PurchaseState.objects.count()


def _statistics(cursor: Any, table: str) -> tuple[int, int, int]:
    """What the planner believes of a table, parted or not: rows, pages, and pages that an index need not visit."""
    cursor.execute(
        "SELECT coalesce(sum(greatest(reltuples, 0)), 0), coalesce(sum(relpages), 0), coalesce(sum(relallvisible), 0)"
        " FROM pg_class WHERE relkind = 'r'"
        " AND (oid = %(table)s::regclass OR oid IN (SELECT relid FROM pg_partition_tree(%(table)s)))",
        {"table": table},
    )
    rows, pages, visible = cursor.fetchone()
    return int(rows), int(pages), int(visible)


@dataclass(frozen=True)
class Slice:
    """What a slice comes to: who had states, whose are replaced by what, and all states as they are then."""

    queued: stale.Queued
    stored: Any
    touched: Any
    fresh: dict[str, Any]
    states: dict[str, Any]


def _refresh(night_run: NightRun, progress: StepProgress) -> None:
    """Bring forward the customers in the stale queue, and those whom the new date changes by itself."""
    progress.counts |= {"stale": 0, "due": 0}
    for found in _written(night_run, _brought_forward):
        progress.counts["stale"] += len(found.queued.customer)
        progress.counts["due"] += len(found.touched) - len(found.queued.customer)
        progress.advance(len(found.touched))


def _rebuild(night_run: NightRun, progress: StepProgress) -> None:
    """Compute everybody's state from the purchases, and write those that differ from what is stored."""
    _make_visible()
    progress.counts["changed"] = 0
    for found in _written(night_run, _computed_anew):
        progress.counts["changed"] += len(found.touched)
        progress.advance(len(found.states["customer_id"]))
    if progress.counts["changed"] * states.REBUILD_SHARE > progress.done:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE customers_purchasestate")


def _brought_forward(cursor: Any, basis: states.Basis, low: int, high: int) -> Slice:
    queued = stale.seen(cursor, low, high)
    stored = states.read(cursor, low, high)
    plan = advancing.plan(basis, stored, queued)
    forward = advancing.advance(cursor, basis, stored, plan)
    fresh = states.joined(forward, states.compute_listed(cursor, basis, plan.anew))
    after = states.patched(stored, plan.customers, fresh)
    return Slice(queued, stored["customer_id"], plan.customers, fresh, after)


def _computed_anew(cursor: Any, basis: states.Basis, low: int, high: int) -> Slice:
    queued = stale.seen(cursor, low, high)
    stored, fresh = states.read(cursor, low, high), states.compute(cursor, basis, low, high)
    gone, changed = states.difference(stored, fresh)
    rewritten = {name: values[changed] for name, values in fresh.items()}
    touched = np.union1d(gone, rewritten["customer_id"])
    return Slice(queued, stored["customer_id"], touched, rewritten, fresh)


Work = Callable[[Any, states.Basis, int, int], Slice]


def _written(night_run: NightRun, work: Work) -> Iterator[Slice]:
    """Write the slices that are left, and share with later steps what they look at."""

    def write(number: int) -> Slice:
        found = _in_one_moment(work, night_run.basis, *night_run.ranges[number])
        with night_run.claim.part("states", number), connection.cursor() as cursor:
            stale.drop(cursor, found.queued)
            queue.add(cursor, found.queued.customer)
            states.replace(cursor, found.stored, found.touched, found.fresh)
        night_run.columns.put("states", number, {name: found.states[name] for name in states.SCORED})
        return found

    numbers = range(len(night_run.ranges))
    return side_by_side(write, [n for n in numbers if not night_run.claim.is_part_done("states", n)])


def _in_one_moment(work: Work, basis: states.Basis, low: int, high: int) -> Slice:
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if is_outermost:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return work(cursor, basis, low, high)


def _make_visible() -> None:
    """Tell the index which pages of purchases need no visit, where a large import has just written them."""
    if connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        _rows, pages, visible = _statistics(cursor, "customers_purchase")
        if not pages or visible < VISIBLE_SHARE * pages:
            cursor.execute("VACUUM (ANALYZE) customers_purchase")
