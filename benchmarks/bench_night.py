"""States and groups of a night at 1 M customers and 20 M receipts, beside one bare GROUP BY over the receipts in the
same database. What scores and learns is measured by `bench_whole_night` and the benchmarks of each score."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
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
from crm.jobs.models import State
from crm.lib.copy import DATE, INT8, read_columns
from customers import nights, stateproof
from customers.models import Purchase

TITLE = "states and groups of a night, 1 M customers and 20 M receipts, one new day"
DAYS = 730
ROUNDS = 3  # of a day each; a machine is seldom quiet for all of one
BARE = (
    "SELECT customer_id, max(occurred_at), count(*), sum(amount) FROM customers_purchase GROUP BY customer_id"
)
RECEIPTS = "SELECT id, customer_id, business_date, (amount * 100)::bigint FROM customers_purchase"


def run(lab: Lab) -> Iterable[Figure]:
    lab.filled("night", lambda: fill(lab))
    plain, rebuilds, bare = [], [], []
    for _ in range(ROUNDS):
        on = one_more_day(lab)
        sweep()
        bare += bare_query()
        plain.append(run_night(on))
        rebuilds.append(run_night(on, rebuild=True))
    night, rebuilt, floor = (
        *(min(runs, key=lambda run: run.seconds) for runs in (plain, rebuilds)),
        min(bare),
    )
    yield Figure(
        "states and groups", night.seconds, "s", "bare GROUP BY", floor, ratio_at_most(0.25),
        note=told(night, plain),
    )  # fmt: skip
    for name, seconds in night.steps.items():
        yield Figure(f"  {name}", seconds, "s")
    yield Figure(
        "the same with --rebuild", rebuilt.seconds, "s", "bare GROUP BY", floor, ratio_at_most(0.6),
        note=told(rebuilt, rebuilds),
    )  # fmt: skip
    basis = stateproof.basis_of_states()
    assert basis is not None
    wrong = sum(len(found) for _, found in stateproof.faults(basis))
    yield Figure("states that differ from a rebuild", wrong, "customers", bar=at_most(0))
    yield from beside_peer(lab, on, night.seconds)


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


def sweep() -> None:
    """What autovacuum does in the day between two nights."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM customers_purchasestate, customers_lifecycle, segmentation_standing")


def bare_query() -> list[float]:
    """Seconds of the query on a warm cache, by the planner's own choice and by hashing, twice each."""
    seconds = []
    with connection.cursor() as cursor:
        for indexes in ("on", "off"):
            cursor.execute(f"SET enable_indexscan = {indexes}")
            for _ in range(2):
                with timed() as clock:
                    cursor.execute(f"SELECT max(c), max(m), sum(n), sum(s) FROM ({BARE}) AS q (c, m, n, s)")
                seconds.append(clock.seconds)
        cursor.execute("RESET enable_indexscan")
    return seconds


@dataclass(frozen=True)
class Run:
    """One run of a night: its steps with their seconds, and what they counted."""

    steps: dict[str, float]
    counts: dict[str, int]

    @property
    def seconds(self) -> float:
        return sum(self.steps.values())


def run_night(on: date, *, rebuild: bool = False) -> Run:
    """Without the steps that only the newest night has."""
    job = runner.run_until_ended(nights.start(on, "system:bench", rebuild=rebuild, is_past=True))
    if job.state != State.DONE:
        raise RuntimeError(job.error)
    steps = list(job.steps.all())
    counts = {f"{step.name}.{name}": n for step in steps for name, n in step.counts.items()}
    return Run({step.name: step.seconds for step in steps}, counts)


def told(run: Run, rounds: list[Run]) -> str:
    took = ", ".join(f"{one.seconds:.2f}" for one in rounds)
    counts = ", ".join(f"{name} {n:,}" for name, n in run.counts.items())
    return f"rounds {took} s, the quickest of each side counts; {counts}"


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
        "openretailscience: RFM of the same receipts", whole, "s", "states and groups", scores, ratio_at_least(5),
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
