"""docs/benchmarks.md has one table with a row for every benchmark."""

from pathlib import Path

from django.conf import settings


def test_every_benchmark_has_its_row() -> None:
    base = Path(settings.BASE_DIR)
    text = (base / "docs/benchmarks.md").read_text(encoding="utf-8")
    table = text.split("| name |", 1)[1].split("\n\n", 1)[0]
    named = [line.split("`")[1] for line in table.splitlines()[2:]]
    there = {path.stem.removeprefix("bench_") for path in (base / "benchmarks").glob("bench_*.py")}
    assert set(named) == there and len(named) == len(there)
