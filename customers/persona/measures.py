"""The arithmetic of personas over columns of visits and lines. docs/algorithms/persona.md says the same in words.

Columns are numpy arrays of equal length; customers are numbered by their place in a sorted array of ids. Money is in
cents, days are numbers since 1970, shares are in thousandths.
"""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from customers.models.persona import FAVOURITES, STARTS

GAPS = 20  # the newest intervals that a cycle is taken from
FEWEST_GAPS = 3
FEWEST_DAYS = 3  # on which a category was bought, before it says something of loyalty
FEWEST_PRICED = 5  # lines with a price level
NONE = -1  # a number that is not known, where the database has NULL
ONLINE = 2
_PART_OF_HOUR = (
    np.searchsorted(np.array(STARTS), np.arange(24), side="right") - 1
)  # -1: night, which began before


@dataclass(frozen=True)
class Rows:
    """Equally long columns."""

    def of(self, mask: Any) -> Self:
        return type(self)(**{one.name: getattr(self, one.name)[mask] for one in fields(self)})


@dataclass(frozen=True)
class Visits(Rows):
    """Receipts that count. `place`: of the customer; `hour` by the store's clock; `cents` kept."""

    place: Any
    day: Any
    hour: Any
    channel: Any
    cents: Any


@dataclass(frozen=True)
class Lines(Rows):
    """Lines of which something was kept: `cents` and `discount` of what was kept."""

    place: Any
    day: Any
    product: Any
    cents: Any
    discount: Any


@dataclass(frozen=True)
class Goods:
    """The catalogue by product id (0: none): `category` for favourites, `kind` (the leaf) for refills.

    `is_choice`, by category: it has products of two brands at least, so that loyalty to one can be seen.
    """

    category: Any
    kind: Any
    brand: Any
    level: Any
    is_choice: Any


def personas(customers: int, window_days: int, visits: Visits, lines: Lines, goods: Goods) -> dict[str, Any]:
    """The columns of `Persona` for customers 0 … customers − 1, each of whom has a visit."""
    last = np.zeros(customers, dtype=np.int64)
    np.maximum.at(last, visits.place, visits.day)
    visits = visits.of(visits.day > last[visits.place] - window_days)
    lines = lines.of(lines.day > last[lines.place] - window_days)
    count = np.bincount(visits.place, minlength=customers)
    found = {"visits": count} | _habits(customers, count, visits)
    found |= _tastes(customers, lines, goods)
    found |= _bargains(customers, lines)
    found |= _prices(customers, lines, goods)
    found["basket_amount"] = _rounded(_sums(customers, visits.place, visits.cents), count)
    found["basket_lines"] = np.minimum(_rounded(10 * _sums(customers, lines.place), count), 32_000)
    found |= _cycle(customers, last, visits)
    return found | _refills(customers, lines, goods.kind[lines.product])


def _habits(customers: int, count: Any, visits: Visits) -> dict[str, Any]:
    """When and through which channel they come."""
    weekdays = _table(customers, visits.place, (visits.day + 3) % 7, 7)  # 1970-01-01 was a Thursday
    dayparts = _table(customers, visits.place, _PART_OF_HOUR[visits.hour] % len(STARTS), len(STARTS))
    online = _sums(customers, visits.place, visits.channel == ONLINE)
    return {
        "weekday": weekdays.argmax(axis=1), "weekday_shares": _rounded(1000 * weekdays, count[:, None]),
        "daypart": dayparts.argmax(axis=1), "daypart_shares": _rounded(1000 * dayparts, count[:, None]),
        "online_share": _rounded(1000 * online, count),
    }  # fmt: skip


def _tastes(customers: int, lines: Lines, goods: Goods) -> dict[str, Any]:
    """Categories and brands by their share of spending, and how far they keep to one brand."""
    category, brand = goods.category[lines.product], goods.brand[lines.product]
    categories, category_shares = _favourites(customers, lines.place, category, lines.cents)
    brands, brand_shares = _favourites(customers, lines.place, brand, lines.cents)
    return {
        "categories": categories, "category_shares": category_shares, "brands": brands, "brand_shares": brand_shares,
        "brand_loyalty": _loyalty(customers, lines, category, brand, goods.is_choice),
    }  # fmt: skip


def _favourites(customers: int, place: Any, key: Any, cents: Any) -> tuple[Any, Any]:
    """The keys with the largest shares of all that was spent, and these shares; equal ones by their number."""
    total = _sums(customers, place, cents)
    known = key != 0
    owner, name, sums = _grouped(place[known], key[known], cents[known])
    order = np.lexsort((name, -sums, owner))
    owner, name, sums = (column[order] for column in (owner, name, sums))
    rank = _rank(owner)
    top = (rank < FAVOURITES) & (sums > 0)
    names, shares = (np.zeros((customers, FAVOURITES), dtype=np.int64) for _ in range(2))
    names[owner[top], rank[top]] = name[top]
    shares[owner[top], rank[top]] = _rounded(1000 * sums[top], total[owner[top]])
    return names, shares


def _loyalty(customers: int, lines: Lines, category: Any, brand: Any, is_choice: Any) -> Any:
    """The share of the most bought brand within each category that leaves a choice, over those bought often enough."""
    known = (brand != 0) & is_choice[category]
    place, category, brand, cents = (column[known] for column in (lines.place, category, brand, lines.cents))
    width = int(category.max(initial=0)) + 1
    shelf = place * width + category
    shelves, _brands, sums = _grouped(shelf, brand, cents)
    names, starts = np.unique(shelves, return_index=True)
    if not len(names):
        return np.full(customers, NONE)
    most, all_ = np.maximum.reduceat(sums, starts), np.add.reduceat(sums, starts)
    days = np.bincount(np.searchsorted(names, _grouped(shelf, lines.day[known])[0]), minlength=len(names))
    often = days >= FEWEST_DAYS
    owner = names[often] // width
    spent = _sums(customers, owner, all_[often])
    return np.where(spent > 0, _rounded(1000 * _sums(customers, owner, most[often]), spent), NONE)


def _bargains(customers: int, lines: Lines) -> dict[str, Any]:
    """What of the prices discounts took off, and how many lines had one."""
    discount, spent = (_sums(customers, lines.place, column) for column in (lines.discount, lines.cents))
    deals = _sums(customers, lines.place, lines.discount > 0)
    return {
        "discount_share": _rounded(1000 * discount, spent + discount),
        "deal_share": _rounded(1000 * deals, _sums(customers, lines.place)),
    }


def _prices(customers: int, lines: Lines, goods: Goods) -> dict[str, Any]:
    """Where within their categories the goods stand by price, weighted by spending."""
    level = goods.level[lines.product]
    known = level > 0
    place, cents = lines.place[known], lines.cents[known]
    spent, many = _sums(customers, place, cents), np.bincount(place, minlength=customers)
    says = (many >= FEWEST_PRICED) & (spent > 0)
    at = _rounded(50 * _sums(customers, place, cents * (level[known] - 1)), spent)  # level 1 … 3 → 0 … 100
    bands = 1 + (at > 33).astype(np.int64) + (at > 66)
    return {"price_place": np.where(says, at, NONE), "price_level": np.where(says, bands, 0)}


def _cycle(customers: int, last: Any, visits: Visits) -> dict[str, Any]:
    """The usual interval between the days of their visits, and the day that it leads to."""
    owner, day = _grouped(visits.place, visits.day)[:2]
    found = _intervals(owner, day)
    days = np.full(customers, NONE)
    days[found["group"]] = found["median"]
    return {"cycle_days": days, "next_on": np.where(days != NONE, last + days, NONE)}


def _refills(customers: int, lines: Lines, kind: Any) -> dict[str, Any]:
    """Kinds of goods bought at regular intervals: the middle half of the intervals spans no more than the median."""
    known = kind != 0
    width = int(kind.max(initial=0)) + 1
    group, day = _grouped(lines.place[known] * width + kind[known], lines.day[known])[:2]
    found = _intervals(group, day)
    regular = found["spread"] <= found["median"]
    group, median, last, n = (found[name][regular] for name in ("group", "median", "last", "n"))
    order = np.lexsort((group % width, -n, group // width))
    owner, rank = group[order] // width, _rank(group[order] // width)
    top = rank < FAVOURITES
    columns = {}
    for name, values in (("categories", group % width), ("days", median), ("on", last + median)):
        columns[f"refill_{name}"] = np.zeros((customers, FAVOURITES), dtype=np.int64)
        columns[f"refill_{name}"][owner[top], rank[top]] = values[order][top]
    return columns


def _intervals(group: Any, day: Any) -> dict[str, Any]:
    """Of (group, day), sorted and distinct: median and middle spread of each group's newest intervals."""
    inside = group[1:] == group[:-1]
    of, gap, at = group[1:][inside], (day[1:] - day[:-1])[inside], day[1:][inside]
    newest = _rank(of[::-1])[::-1] < GAPS
    of, gap, at = of[newest], gap[newest], at[newest]
    names, starts, n = np.unique(of, return_index=True, return_counts=True)
    last = np.maximum.reduceat(at, starts) if len(names) else names
    ordered = gap[np.lexsort((gap, of))]
    enough = n >= FEWEST_GAPS
    starts, n = starts[enough], n[enough]
    low, middle, high = (ordered[starts + (n - 1) * k // 4] for k in (1, 2, 3))
    return {"group": names[enough], "median": middle, "spread": high - low, "last": last[enough], "n": n}


def _grouped(first: Any, second: Any, weight: Any = None) -> tuple[Any, Any, Any]:
    """The distinct pairs in order, and the sum of their weights (or their number)."""
    width = int(second.max(initial=0)) + 1
    packed, place = np.unique(first * width + second, return_inverse=True)
    sums = np.bincount(place, weights=weight, minlength=len(packed)).astype(np.int64)
    return packed // width, packed % width, sums


def _rank(owner: Any) -> Any:
    """0, 1, 2 … within each run of equal values."""
    starts = np.flatnonzero(np.append(True, owner[1:] != owner[:-1])[: len(owner)])
    return np.arange(len(owner)) - np.repeat(starts, np.diff(np.append(starts, len(owner))))


def _table(customers: int, place: Any, column: Any, width: int) -> Any:
    return np.bincount(place * width + column, minlength=customers * width).reshape(customers, width)


def _sums(customers: int, place: Any, values: Any = None) -> Any:
    """The sum of the values of each customer (none given: how many there are)."""
    return np.bincount(place, weights=values, minlength=customers).astype(np.int64)


def _rounded(above: Any, below: Any) -> Any:
    """above ÷ below, rounded half up; 0 where there is nothing to divide by."""
    return np.where(below > 0, (2 * above + below) // np.maximum(2 * below, 1), 0)
