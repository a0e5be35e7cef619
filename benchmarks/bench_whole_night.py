"""A whole night, every step that scores, at 1 M customers and 20 M receipts with a line each: time and memory.

The first night learns what there is to learn (models, clusters, rules) and writes everything; the second, after one
new day, is what every night is like. Beside it a bare GROUP BY of the receipts.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from benchmarks.figure import Figure, at_most
from benchmarks.lab import Lab, timed
from crm.jobs.models import Step
from customers import nights

TITLE = "a whole night with all scores, 1 M customers, 20 M receipts"
BARE = (
    "SELECT customer_id, max(occurred_at), count(*), sum(amount) FROM customers_purchase GROUP BY customer_id"
)
LONGEST, MOST_MEMORY = 600, 2048  # seconds, MB


def run(lab: Lab) -> Iterable[Figure]:
    lab.filled("whole_night", lambda: fill(lab))
    with timed() as bare, connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({BARE}) AS q")
    last = nights.published()
    assert last is not None
    first = Step.objects.filter(job__kind="night").order_by("job_id").values_list("job_id", flat=True)[0]
    learning = sum(step.seconds or 0.0 for step in Step.objects.filter(job=first))
    yield Figure("the first night, its steps", learning, "s", "bare GROUP BY", bare.seconds, at_most(LONGEST))
    for name in ("a night", "the night after it"):
        on = last.on + timedelta(days=1)
        call_command("create_synthetic", days_after=1, receipts=lab.scaled(30_000))
        ran = lab.manage("nightly", "--date", on.isoformat())
        yield Figure(name, ran.seconds, "s", "bare GROUP BY", bare.seconds, at_most(LONGEST))
        yield Figure("  its memory", ran.peak_mb, "MB", bar=at_most(MOST_MEMORY))
        for step in Step.objects.filter(job__kind="night", job__key=on.isoformat()).order_by("position"):
            yield Figure(f"  {step.name}", step.seconds or 0.0, "s")
        last = nights.published()
        assert last is not None


def fill(lab: Lab) -> None:
    until = timezone.now().date() - timedelta(days=60)
    call_command(
        "create_synthetic", customers=lab.scaled(1_000_000), receipts=lab.scaled(20_000_000), days=730,
        until=until, no_arrivals=True,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    lab.manage("nightly", "--date", until.isoformat())
