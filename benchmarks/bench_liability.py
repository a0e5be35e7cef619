"""Liability and the simulator on a year that was earned: the sums of the ledger, a page, a replay."""

from collections.abc import Iterable
from datetime import date, timedelta

from django.db import connection
from django.utils import timezone

from benchmarks import bench_accrual as year
from benchmarks.figure import Figure, at_most
from benchmarks.lab import Lab, timed
from crm.org.scope import CHAIN
from loyalty.liability import breakage, days, figures
from loyalty.models import LedgerDay, LedgerRead, Movement, Unit
from loyalty.simulation import checking, running, totals
from loyalty.simulation.drafts import Draft, RuleDraft

TITLE = "liability and replays of 155,848 receipts"
PLAIN = (
    "SELECT unit, kind, sum(available), sum(pending), sum(contra) FROM loyalty_movement GROUP BY unit, kind"
)


class Everybody:
    def may(self, _permission: object) -> bool:
        return True

    def scope(self) -> object:
        return CHAIN


def run(lab: Lab) -> Iterable[Figure]:
    lab.filled("accrual", lambda: year.fill(lab))
    year.empty()
    LedgerDay.objects.all().delete()
    LedgerRead.objects.all().delete()
    with timed() as earning:
        year.earn_all()
    year.look_again()
    with timed() as plain, connection.cursor() as cursor:
        cursor.execute(PLAIN)
        cursor.fetchall()
    with timed() as reading:
        rows = days.bring_forward()
    yield Figure(
        "the whole ledger into sums", reading.seconds, "s", "a bare GROUP BY of the movements", plain.seconds,
        note=f"{Movement.objects.count():,} movements, {rows:,} sums",
    )  # fmt: skip
    with timed() as page:
        found = figures.of(Everybody(), Unit.POINTS, figures.today())  # type: ignore[arg-type]
        breakage.estimate(found.rows, figures.today())
    yield Figure("  a page reads them", 1000 * page.seconds, "ms")
    to_on = timezone.now().date() - timedelta(days=1)
    yield from _replays(Draft(from_on=to_on - timedelta(days=364), to_on=to_on), earning.seconds, to_on)


def _replays(live: Draft, earning: float, to_on: date) -> Iterable[Figure]:
    with timed() as replaying:
        parts = list(checking.check(live.from_on, to_on))
    receipts, differing = sum(one.receipts for one in parts), sum(len(one.differences) for one in parts)
    yield Figure(
        "live rules replayed", replaying.seconds, "s", "earning them", earning, note=f"{receipts:,} receipts"
    )
    yield Figure("receipts that differ from the ledger", differing, "receipts", bar=at_most(0))
    rule = RuleDraft(code="trial", kind="multiplier", percent=200, condition={"weekdays": [5]})
    draft = Draft(from_on=live.from_on, to_on=to_on, as_of=to_on, rules=[rule])
    with timed() as drafted:
        for _slice in running.slices(draft, totals.empty()):
            pass
    yield Figure("a draft replayed, with its sums", drafted.seconds, "s", "earning them", earning)
