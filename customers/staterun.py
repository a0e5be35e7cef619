"""The purchase-state step of the night: what changed, or everything."""

from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from crm.jobs.claim import StepProgress
from customers import states
from customers.models import Night, PurchaseState, StateBasis
from customers.nightrun import NightRun

STALE_A_SLICE = 200_000  # rows of the queue, or due customers, taken by one transaction
VISIBLE_SHARE = 0.9  # of the pages of purchases: below it the walk along the index is slow


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
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT customer_id) FROM customers_stalestate")
        stale = cursor.fetchone()[0]
    return stale * states.REBUILD_SHARE <= PurchaseState.objects.count()


def _refresh(night_run: NightRun, progress: StepProgress) -> None:
    """Recompute the customers in the stale queue, then those whom the new date changes by itself."""
    low, high, rows = states.stale_range()
    progress.counts["stale"] = 0
    for start in range(low, high, STALE_A_SLICE) if rows else ():
        with night_run.claim.slice(), connection.cursor() as cursor:
            ids = states.take_stale(cursor, start, min(start + STALE_A_SLICE, high))
            states.recompute(cursor, night_run.basis, ids)
        progress.counts["stale"] += len(ids)
        progress.advance(len(ids))
    with connection.cursor() as cursor:
        due = states.due(cursor, night_run.basis)
    progress.counts["due"] = len(due)
    for start in range(0, len(due), STALE_A_SLICE):
        with night_run.claim.slice(), connection.cursor() as cursor:
            states.recompute(cursor, night_run.basis, due[start : start + STALE_A_SLICE])
        progress.advance(len(due[start : start + STALE_A_SLICE]))


def _rebuild(night_run: NightRun, progress: StepProgress) -> None:
    """Compute everybody's state from the purchases, and write those that differ from what is stored."""
    _make_visible()
    begin = int(night_run.claim.checkpoint.get("states", 0))
    progress.counts["changed"] = 0
    for number, (low, high) in enumerate(night_run.ranges):
        if number < begin:
            continue
        with night_run.claim.slice() as draft, connection.cursor() as cursor:
            states.drop_stale_of(cursor, low, high)
            fresh = states.compute(cursor, night_run.basis, low, high)
            progress.counts["changed"] += states.replace_differing(
                cursor, states.read(cursor, low, high), fresh
            )
            draft["states"] = number + 1
        night_run.columns.put("states", number, fresh)
        progress.advance(len(fresh["customer_id"]))
    if progress.counts["changed"] * states.REBUILD_SHARE > progress.done:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE customers_purchasestate")


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
