"""Who leaves: the back-test on the demo chain, the speed of scores, features of a large chain."""

import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management import call_command
from django.db import connection
from django.db.models import Max, Min
from django.utils import timezone

from benchmarks.figure import Bar, Figure, at_least, at_most
from benchmarks.lab import Lab, best_of, timed
from crm.lib.spells import day_number
from customers.histories import Histories, Sold
from customers.models import Purchase
from segmentation.churn import features, labels, training
from segmentation.churn.candidates import FOREST
from segmentation.churn.step import product_kinds
from segmentation.churn.training import Lessons

TITLE = "who leaves: the demo chain's year, and features of 1 M customers with 20 M receipts"
DAY = 308  # of the demo year, on which it is asked who will leave
BARS: dict[int, dict[str, Bar]] = {
    28: {"auc": at_least(0.872), "brier": at_most(0.103), "lift": at_least(3.6), "ece": at_most(0.03)},
    56: {"auc": at_least(0.886), "lift": at_least(4.7), "ece": at_most(0.03)},
}
CORES = 2
ROWS = 1_000_000  # scored


def run(lab: Lab) -> Iterable[Figure]:
    lab.filled("churn_demo", lambda: call_command("load_demo", verbosity=0))
    with tempfile.TemporaryDirectory() as folder:
        histories = Histories(days()[1], Path(folder)).sold
        yield from backtest(histories)
        yield from scoring(lab, histories)
    lab.filled("churn", lambda: fill(lab))
    with tempfile.TemporaryDirectory() as folder:
        yield from large(Histories(days()[1], Path(folder)).sold)


def days() -> tuple[Any, Any]:
    """First and last day with a receipt."""
    found = Purchase.objects.aggregate(first=Min("business_date"), last=Max("business_date"))
    return found["first"], found["last"]


def backtest(histories: Sold) -> Iterable[Figure]:
    """Days are counted from the first of the demo year, which is 0. Everything is learnt before the day of the test."""
    first = day_number(days()[0])
    on = first + DAY
    yield Figure(
        "horizon that the rhythm suggests", labels.horizon(labels.gap_counts(histories.parts(), on)), "days"
    )
    for horizon, bars in BARS.items():
        lessons = Lessons(histories, product_kinds(), horizon, first)
        found = lessons.cutoffs(on)
        assert found is not None
        learn, proof = found
        tested = training.backtest(lessons, [on])
        (forest,), (recency,) = tested[FOREST], tested["recency"]
        taught = "/".join(str(day - first) for day in reversed(learn))
        note = f"learnt at {taught}, calibrated at {proof - first}, {forest.figures['customers']:,} customers"
        for name in ("auc", "brier", "lift", "ece"):
            yield Figure(
                f"H = {horizon}: {name}", forest.figures[name], "", "recency alone", recency.figures[name],
                bars.get(name), note=note if name == "auc" else "",
            )  # fmt: skip
        silence = tested["bgnbd"][0].figures
        yield Figure(
            f"H = {horizon}: auc of BG/NBD", silence["auc"], "", note=f"Brier {silence['brier']:.4f}"
        )


def scoring(lab: Lab, histories: Sold) -> Iterable[Figure]:
    first = day_number(days()[0])
    lessons = Lessons(histories, product_kinds(), 28, first)
    model = training.trained_as_of(lessons, FOREST, first + DAY)
    assert model is not None
    known = lessons.of([first + DAY]).rows
    rows = np.asfortranarray(np.resize(known, (lab.scaled(ROWS), known.shape[1])))
    parts = np.array_split(np.arange(len(rows)), 40)

    def score(part: Any) -> float:
        told, points = model.told(rows[part[0] : part[-1] + 1])
        return float(np.abs(model.average + points.sum(axis=1) - told).max())

    with ThreadPoolExecutor(CORES) as pool:
        off = [0.0]

        def all_of_them() -> None:
            off[0] = max(pool.map(score, parts))

        began = time.process_time()
        seconds = best_of(3, all_of_them)
        cpu = (time.process_time() - began) / 3
    yield Figure(
        "scores with reasons", len(rows) / seconds, "customers/s", bar=at_least(200_000),
        note=f"{len(rows):,} rows of ready features, {seconds:.2f} s, {cpu:.2f} s of processor, {CORES} threads",
    )  # fmt: skip
    yield Figure("reasons that miss the score by most", off[0], "", bar=at_most(1e-6))


def fill(lab: Lab) -> None:
    until = timezone.now().date()
    call_command(
        "create_synthetic", customers=lab.scaled(1_000_000), receipts=lab.scaled(20_000_000), lines=1, days=730,
        until=until, no_arrivals=True,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def large(histories: Sold) -> Iterable[Figure]:
    on, kinds = day_number(histories.on), product_kinds()
    with timed() as reading:
        count = len(histories)
        with ThreadPoolExecutor(CORES) as pool:
            receipts = sum(pool.map(lambda number: len(histories.part(number).receipt_id), range(count)))

    def features_of(number: int) -> int:
        return len(features.matrix(features.known(histories.part(number), on, kinds)))

    with timed() as computing, ThreadPoolExecutor(CORES) as pool:
        customers = sum(pool.map(features_of, range(count)))
    yield Figure(
        "receipts and lines into columns",
        reading.seconds,
        "s",
        note=f"{receipts:,} receipts; shared by all steps",
    )
    yield Figure(
        "features of everybody", computing.seconds, "s", bar=at_most(60),
        note=f"{customers:,} customers, {customers / max(computing.seconds, 0.001):,.0f} a second",
    )  # fmt: skip
