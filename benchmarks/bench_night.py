"""The night at 1 M customers and 20 M receipts, beside one bare GROUP BY over the receipts in the same database."""

import tempfile
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from benchmarks.figure import Figure, at_most, ratio_at_least, ratio_at_most
from benchmarks.lab import ROOT, Lab, timed
from crm.jobs import runner
from crm.jobs.models import Job, State
from crm.lib.copy import DATE, INT8, read_columns
from customers import nights, stateproof
from customers.models import Purchase

TITLE = "the night, 1 M customers and 20 M receipts, one new day"
DAYS = 730
BARE = (
    "SELECT customer_id, max(occurred_at), count(*), sum(amount) FROM customers_purchase GROUP BY customer_id"
)
RECEIPTS = "SELECT id, customer_id, business_date, (amount * 100)::bigint FROM customers_purchase"


def run(lab: Lab) -> Iterable[Figure]:
    lab.filled("night", lambda: fill(lab))
    on = one_more_day(lab)
    bare = bare_query()
    job = run_night(on)
    steps = {step.name: step.seconds for step in job.steps.all()}
    scores = sum(steps.values())
    yield Figure(
        "night, all steps", scores, "s", "bare GROUP BY", bare, ratio_at_most(0.25), note=told(job),
    )  # fmt: skip
    for name, seconds in steps.items():
        yield Figure(f"  {name}", seconds, "s")
    rebuilt = run_night(on, rebuild=True)
    seconds = sum(step.seconds for step in rebuilt.steps.all())
    yield Figure(
        "night with --rebuild", seconds, "s", "bare GROUP BY", bare, ratio_at_most(0.6), note=told(rebuilt)
    )
    basis = stateproof.basis_of_states()
    assert basis is not None
    wrong = sum(len(found) for _, found in stateproof.faults(basis))
    yield Figure("states that differ from a rebuild", wrong, "customers", bar=at_most(0))
    yield from beside_peer(lab, on, scores)


def fill(lab: Lab) -> None:
    """Two years of receipts until two months ago, and their first night."""
    customers, receipts = lab.scaled(1_000_000), lab.scaled(20_000_000)
    until = timezone.now().date() - timedelta(days=60)
    call_command(
        "create_synthetic",
        customers=customers,
        receipts=receipts,
        lines=0,
        days=DAYS,
        until=until,
        no_arrivals=True,
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) customers_purchase, customers_customer")
    run_night(until)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def one_more_day(lab: Lab) -> date:
    """A day of new receipts, with their customers in the stale queue, as the importer leaves them."""
    call_command(
        "create_synthetic", receipts=lab.scaled(20_000_000 // DAYS), lines=0, no_arrivals=True, days_after=1
    )
    last = Purchase.objects.order_by("-pk").values_list("business_date", flat=True)[0]
    published = nights.published()
    assert published is not None
    return max(last, published.on + timedelta(days=1))


def bare_query() -> float:
    """Seconds of the query on a warm cache, by the planner's own choice or by hashing: whichever is quicker."""
    seconds = []
    with connection.cursor() as cursor:
        for indexes in ("on", "off"):
            cursor.execute(f"SET enable_indexscan = {indexes}")
            for _ in range(2):
                with timed() as clock:
                    cursor.execute(f"SELECT max(c), max(m), sum(n), sum(s) FROM ({BARE}) AS q (c, m, n, s)")
                seconds.append(clock.seconds)
        cursor.execute("RESET enable_indexscan")
    return min(seconds)


def run_night(on: date, *, rebuild: bool = False) -> Job:
    job = runner.run_until_ended(nights.start(on, "system:bench", rebuild=rebuild))
    if job.state != State.DONE:
        raise RuntimeError(job.error)
    return job


def told(job: Job) -> str:
    counts = {f"{step.name}.{name}": n for step in job.steps.all() for name, n in step.counts.items()}
    return ", ".join(f"{name} {n:,}" for name, n in counts.items())


def beside_peer(lab: Lab, on: date, scores: float) -> Iterable[Figure]:
    """openretailscience needs the receipts outside the database; both its parts are timed."""
    with tempfile.TemporaryDirectory(dir=lab.home) as scratch:
        path = Path(scratch) / "receipts.parquet"
        with timed() as reading:
            write_parquet(path)
        found: dict[str, Any] | None = lab.peer(
            ROOT / "benchmarks" / "peers" / "rfm_openretailscience.py", str(path), on.isoformat()
        )
    if found is None:
        return
    whole = reading.seconds + found["seconds"]
    yield Figure(
        "openretailscience: RFM of the same receipts", whole, "s", "night, all steps", scores, ratio_at_least(5),
        note=f"{reading.seconds:.1f} s to read them from the database (through our COPY reader), "
        f"{found['seconds']:.1f} s to score {found['customers']:,} customers in DuckDB "
        f"({found['seconds'] / scores:.2f} × the night); it keeps no state, history, lifecycle or value classes",
    )  # fmt: skip


def write_parquet(path: Path) -> None:
    types = {"id": INT8, "customer": INT8, "day": DATE, "cents": INT8}
    writer = None
    with connection.cursor() as cursor:
        for block in read_columns(cursor, RECEIPTS, types):
            table = pa.table(
                {
                    "transaction_id": block["id"],
                    "customer_id": block["customer"],
                    "transaction_date": pa.array(block["day"].astype("datetime64[D]")),
                    "unit_spend": block["cents"] / 100,
                }
            )
            writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema)
            writer.write_table(table)
    if writer:
        writer.close()
