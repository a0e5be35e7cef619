"""Histories for tests, made from plain lists instead of tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from customers.histories import Part

Receipt = tuple[int, int, int, int, list[int]]  # day, store, cents, discount in cents, products


def part_of(receipts: dict[int, list[Receipt]]) -> Part:
    """By customer their receipts, in the order of days."""
    every = [one for customer in sorted(receipts) for one in receipts[customer]]
    days, stores, cents, discounts, products = zip(*every, strict=True) if every else ((), (), (), (), ())
    line_counts = [len(each) for each in products]
    lines = [product for each in products for product in each]
    whole = lambda values, kind=np.int64: np.array(values, dtype=kind)  # noqa: E731
    return Part(
        customer=whole(sorted(receipts)),
        first=np.cumsum([0, *(len(receipts[customer]) for customer in sorted(receipts))]),
        receipt_id=np.arange(len(every)), receipt_day=whole(days, np.int32), receipt_store=whole(stores, np.int32),
        receipt_channel=np.zeros(len(every), dtype=np.int16), receipt_hour=np.full(len(every), 12, dtype=np.int16),
        receipt_cents=whole(cents),
        receipt_discount=whole(discounts), line_first=np.cumsum([0, *line_counts]),
        line_product=whole(lines, np.int32), line_milli=np.full(len(lines), 1000), line_cents=np.zeros(len(lines)),
        line_discount=np.zeros(len(lines)), line_kept_discount=np.zeros(len(lines)),
    )  # fmt: skip


@dataclass(frozen=True)
class Past:
    """What `training.Past` asks for, of parts that are there."""

    held: list[Part]

    def __len__(self) -> int:
        return len(self.held)

    def parts(self) -> Iterator[Part]:
        return iter(self.held)


def lives(customers: int, days: int = 300, seed: int = 1) -> Part:
    """People who come every few days, each in a rhythm of their own, and some day no more."""
    rng: Any = np.random.default_rng(seed)
    found: dict[int, list[Receipt]] = {}
    for customer in range(1, customers + 1):
        every, end = rng.gamma(3.0, 4.0) + 1, rng.exponential(350.0) + 5
        at, receipts = float(rng.integers(0, 120)), []
        while at < min(days, end + 30):
            goods = rng.integers(1, 9, size=rng.integers(1, 5)).tolist()
            receipts.append((int(at), int(rng.integers(1, 4)), int(rng.integers(200, 9000)), 50, goods))
            at += rng.exponential(every) + 1
        found[customer] = receipts or [(1, 1, 500, 0, [1])]
    return part_of(found)
