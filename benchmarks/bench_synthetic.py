"""Writing synthetic data: what the other benchmarks wait for."""

from collections.abc import Iterable

from benchmarks.figure import Figure, at_most
from benchmarks.lab import Lab

TITLE = "create_synthetic, 1 M customers and 20 M receipts"


def run(lab: Lab) -> Iterable[Figure]:
    customers, receipts = lab.scaled(1_000_000), lab.scaled(20_000_000)
    name = lab.database("synthetic")
    try:
        child = lab.manage("create_synthetic", "--customers", str(customers), "--receipts", str(receipts))
        yield Figure(f"{receipts:,} receipts", receipts / child.seconds, "receipts/s")
        yield Figure("largest resident memory", child.peak_mb, "MB", bar=at_most(512))
    finally:
        lab.forget(name)
