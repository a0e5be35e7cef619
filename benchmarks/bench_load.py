"""The demo year through the importer, beside a bare COPY of the rows that it made and beside `bulk_create`."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db import connection, models, transaction

from benchmarks.figure import Figure, at_most, ratio_at_least
from benchmarks.lab import Lab, timed
from customers.models import Arrival, ImportFile, Line, Payment, Purchase

TITLE = "1.47 M lines of the demo chain through the importer"
# What a receipt becomes, parents first; and what those rows refer to.
WRITTEN: tuple[type[models.Model], ...] = (Arrival, Purchase, Line, Payment)
REFERRED = (
    "org_region", "org_store", "customers_source", "customers_category", "customers_brand", "customers_product",
    "customers_customer",
)  # fmt: skip
SAMPLE = 20_000  # receipts for bulk_create, which is too slow for all


def run(lab: Lab) -> Iterable[Figure]:
    small = lab.scale < 1
    with tempfile.TemporaryDirectory() as scratch:
        kept = Path(scratch)
        filled = lab.database("load")
        with timed() as whole:
            child = lab.manage("load_demo", *(["--small"] if small else []))
        lines = Line.objects.count()
        seconds = _import_seconds()
        rows = {table: _dump(table, kept) for table in (*REFERRED, *(m._meta.db_table for m in WRITTEN))}
        values = {model: list(model.objects.filter(_first(model)).values()) for model in WRITTEN}
        copy_seconds = _bare_copy(lab, kept)
        bulk_rate = _bulk_create(lab, kept, values)
        lab.forget(filled)
    yield Figure("load_demo, all of it", whole.seconds, "s", bar=at_most(60), note=f"{lines:,} lines")
    yield Figure("its largest resident memory", child.peak_mb, "MB")
    yield Figure(
        "importer", lines / seconds, "lines/s", "bare COPY, same rows", lines / copy_seconds, ratio_at_least(0.25),
        note=f"{sum(rows[m._meta.db_table] for m in WRITTEN):,} rows in {len(WRITTEN)} tables",
    )  # fmt: skip
    yield Figure(
        "importer", lines / seconds, "lines/s", "bulk_create, same tables", bulk_rate, ratio_at_least(10)
    )


def _import_seconds() -> float:
    """From claiming the import's job to its end: reading, checking and applying the whole file."""
    job = ImportFile.objects.filter(kind="receipts").latest("pk").job
    assert job and job.started_at and job.finished_at
    return (job.finished_at - job.started_at).total_seconds()


def _first(model: type[models.Model]) -> models.Q:
    """The rows of the first SAMPLE receipts."""
    last = Purchase.objects.order_by("pk").values_list("pk", flat=True)[:SAMPLE][::-1][0]
    return models.Q(pk__lte=last) if model is Purchase else models.Q(purchase_id__lte=last)


def _dump(table: str, directory: Path) -> int:
    with connection.cursor() as cursor, (directory / table).open("wb") as file:
        with cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)") as copy:
            for block in copy:
                file.write(block)
        return int(cursor.rowcount)


def _read(cursor: Any, table: str, directory: Path) -> None:
    with (
        (directory / table).open("rb") as file,
        cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy,
    ):
        while block := file.read(1 << 20):
            copy.write(block)


def _referred(lab: Lab, name: str, directory: Path) -> str:
    full = lab.database(name)
    with connection.cursor() as cursor:
        for table in REFERRED:
            _read(cursor, table, directory)
    return full


def _bare_copy(lab: Lab, directory: Path) -> float:
    """Seconds to COPY the finished rows, in one transaction, into the tables with all their indexes and keys."""
    full = _referred(lab, "load_copy", directory)
    with timed() as clock, transaction.atomic(), connection.cursor() as cursor:
        for model in WRITTEN:
            _read(cursor, model._meta.db_table, directory)
    lab.forget(full)
    return clock.seconds


def _bulk_create(lab: Lab, directory: Path, values: dict[type[models.Model], list[dict[str, Any]]]) -> float:
    """Lines a second with Django's own bulk insert, from rows that are read, checked and resolved already."""
    full = _referred(lab, "load_bulk", directory)
    with timed() as clock, transaction.atomic():
        for model in WRITTEN:
            model._default_manager.bulk_create([model(**row) for row in values[model]], batch_size=1_000)
    lab.forget(full)
    return len(values[Line]) / clock.seconds
