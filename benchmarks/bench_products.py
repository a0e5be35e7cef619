"""Goods that go together and come next: pairs beside mlxtend, recall beside implicit, the step of the night."""

import tempfile
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from benchmarks import nextbest
from benchmarks.figure import Figure, at_most, ratio_at_least
from benchmarks.lab import ROOT, Lab, best_of
from crm.demo import journey
from crm.jobs import runner
from crm.jobs.models import Step
from customers import nights
from segmentation.models import ProductFit
from segmentation.products.baskets import Baskets, once
from segmentation.products.pairs import Counter, Pairs

TITLE = (
    "goods: pairs of the demo year, recall of the next weeks, the step for 1 M customers and 20 M receipts"
)
MINIMUM = 0.001
TEST = 337  # the day from which the last four weeks run; what was chosen was chosen with 309
PEERS = ROOT / "benchmarks" / "peers"


def run(lab: Lab) -> Iterable[Figure]:
    yield from pairs(lab)
    yield from recall(lab)
    yield from step(lab)


# --- Pairs


def pairs(lab: Lab) -> Iterable[Figure]:
    basket, item = types()
    seconds = best_of(3, lambda: counted(basket, item))
    found = counted(basket, item)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "baskets.npz"
        np.savez(file, basket=once(basket, item)[0], item=once(basket, item)[1], minimum=MINIMUM)
        peer = lab.peer(PEERS / "pairs_mlxtend.py", str(file))
    note = f"{found.baskets:,} baskets, {len(np.unique(item)):,} types"
    yield Figure("pairs of types", len(found), "pairs", note=note)
    if peer is None:
        yield Figure("counting them", seconds, "s")
        return
    yield Figure("counting them", 1 / seconds, "times/s", "mlxtend fpgrowth", 1 / peer["seconds"], ratio_at_least(60),
                 note=f"{seconds:.3f} s against {peer['seconds']:.1f} s")  # fmt: skip
    yield Figure("pairs and counts that differ", differing(found, peer["sets"]), "pairs", bar=at_most(0))


def types() -> tuple[Any, Any]:
    """Basket and product type of each line of the demo year that has a type."""
    folder = journey.data_directory()
    lines, products = journey.read_lines(folder), journey.read_products(folder)
    named, place = np.unique([name or "" for name in products.type], return_inverse=True)
    order = np.argsort(products.id)
    item = place[order][np.searchsorted(np.array(products.id)[order], lines.product)].astype(np.int64)
    return (np.cumsum(lines.number == 1) - 1)[named[item] != ""], item[named[item] != ""]


def counted(basket: Any, item: Any) -> Pairs:
    counter = Counter(int(item.max()) + 1, MINIMUM)
    counter.look(int(basket.max()) + 1, np.bincount(item))
    counter.settle()
    counter.add(counter.product(Baskets(int(basket.max()) + 1, *once(basket, item))))
    return counter.pairs()


def differing(found: Pairs, sets: list[Any]) -> int:
    """Pairs that only one side has, or with another count of theirs or of their items."""
    of = {items[0]: n for items, n in sets if len(items) == 1}
    theirs = {(*items, n) for items, n in sets if len(items) == 2}
    ours, wrong = set(), 0
    columns = (found.a, found.b, found.of_a, found.of_b, found.both)
    for a, b, of_a, of_b, both in zip(*(column.tolist() for column in columns), strict=True):
        ours.add((min(a, b), max(a, b), both))
        wrong += (of[a] != of_a) + (of[b] != of_b)
    return len(ours ^ theirs) + wrong


# --- Recall


def recall(lab: Lab) -> Iterable[Figure]:
    split = nextbest.Split(nextbest.history(), TEST)
    found = nextbest.recalls(split) | peers(lab, split)
    personal, popular = found["personal frequency"][0], found["popularity"][1]
    for name, (whole, new) in found.items():
        bar = ratio_at_least(1.03) if name == "buy again" else None
        if name != "discovery":
            yield Figure(
                f"{name}: all that was bought", whole, "recall@10", "personal frequency", personal, bar
            )
        if name not in {"buy again", "personal frequency"}:
            bar = ratio_at_least(1.3) if name == "discovery" else None
            yield Figure(f"{name}: what was new", new, "recall@10", "popularity", popular, bar)


def peers(lab: Lab, split: nextbest.Split) -> dict[str, tuple[float, float]]:
    owner, product, times = split.visits()
    test = split.test
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "split.npz"
        np.savez(file, row=owner, column=product, times=times, test_row=test[0], test_column=test[1])
        return lab.peer(PEERS / "recommend_implicit.py", str(file)) or {}


# --- The step


def step(lab: Lab) -> Iterable[Figure]:
    lab.filled("products", lambda: fill(lab))
    until = timezone.now().date() - timedelta(days=60)
    child = lab.manage("nightly", "--date", until.isoformat(), "--step", "products")
    found = Step.objects.filter(name="products").latest("finished_at")
    fit = ProductFit.objects.latest("night_id")
    yield Figure(
        "the step of the night", found.seconds or 0.0, "s", bar=at_most(180),
        note=f"{fit.customers:,} customers with lists, {fit.baskets:,} baskets, {found.counts}",
    )  # fmt: skip
    yield Figure("largest resident memory", child.peak_mb, "MB", bar=at_most(2048))


def fill(lab: Lab) -> None:
    until = timezone.now().date() - timedelta(days=60)
    call_command(
        "create_synthetic", customers=lab.scaled(1_000_000), receipts=lab.scaled(20_000_000), lines=3, days=730,
        until=until, no_arrivals=True,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    runner.run_until_ended(nights.start(until, "system:bench", rebuild=True))
