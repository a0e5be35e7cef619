"""The purchase-state step of the night: what changed, or everything, a slice of customers at a time.

A slice sees one moment (repeatable read): the rows of the stale queue that it removes are exactly those of the
purchases that it has read. Whoever applies something meanwhile leaves a row for the next night.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from crm.jobs.claim import StepProgress
from customers import advancing, stale, states
from customers.models import Night, PurchaseState, StateBasis
from customers.nightrun import NightRun

VISIBLE_SHARE = 0.9  # of the pages of purchases: below it the walk along the index is slow
SIDE_BY_SIDE = 2  # ranges computed at once by a rebuild, each on a connection of its own
COUNTED = 100_000  # states up to this number are counted, beyond the database's estimate will do


def step(night_run: NightRun, progress: StepProgress) -> None:
    """Bring all states to the night's date: those that changed, or everybody's when that is asked for or quicker."""
    if "rebuild" not in night_run.claim.checkpoint:
        with night_run.claim.slice() as draft:
            draft["rebuild"] = night_run.is_rebuild or not _can_go_on(night_run.basis)
            Night.objects.filter(pk=night_run.night.pk).update(computed_at=Now())
            _basis().update(on=night_run.on, **({} if not draft["rebuild"] else _UNSETTLED))
    if night_run.claim.checkpoint["rebuild"]:
        _rebuild(night_run, progress)
    else:
        _refresh(night_run, progress)
    _basis().update(
        on=night_run.on,
        window_days=night_run.basis.window_days,
        lost_days=night_run.basis.lost_days,
        won_back_days=night_run.basis.won_back_days,
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
        cursor.execute(
            "SELECT sum(reltuples) FROM pg_class"
            " WHERE oid IN (SELECT relid FROM pg_partition_tree(%s)) AND relkind = 'r'",
            [states.TABLE],
        )
        about = int(cursor.fetchone()[0] or 0)
    return about if about > COUNTED else PurchaseState.objects.count()


def _refresh(night_run: NightRun, progress: StepProgress) -> None:
    """Bring forward the customers in the stale queue, and those whom the new date changes by itself."""
    progress.counts |= {"stale": 0, "due": 0}
    for number in _slices_left(night_run):
        is_alone = not connection.in_atomic_block
        with night_run.claim.slice() as draft, connection.cursor() as cursor:
            _see_one_moment(cursor, is_alone)
            queued, touched = _bring_forward(cursor, night_run, number)
            draft["states"] = number + 1
        progress.counts["stale"] += queued
        progress.counts["due"] += touched - queued
        progress.advance(touched)


def _bring_forward(cursor: Any, night_run: NightRun, number: int) -> tuple[int, int]:
    """Do one slice. Returns how many of its customers were in the queue, and how many were looked at."""
    low, high = night_run.ranges[number]
    basis = night_run.basis
    queued = stale.take(cursor, low, high)
    stored = states.read(cursor, low, high)
    plan = advancing.plan(basis, stored, queued)
    fresh = states.joined(
        advancing.advance(cursor, basis, stored, plan.forward),
        states.compute_listed(cursor, basis, plan.anew),
    )
    states.replace(cursor, plan.customers, fresh)
    _share(night_run, number, states.patched(stored, plan.customers, fresh))
    return len(queued.customer), len(plan.customers)


def _rebuild(night_run: NightRun, progress: StepProgress) -> None:
    """Compute everybody's state from the purchases, and write those that differ from what is stored."""
    _make_visible()
    progress.counts["changed"] = 0
    for number, (rows, fresh) in _computed(night_run.basis, night_run.ranges, _slices_left(night_run)):
        with night_run.claim.slice() as draft, connection.cursor() as cursor:
            stale.drop(cursor, rows)
            stored = states.read(cursor, *night_run.ranges[number])
            progress.counts["changed"] += states.replace_differing(cursor, stored, fresh)
            draft["states"] = number + 1
        _share(night_run, number, fresh)
        progress.advance(len(fresh["customer_id"]))
    if progress.counts["changed"] * states.REBUILD_SHARE > progress.done:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE customers_purchasestate")


Computed = tuple[list[int], dict[str, Any]]  # rows of the queue that were seen, and the states


def _computed(
    basis: states.Basis, ranges: list[tuple[int, int]], numbers: range
) -> Iterator[tuple[int, Computed]]:
    """The states of the slices, in order, computed some slices ahead: on all cores, and few slices in memory."""
    if connection.in_atomic_block:  # what it has written, another connection cannot see
        yield from ((number, _compute(basis, *ranges[number])) for number in numbers)
        return
    with ThreadPoolExecutor(SIDE_BY_SIDE, "night-states") as pool:
        waiting = deque(numbers)
        running = deque(
            (n, pool.submit(_compute_apart, basis, *ranges[n])) for n in _taken(waiting, SIDE_BY_SIDE + 1)
        )
        while running:
            number, future = running.popleft()
            computed = future.result()
            running.extend((n, pool.submit(_compute_apart, basis, *ranges[n])) for n in _taken(waiting, 1))
            yield number, computed


def _taken(waiting: deque[int], most: int) -> list[int]:
    return [waiting.popleft() for _ in range(min(most, len(waiting)))]


def _compute_apart(basis: states.Basis, low: int, high: int) -> Computed:
    try:
        return _compute(basis, low, high)
    finally:
        connection.close()  # this thread's own


def _compute(basis: states.Basis, low: int, high: int) -> Computed:
    is_alone = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        _see_one_moment(cursor, is_alone)
        return stale.seen(cursor, low, high), states.compute(cursor, basis, low, high)


def _see_one_moment(cursor: Any, is_alone: bool) -> None:
    """All statements of the transaction that has just begun see the same rows. Inside another one it cannot be said."""
    if is_alone:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _slices_left(night_run: NightRun) -> range:
    return range(int(night_run.claim.checkpoint.get("states", 0)), len(night_run.ranges))


def _share(night_run: NightRun, number: int, columns: dict[str, Any]) -> None:
    """Keep for later steps what they look at."""
    night_run.columns.put("states", number, {name: columns[name] for name in states.SCORED})


def _make_visible() -> None:
    """Tell the index which pages of purchases need no visit, where a large import has just written them."""
    if connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(relallvisible), sum(relpages) FROM pg_class"
            " WHERE oid IN (SELECT relid FROM pg_partition_tree('customers_purchase'))"
        )
        visible, pages = cursor.fetchone()
        if not pages or (visible or 0) < VISIBLE_SHARE * pages:
            cursor.execute("VACUUM (ANALYZE) customers_purchase")
