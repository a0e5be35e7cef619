"""The persona step of a night: everybody, and those of one new day, beside one bare GROUP BY of the lines."""

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
from customers.models import Persona

TITLE = "personas, 200,000 customers, 4 M receipts with 12 M lines"
BARE = "SELECT customer_id, product_id, count(*), sum(amount) FROM customers_line GROUP BY customer_id, product_id"


def run(lab: Lab) -> Iterable[Figure]:
    lab.filled("persona", lambda: fill(lab))
    on = nights.published().on + timedelta(days=1)  # type: ignore[union-attr]
    with timed() as bare, connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({BARE}) AS q")
    everybody, customers = step(on, rebuild=True)
    yield Figure(
        "everybody", everybody, "s", "bare GROUP BY customer, product", bare.seconds, ratio_at_most(4),
        note=f"{customers:,} customers, {customers / max(everybody, 0.001):,.0f} a second",
    )  # fmt: skip
    stale(lab.scaled(10_000))
    some, customers = step(on + timedelta(days=1), rebuild=False)
    yield Figure("those with news", some, "s", note=f"{customers:,} customers")
    yield Figure("personas", Persona.objects.filter(ended_night=None).count(), "rows")


def fill(lab: Lab) -> None:
    until = timezone.now().date() - timedelta(days=60)
    call_command(
        "create_synthetic", customers=lab.scaled(200_000), receipts=lab.scaled(4_000_000), lines=3, days=730,
        until=until, no_arrivals=True,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    step(until, rebuild=False)


def stale(customers: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_stalestate (customer_id) SELECT id FROM customers_customer ORDER BY id LIMIT %s",
            [customers],
        )


def step(on: date, *, rebuild: bool) -> tuple[float, int]:
    """Run a night; seconds and customers of its persona step."""
    job = runner.run_until_ended(nights.start(on, "system:bench", rebuild=rebuild))
    found = Step.objects.get(job=job, name="persona")
    return found.seconds or 0.0, found.done
