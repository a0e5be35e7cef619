"""The step of a night that measures the segments, beside one bare GROUP BY of the lines that it looks at."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import connection

from benchmarks.bench_persona import BARE, fill
from benchmarks.figure import Figure
from benchmarks.lab import Lab, timed
from crm.jobs import runner
from crm.jobs.models import Step
from customers import nights
from segmentation.models import Segment, SegmentSpell, SegmentVersion, TargetCount

TITLE = "target markets, 200,000 customers, 4 M receipts with 12 M lines, the groups and 20 segments"
SEGMENTS = 20


def run(lab: Lab) -> Iterable[Figure]:
    lab.filled("persona", lambda: fill(lab))  # the same data
    segments()
    with timed() as bare, connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({BARE}) AS q")
    on = nights.published().on + timedelta(days=1)  # type: ignore[union-attr]
    job = runner.run_until_ended(nights.start(on, "system:bench", steps=("targets",)))
    step = Step.objects.get(job=job, name="targets")
    seconds = step.seconds or 0.0
    yield Figure(
        "all measured", seconds, "s", "bare GROUP BY customer, product", bare.seconds,
        note=f"{step.done:,} customers, {step.done / max(seconds, 0.001):,.0f} a second",
    )  # fmt: skip
    yield Figure("sums kept", TargetCount.objects.count(), "rows")


def segments() -> None:
    """Twenty segments; customer n is in those whose number divides n."""
    if Segment.objects.exists():
        return
    for number in range(1, SEGMENTS + 1):
        segment = Segment.objects.create(name=f"Every {number}")
        version = SegmentVersion.objects.create(segment=segment, number=1)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {SegmentSpell._meta.db_table} (customer_id, segment_id, version_id, began_at) "
                "SELECT id, %s, %s, now() FROM customers_customer WHERE id %% %s = 0",
                [segment.pk, version.pk, number],
            )
