"""Personas worked out one customer at a time in plain Python, as docs/algorithms/persona.md tells them."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from customers.models import Purchase

WEEK = range(7)


@dataclass
class Bought:
    day: date
    category: int
    kind: int
    brand: int
    level: int
    cents: int
    discount: int


def half_up(above: int, below: int) -> int:
    return (2 * above + below) // (2 * below) if below else 0


def persona(receipts: Iterable[Purchase], on: date, window: int, goods: dict[int, tuple[int, int, int, int]],
            choices: set[int]) -> dict[str, Any] | None:  # fmt: skip
    """`goods`: category, kind, brand, level of a product's id."""
    kept = [r for r in receipts if (r.returned == 0 or r.returned < r.amount) and r.business_date <= on]
    if not kept:
        return None
    last = max(r.business_date for r in kept)
    kept = [r for r in kept if r.business_date > last - timedelta(days=window)]
    lines = [
        Bought(r.business_date, *goods[line.product_id], int((line.amount - line.returned_amount) * 100),
               half_up(int(line.discount * 100 * (line.quantity - line.returned_quantity) * 1000),
                       int(line.quantity * 1000)))
        for r in kept for line in r.lines.all() if line.returned_quantity < line.quantity
    ]  # fmt: skip
    count = len(kept)
    weekdays = Counter(r.business_date.weekday() for r in kept)
    spent, discount = sum(b.cents for b in lines), sum(b.discount for b in lines)
    found: dict[str, Any] = {
        "visits": count,
        "weekday_shares": [half_up(1000 * weekdays[d], count) for d in WEEK],
        "weekday": max(WEEK, key=lambda d: (weekdays[d], -d)),
        "online_share": half_up(1000 * sum(r.channel == 2 for r in kept), count),
        "basket_lines": half_up(10 * len(lines), count),
        "discount_share": half_up(1000 * discount, spent + discount),
        "deal_share": half_up(1000 * sum(b.discount > 0 for b in lines), len(lines)),
    }
    found["categories"], found["category_shares"] = favourites(lines, "category", spent)
    found["brands"], found["brand_shares"] = favourites(lines, "brand", spent)
    found["brand_loyalty"] = loyalty(lines, choices)
    found |= cycle({r.business_date for r in kept}, last) | refills(lines) | prices(lines)
    return found


def favourites(lines: list[Bought], name: str, spent: int) -> tuple[list[int], list[int]]:
    sums: Counter[int] = Counter()
    for one in lines:
        sums[getattr(one, name)] += one.cents
    best = sorted((k for k in sums if k and sums[k] > 0), key=lambda k: (-sums[k], k))[:5]
    empty = [0] * (5 - len(best))
    return best + empty, [half_up(1000 * sums[k], spent) for k in best] + empty


def loyalty(lines: list[Bought], choices: set[int]) -> int | None:
    shelves: dict[int, list[Bought]] = defaultdict(list)
    for one in lines:
        if one.brand and one.category in choices:
            shelves[one.category].append(one)
    most = all_ = 0
    for shelf in shelves.values():
        if len({one.day for one in shelf}) >= 3:
            sums: Counter[int] = Counter()
            for one in shelf:
                sums[one.brand] += one.cents
            most, all_ = most + max(sums.values()), all_ + sum(sums.values())
    return half_up(1000 * most, all_) if all_ else None


def prices(lines: list[Bought]) -> dict[str, Any]:
    priced = [one for one in lines if one.level]
    spent = sum(one.cents for one in priced)
    if len(priced) < 5 or spent == 0:
        return {"price_place": None, "price_level": 0}
    place = half_up(50 * sum(one.cents * (one.level - 1) for one in priced), spent)
    return {"price_place": place, "price_level": 1 + (place > 33) + (place > 66)}


def intervals(days: Iterable[date]) -> tuple[int, int, int] | None:
    """Median, middle spread and number of the last twenty intervals."""
    ordered = sorted(days)
    gaps = sorted([(b - a).days for a, b in pairwise(ordered)][-20:])
    n = len(gaps)
    if n < 3:
        return None
    return gaps[(n - 1) // 2], gaps[3 * (n - 1) // 4] - gaps[(n - 1) // 4], n


def cycle(days: set[date], last: date) -> dict[str, Any]:
    found = intervals(days)
    if found is None:
        return {"cycle_days": None, "next_on": None}
    return {"cycle_days": found[0], "next_on": last + timedelta(days=found[0])}


def refills(lines: list[Bought]) -> dict[str, Any]:
    by_kind: dict[int, set[date]] = defaultdict(set)
    for one in lines:
        if one.kind:
            by_kind[one.kind].add(one.day)
    rows = []
    for kind, days in by_kind.items():
        found = intervals(days)
        if found and found[1] <= found[0]:
            rows.append((-found[2], kind, found[0], max(days) + timedelta(days=found[0])))
    rows = sorted(rows)[:5]
    empty = 5 - len(rows)
    return {
        "refill_categories": [row[1] for row in rows] + [0] * empty,
        "refill_days": [row[2] for row in rows] + [0] * empty,
        "refill_on": [row[3] for row in rows] + [date(1970, 1, 1)] * empty,
    }
