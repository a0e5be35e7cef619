"""The clusters step of a night: learning, and a night that only assigns, beside reading the histories alone."""

import resource
from collections.abc import Iterable
from datetime import date, timedelta

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from benchmarks.figure import Figure, ratio_at_most
from benchmarks.lab import Lab, timed
from crm.jobs import runner
from crm.jobs.models import Step
from customers import nights
from customers.histories import Histories
from segmentation.clusters import settings
from segmentation.models import ClusterFit

TITLE = "clusters, 1 M customers, 20 M receipts"


def run(lab: Lab) -> Iterable[Figure]:
    lab.filled("clusters", lambda: fill(lab))
    on = nights.published().on + timedelta(days=1)  # type: ignore[union-attr]
    with timed() as bare:
        read(on)
    settings.relearn(by="system:bench")
    learning, customers = step(on)
    fit = ClusterFit.objects.order_by("-night").first()
    assert fit is not None
    yield Figure(
        "a night that learns", learning, "s", "reading the histories alone", bare.seconds, ratio_at_most(3),
        note=f"{customers:,} customers, {len(fit.clusters)} clusters",
    )  # fmt: skip
    assigning, customers = step(on + timedelta(days=1))
    yield Figure(
        "a night that only assigns", assigning, "s", "reading the histories alone", bare.seconds, ratio_at_most(2),
        note=f"{customers / max(assigning, 0.001):,.0f} customers a second",
    )  # fmt: skip
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Figure("largest resident memory", most, "MB")


def fill(lab: Lab) -> None:
    until = timezone.now().date() - timedelta(days=60)
    call_command(
        "create_synthetic", customers=lab.scaled(1_000_000), receipts=lab.scaled(20_000_000), lines=2, days=730,
        until=until, no_arrivals=True,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    runner.run_until_ended(nights.start(until, "system:bench"))


def read(on: date) -> None:
    """Every part of the histories, laid out and looked at."""
    from django.conf import settings as places

    histories = Histories(on, places.HOME.path / "tmp")
    try:
        for part in histories.parts():
            part.receipt_cents.sum()
    finally:
        histories.close()


def step(on: date) -> tuple[float, int]:
    """Run the step of a night; its seconds, reading the histories included, and its customers."""
    job = runner.run_until_ended(nights.start(on, "system:bench", steps=("clusters",)))
    found = Step.objects.get(job=job, name="clusters")
    return found.seconds or 0.0, found.done
