"""Duplicates: how many are found, how many alarms are false, how long the sweep of all customers takes."""

import random
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from django.db import connection

from benchmarks.figure import Figure, at_least, at_most, ratio_at_most
from benchmarks.lab import ROOT, Lab, timed
from crm.demo.synthetic import doubles
from crm.demo.synthetic.households import Record
from crm.demo.synthetic.judging import Door, door, judged
from crm.lib.copy import BOOL, EMPTY, INT8, TEXT, write_columns
from customers.matching import defaults, engine
from customers.models import DuplicatePair, MatchRules

TITLE = "duplicates: 100,000 labelled people; the sweep of 1 M customers"
SEED = 4711
SAMPLE = 700  # people who are compared all with all
CUSTOMER = {
    "id": INT8, "name": TEXT, "gender": TEXT, "address": TEXT, "age_band": EMPTY, "income_band": EMPTY,
    "occupation": EMPTY, "household": EMPTY, "language": EMPTY, "is_stub": BOOL,
}  # fmt: skip
IDENTITY = {"kind": TEXT, "value": TEXT, "customer_id": INT8, "is_primary": BOOL, "source": TEXT}


def run(lab: Lab) -> Iterable[Figure]:
    yield from quality(lab)
    yield from beside_peer(lab)
    yield from speed(lab)


def quality(lab: Lab) -> Iterable[Figure]:
    records = list(doubles.records(lab.scaled(100_000), SEED))
    made = door(records)
    lab.database("matching")
    load(made)
    lab.manage("find_duplicates")
    judgement = judged(records, made, found())
    slips = ", ".join(
        f"{slip} {hit / of:.3f} of {of}" for slip, (hit, of) in sorted(judgement.by_slip.items())
    )
    told = f"{judgement.true:,} pairs of {len(records):,} records; recall by slip: {slips}"
    yield Figure("recall, at the door and in the night", judgement.recall, "", bar=at_least(0.90), note=told)
    told = f"{len(made.joins):,} joined at the door, {judgement.proposed - len(made.joins):,} proposed"
    yield Figure(
        "precision of what is joined or proposed", judgement.precision, "", bar=at_least(0.99), note=told
    )


def beside_peer(lab: Lab) -> Iterable[Figure]:
    """Splink on a smaller sample of the same people with the same truth; both take and compare all records."""
    records = list(doubles.records(lab.scaled(20_000), SEED + 2))
    with tempfile.TemporaryDirectory(dir=lab.home) as scratch:
        path = Path(scratch) / "records.parquet"
        write_parquet(path, records)
        told: dict[str, Any] | None = lab.peer(ROOT / "benchmarks" / "peers" / "match_splink.py", str(path))
    if told is None:
        return
    with timed() as clock:
        made = door(records)
    lab.database("matching")
    load(made)
    sweep = lab.manage("find_duplicates")
    judgement = judged(records, made, found())
    precision, recall, threshold = told["best"]
    name = "Splink, best F1 by hindsight"
    note = (
        f"{len(records):,} records; Splink at {told['sure'][2]}: precision {told['sure'][0]:.3f}, recall "
        f"{told['sure'][1]:.3f}; by hindsight at {threshold:.3f}. It learns without labels and knows nothing of "
        "families and nicknames; our rules were made with such records in mind"
    )
    yield Figure("precision beside a peer", judgement.precision, "", name, precision, note=note)
    yield Figure("recall beside a peer", judgement.recall, "", name, recall)
    note = (
        f"ours: {clock.seconds:.1f} s at the door, {sweep.seconds:.1f} s the night; memory {sweep.peak_mb:.0f} and "
        f"{told['mb']:.0f} MB"
    )
    yield Figure("the same records", clock.seconds + sweep.seconds, "s", "Splink", told["seconds"], note=note)


def write_parquet(path: Path, records: list[Record]) -> None:
    """What a record says; nothing told is nothing there."""
    fields = ("name", "gender", "birthday", "phone", "email", "address")
    columns: dict[str, Any] = {name: [getattr(one, name) or None for one in records] for name in fields}
    columns |= {"number": list(range(len(records))), "person": [one.person for one in records]}
    pyarrow.parquet.write_table(pa.table(columns), path)


def speed(lab: Lab) -> Iterable[Figure]:
    customers = lab.scaled(1_000_000)
    made = door(list(doubles.records(round(customers * 0.94), SEED + 1)))
    lab.database("matching")
    load(made)
    first = lab.manage("find_duplicates")
    again = lab.manage("find_duplicates")
    naive = all_with_all(made)
    note = f"{len(made.people):,} customers; {first.output.strip()}; the same again, with keys: {again.seconds:.0f} s"
    yield Figure(
        "sweep, keys included",
        first.seconds / 60,
        "min",
        "all with all (by a sample)",
        naive / 60,
        at_most(10),
        note,
    )
    yield Figure("sweep beside all with all", first.seconds / 60, "min", "", naive / 60, ratio_at_most(0.01))
    yield Figure("largest memory of the sweep", max(first.peak_mb, again.peak_mb), "MB", bar=at_most(1024))


def all_with_all(made: Door) -> float:
    """Seconds that comparing everybody with everybody would take, by a sample."""
    rng = random.Random(SEED)
    people = rng.sample(made.people, min(SAMPLE, len(made.people)))
    rules = MatchRules(**defaults.settings())
    start = time.perf_counter()
    for i, one in enumerate(people):
        for other in people[i + 1 :]:
            engine.compare(one, other, rules)
    pairs = len(people) * (len(people) - 1) / 2
    return (time.perf_counter() - start) / pairs * len(made.people) ** 2 / 2


def load(made: Door) -> None:
    """The customers of a door under the numbers 1, 2, 3, … Birthdays follow in a second statement, where there are."""
    ids = np.arange(1, len(made.people) + 1)
    nothing = np.zeros(len(ids), np.uint8)
    columns: dict[str, Any] = {name: nothing for name, kind in CUSTOMER.items() if kind is EMPTY} | {
        "id": ids, "name": [p.name for p in made.people], "gender": [p.gender for p in made.people],
        "address": [p.address for p in made.people], "is_stub": nothing,
    }  # fmt: skip
    held = [(kind, value, i) for i, p in enumerate(made.people, start=1) for kind, value in p.identities]
    with connection.cursor() as cursor:
        write_columns(cursor, "customers_customer", CUSTOMER, columns)
        write_columns(cursor, "customers_identity", IDENTITY, {
            "kind": [one[0] for one in held], "value": [one[1] for one in held],
            "customer_id": np.array([one[2] for one in held]), "is_primary": np.ones(len(held), np.uint8),
            "source": ["bench"] * len(held),
        })  # fmt: skip
        born = [(i, p.birthday) for i, p in enumerate(made.people, start=1) if p.birthday]
        cursor.execute(
            "UPDATE customers_customer c SET birthday = b.day FROM unnest(%s::bigint[], %s::date[]) AS b (id, day)"
            " WHERE c.id = b.id",
            [[one[0] for one in born], [one[1] for one in born]],
        )
        cursor.execute("SELECT setval('customers_customer_id_seq', %s)", [len(ids)])
        cursor.execute("ANALYZE customers_customer, customers_identity")


def found() -> set[tuple[int, int]]:
    return {(a - 1, b - 1) for a, b in DuplicatePair.objects.values_list("first", "second")}
