"""Lifetime value: BG/NBD on the purchases that `create_synthetic` draws, beside the package `lifetimes`."""

import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figure import Figure, at_least, at_most, ratio_at_most
from benchmarks.lab import ROOT, Lab
from crm.demo.synthetic.process import DAY, Plan, Truth, draw, solve_alpha
from segmentation.lifetime import bgnbd, search
from segmentation.lifetime.bgnbd import Grouped, Params

TITLE = "lifetime value, 1 M customers with 20 M receipts of two years"
DAYS = 730
HORIZON = 365
ROUNDS = 20  # of what takes a blink
NAMES = ("r", "alpha", "a", "b")
SOME = 20_000  # customers that load the libraries before anything is timed


@dataclass(frozen=True)
class Spent:
    """Seconds on the wall and of the processor."""

    wall: float
    cpu: float


def run(lab: Lab) -> Iterable[Figure]:
    truth, (x, tx, T) = drawn(lab.scaled(1_000_000), lab.scaled(20_000_000))
    search.fit(Grouped.of(x[:SOME], tx[:SOME], T[:SOME]))
    fits = [spent(lambda: search.fit(Grouped.of(x, tx, T))) for _ in range(3)]
    found: search.Found = fits[0][1]
    ours = min((took for took, _found in fits), key=lambda took: took.wall)
    peer = of_peer(lab, x, tx, T)
    yield from fitting(ours, found, peer, Grouped.of(x, tx, T))
    predictions = [spent(lambda: bgnbd.expected_purchases(found.params, x, tx, T, HORIZON)) for _ in range(3)]
    seconds, work = (min(getattr(took, of) for took, _expected in predictions) for of in ("wall", "cpu"))
    others = {} if peer is None else {"beside": "lifetimes", "other": len(x) / peer["predict"]}
    yield Figure(
        "expected purchases of each", len(x) / seconds, "rows/s", bar=at_least(5_000_000), **others,
        note=f"{len(x) / work:,.0f} a second of the processor",
    )  # fmt: skip
    if peer is not None:
        apart = np.abs(predictions[0][1][: len(peer["expected"])] - np.array(peer["expected"]))
        yield Figure("largest difference of an expectation", float(apart.max()), "purchases", "lifetimes")
    yield from recovery(truth, found)


def drawn(customers: int, receipts: int) -> tuple[Truth, tuple[Any, Any, Any]]:
    """(x, t_x, T) of what `create_synthetic --seed 1` draws. Each receipt is a purchase, as it is in the truth."""
    truth = Truth()
    alpha = solve_alpha(truth, customers=customers, receipts=receipts, days=DAYS, seed=1)
    truth = replace(truth, alpha=alpha)
    plan = Plan(customers, customers, DAYS, 200, 1, truth)
    columns = [_of_block(plan, number) for number in range(plan.blocks())]
    x, tx, T = (np.concatenate(one) for one in zip(*columns, strict=True))
    return truth, (x, tx, T)


def _of_block(plan: Plan, number: int) -> tuple[Any, Any, Any]:
    block = draw(plan, number)
    customer = block.events["customer"].astype(np.int64) - number * plan.block
    last = np.zeros(len(block.rate), dtype=np.int64)
    np.maximum.at(last, customer, (block.events["at"] // DAY).astype(np.int64))
    counts = np.bincount(customer, minlength=len(block.rate))
    return counts - 1, last - block.first_day, plan.days - block.first_day


def spent(call: Callable[[], Any]) -> tuple[Spent, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = call()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu), found


def of_peer(lab: Lab, x: Any, tx: Any, T: Any) -> dict[str, Any] | None:
    with tempfile.TemporaryDirectory(dir=lab.home) as scratch:
        path = Path(scratch) / "rows.npz"
        np.savez(path, x=x, tx=tx, T=T)
        answer: dict[str, Any] | None = lab.peer(
            ROOT / "benchmarks" / "peers" / "lifetime_lifetimes.py", str(path), str(HORIZON)
        )
    return answer


def fitting(ours: Spent, found: search.Found, peer: dict[str, Any] | None, rows: Grouped) -> Iterable[Figure]:
    if peer is None:
        yield Figure("fit", ours.wall, "s", note=str(found.params))
        return
    yield Figure(
        "fit", ours.wall, "s", "lifetimes", peer["wall"], ratio_at_most(1 / 15),
        note=f"{found.search.evaluations} evaluations, a gradient of {found.search.steepness:.0e} at the end",
    )  # fmt: skip
    yield Figure("fit, processor", ours.cpu, "s", "lifetimes", peer["cpu"], ratio_at_most(1 / 10))
    theirs = Params(**peer["params"])
    higher = found.log_likelihood - bgnbd.log_likelihood(theirs, rows)
    yield Figure("log-likelihood above the peer's", higher, "", bar=at_least(-0.01), note=str(theirs))


def recovery(truth: Truth, found: search.Found) -> Iterable[Figure]:
    for name in NAMES:
        true, ours = getattr(truth, name), getattr(found.params, name)
        off = 100 * abs(ours / true - 1)
        yield Figure(f"{name}: off by", off, "%", bar=at_most(3), note=f"{ours:.4f}, drawn with {true:.4f}")
