"""The segments step of the night: a new shelf, then each segment asked of everybody and settled.

A segment changes in one transaction, with its row of the night. Done again after a kill, segments that are settled are
left alone.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from crm.jobs.claim import StepProgress
from customers.attributes import Moment
from customers.histories import Histories
from customers.nightrun import NightRun
from segmentation.models import Changed, ChangedTable, SegmentNight, ShelfPointer
from segmentation.segments import active, growth, membership, settling
from segmentation.segments.active import Active
from segmentation.shelf import answering, laying, purchases

# What is dated after the night's day is not among its histories.
_AHEAD = """
INSERT INTO segmentation_changed (customer_id, at)
SELECT customer_id, clock_timestamp() FROM customers_purchase WHERE business_date > %(on)s GROUP BY customer_id
ON CONFLICT (customer_id) DO UPDATE SET at = excluded.at
"""


def step(night_run: NightRun, progress: StepProgress) -> None:
    """Lay the shelf, settle the segments. Windows end with the day after the business date: the day that begins."""
    moment = Moment(night_run.on + timedelta(days=1), night_run.night.pk)
    name = f"night-{night_run.night.pk}"
    if "shelf" not in night_run.claim.checkpoint:
        _lay(night_run, name, moment)
    for one in active.segments():
        if SegmentNight.objects.filter(segment=one.segment_id, night=night_run.night).exists():
            continue
        with night_run.claim.slice(), connection.cursor() as cursor:
            changed = _settle(cursor, one, night_run, moment)
        progress.counts["changed"] = progress.counts.get("changed", 0) + changed
        progress.advance()


def take_back(night: int) -> None:
    """Spells stay: the next night settles them. What it says of this one goes."""
    SegmentNight.objects.filter(night=night).delete()


def _lay(night_run: NightRun, name: str, moment: Moment) -> None:
    place = answering.home() / name
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        began: datetime = cursor.fetchone()[0]
    seen = list(ChangedTable.objects.values_list("pk", flat=True))
    histories = Histories.of(night_run)
    len(histories)
    shelf = laying.lay(place, moment)
    purchases.lay(shelf, histories)
    laying.finish(shelf, moment)
    basis = min(began, histories.read_at or began)
    with night_run.claim.slice() as draft, connection.cursor() as cursor:
        before = ShelfPointer.objects.values_list("name", flat=True).first()
        ShelfPointer.objects.update_or_create(
            id=1,
            defaults={
                "name": name, "on": moment.on, "night": moment.night, "basis_at": basis,
                "customers": len(shelf.customers),
            },
        )  # fmt: skip
        Changed.objects.filter(at__lt=basis).delete()
        ChangedTable.objects.filter(pk__in=seen).delete()
        cursor.execute(_AHEAD, {"on": night_run.on})
        draft["shelf"] = name
    laying.remove_others(answering.home(), [name, before or name])


def _settle(cursor: Any, one: Active, night_run: NightRun, moment: Moment) -> int:
    done = settling.everybody(cursor, one, moment)
    before = SegmentNight.objects.filter(segment=one.segment_id).order_by("-night_id").first()
    came, went = growth.moved(cursor, one.segment_id, before.at) if before else (len(done.members), 0)
    SegmentNight.objects.create(
        segment_id=one.segment_id, night=night_run.night, version_id=done.version_id, at=done.at,
        customers=len(done.members), came=came, went=went, digest=membership.digest(done.members),
    )  # fmt: skip
    return done.changed
