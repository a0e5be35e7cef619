"""Splink (Fellegi-Sunter with EM, on DuckDB) on the same labelled records. Runs in the peers' environment; prints JSON.

It is set up as its documentation advises for people: Jaro-Winkler on names, its own comparisons of birthdays and
e-mails, slips of a phone, term frequencies, blocking on any fact that is the same; parameters learnt from the data
without labels. It gets the benefit of hindsight: beside a threshold of 0.95, the one with the best F1 of all.
"""

import itertools
import json
import logging
import resource
import sys
import time
from typing import Any

import pyarrow.parquet
import splink.comparison_library as cl
from splink import Linker, SettingsCreator, block_on
from splink.backends.duckdb import DuckDBAPI

SURE = 0.95
LEAST = 0.01
SETTINGS = SettingsCreator(
    link_type="dedupe_only",
    unique_id_column_name="number",
    comparisons=[
        cl.JaroWinklerAtThresholds("name", [0.95, 0.88, 0.8]).configure(term_frequency_adjustments=True),
        cl.DateOfBirthComparison("birthday", input_is_string=False),
        cl.DamerauLevenshteinAtThresholds("phone", [1, 2]),
        cl.EmailComparison("email").configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("address", [0.95, 0.88]),
        cl.ExactMatch("gender"),
    ],
    blocking_rules_to_generate_predictions=[
        block_on("phone"), block_on("email"), block_on("name"), block_on("birthday"),
        block_on("address"), block_on("right(phone, 6)"),
    ],
)  # fmt: skip


def main(path: str) -> None:
    records = pyarrow.parquet.read_table(path)
    person = dict(zip(records["number"].to_pylist(), records["person"].to_pylist(), strict=True))
    start = time.perf_counter()
    pairs = scored(records.drop_columns(["person"]))
    seconds = time.perf_counter() - start
    true = same(person)
    pairs.sort(reverse=True)
    found = {
        "seconds": seconds,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "true": true,
    }
    print(json.dumps(found | judged(pairs, person, true)))


def scored(records: Any) -> list[tuple[float, int, int]]:
    logging.disable(logging.INFO)
    api = DuckDBAPI()
    linker = Linker(api.register(records), SETTINGS)
    certain = [block_on("phone", "name"), block_on("email", "name")]
    linker.training.estimate_probability_two_random_records_match(certain, recall=0.5)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in (block_on("phone"), block_on("birthday"), block_on("email")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=LEAST).as_record_list()
    return [(one["match_probability"], one["number_l"], one["number_r"]) for one in found]


def same(person: dict[int, int]) -> int:
    """How many pairs of records are of one person."""
    counts: dict[int, int] = {}
    for one in person.values():
        counts[one] = counts.get(one, 0) + 1
    return sum(n * (n - 1) // 2 for n in counts.values())


def judged(pairs: list[tuple[float, int, int]], person: dict[int, int], true: int) -> dict[str, Any]:
    """Precision and recall of pairs, at SURE and where F1 is best."""
    hits = list(itertools.accumulate(person[a] == person[b] for _score, a, b in pairs))
    rates = [(hit / n, hit / true) for n, hit in enumerate(hits, start=1)]
    best = max(range(len(rates)), key=lambda i: 2 * rates[i][0] * rates[i][1] / (sum(rates[i]) or 1))
    sure = sum(score >= SURE for score, _a, _b in pairs) - 1
    return {"best": [*rates[best], pairs[best][0]], "sure": [*rates[sure], SURE]}


if __name__ == "__main__":
    main(sys.argv[1])
