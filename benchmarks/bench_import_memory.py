"""How much memory an import of ten million lines takes: it must not grow with the file."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from benchmarks.figure import Figure, at_most
from benchmarks.lab import Lab

TITLE = "an import of 10 M lines (CSV)"
LINES_A_RECEIPT = 10
BLOCK = 1_000_000
CUSTOMERS, STORES, PRODUCTS, DAYS = 200_000, 100, 20_000, 365


def run(lab: Lab) -> Iterable[Figure]:
    lines = lab.scaled(10_000_000)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "receipts.csv"
        write_file(path, lines)
        name = lab.database("import_memory")
        child = lab.manage("import_receipts", str(path))
        lab.forget(name)
        yield Figure(
            "largest resident memory", child.peak_mb, "MB", bar=at_most(512),
            note=f"of the process that imports (VmHWM); the file has {path.stat().st_size / 1e6:,.0f} MB",
        )  # fmt: skip
        yield Figure(
            "rate", lines / child.seconds, "lines/s", note=f"{lines:,} lines in {child.seconds:,.0f} s"
        )


def write_file(path: Path, lines: int) -> None:
    rng = np.random.default_rng(1)
    writer = None
    for start in range(0, lines, BLOCK):
        table = _block(rng, start, min(BLOCK, lines - start))
        writer = writer or pyarrow.csv.CSVWriter(path, table.schema)
        writer.write(table)
    if writer:
        writer.close()


def _block(rng: np.random.Generator, start: int, size: int) -> pa.Table:
    number = np.arange(start, start + size)
    receipt = number // LINES_A_RECEIPT
    receipts = int(receipt[-1] - receipt[0]) + 1
    of = receipt - receipt[0]
    minutes = rng.integers(0, DAYS * 24 * 60, receipts)
    at = (np.datetime64("2025-11-01T00:00:00") + minutes * np.timedelta64(60, "s"))[of]
    return pa.table(
        {
            "source": _coded("till-", np.zeros(size, dtype=np.int64)),
            "external_id": _coded("R", receipt),
            "store": _coded("S", rng.integers(0, STORES, receipts)[of]),
            "occurred_at": pa.array(np.char.add(np.datetime_as_string(at), "+00:00")),
            "customer_kind": _coded("member", np.zeros(size, dtype=np.int64), digits=0),
            "customer_value": _coded("M", rng.integers(0, CUSTOMERS, receipts)[of]),
            "line": pa.array(number % LINES_A_RECEIPT + 1),
            "product": _coded("P", rng.integers(0, PRODUCTS, size)),
            "quantity": pa.array(rng.integers(1, 5, size)),
            "amount": pa.array(np.round(rng.integers(50, 5_000, size) / 100, 2)),
        }
    )


def _coded(prefix: str, numbers: np.ndarray, *, digits: int = 8) -> pa.Array:
    distinct, place = np.unique(numbers, return_inverse=True)
    texts = [f"{prefix}{n:0{digits}d}" if digits else prefix for n in distinct.tolist()]
    return pa.array(texts).take(pa.array(place))
