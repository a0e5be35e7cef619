"""Rules and the matrix as pages show them, of the night that readers see. No numpy: this is the web's way."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log2
from typing import Any

from django.db.models import Q, QuerySet

from customers.models import Brand, Category, Product
from segmentation import generations
from segmentation.models import BasketPair, Level, ProductFit
from segmentation.products import intervals

SHOWN, EXPORTED = 50, 20_000
ORDERS = {"lift": "-lift", "confidence": "-confidence", "support": "-both"}
CROSSED = 16  # categories of the matrix
_FOUND = 500  # items that a search word may stand for


@dataclass(frozen=True)
class Asked:
    """`minimum`: support, a part of 1. `words`: of an item's name. `first`, `second`: a pair by its numbers."""

    level: Level = Level.TYPE
    is_plain: bool = False
    minimum: float = 0.0
    words: str = ""
    order: str = "lift"
    first: int | None = None
    second: int | None = None


@dataclass(frozen=True)
class Rule:
    """`support`, `confidence`, `back` (of the baskets with the second, the share with the first) are parts of 1."""

    pair: BasketPair
    baskets: int
    first: str
    second: str

    @property
    def support(self) -> float:
        return self.pair.both / self.baskets

    @property
    def back(self) -> float:
        return float(self.pair.both / self.pair.second_baskets)

    @cached_property
    def confidence_interval(self) -> tuple[float, float]:
        return intervals.of_share(self.pair.both, self.pair.first_baskets)

    @cached_property
    def lift_interval(self) -> tuple[float, float]:
        pair = self.pair
        return intervals.of_lift(self.baskets, pair.first_baskets, pair.second_baskets, pair.both)

    @property
    def is_sure(self) -> bool:
        """Is it more, or less, than chance?"""
        low, high = self.lift_interval
        return low > 1 or high < 1


def fit() -> ProductFit | None:
    found: ProductFit | None = generations.serving(ProductFit)
    return found


def baskets(found: ProductFit, is_plain: bool) -> int:
    return found.plain_baskets if is_plain else found.baskets


def rules(found: ProductFit, asked: Asked, most: int, start: int = 0) -> tuple[list[Rule], int]:
    """At most `most` of them from place `start` on, and how many there are. A published night's never change."""
    rows = _pairs(found, asked)
    picked = list(rows.order_by(ORDERS[asked.order], "-both", "first", "second")[start : start + most])
    return _told(found, asked, picked), rows.count()


def _pairs(found: ProductFit, asked: Asked) -> QuerySet[BasketPair]:
    total = baskets(found, asked.is_plain)
    rows = BasketPair.objects.filter(night=found.night_id, level=asked.level, is_plain=asked.is_plain)
    if asked.minimum:
        rows = rows.filter(both__gte=asked.minimum * total - 1e-9)
    if asked.first is not None and asked.second is not None:
        rows = rows.filter(first__in=(asked.first, asked.second), second__in=(asked.first, asked.second))
    if asked.words:
        items = list(_named(asked.level, asked.words)[:_FOUND])
        rows = rows.filter(Q(first__in=items) | Q(second__in=items))
    return rows


def _named(level: Level, words: str) -> QuerySet[Any, int]:
    rows: QuerySet[Any] = model_of(level)._default_manager.all()
    has = Q(name__icontains=words)
    if level == Level.PRODUCT:
        has |= Q(sku=words)
    return rows.filter(has).order_by("pk").values_list("pk", flat=True)


def model_of(level: int) -> Any:
    return {Level.PRODUCT: Product, Level.BRAND: Brand}.get(Level(level), Category)


def names(level: int, items: Sequence[int]) -> dict[int, str]:
    return dict(model_of(level)._default_manager.filter(pk__in=set(items)).values_list("pk", "name"))


def _told(found: ProductFit, asked: Asked, rows: list[BasketPair]) -> list[Rule]:
    called = names(asked.level, [item for row in rows for item in (row.first, row.second)])
    total = baskets(found, asked.is_plain)
    return [Rule(row, total, called.get(row.first, "?"), called.get(row.second, "?")) for row in rows]


@dataclass(frozen=True)
class Matrix:
    """`items`: the most bought ones, in order; `cells` by (item, item): the rule of the two, if it is known."""

    items: list[tuple[int, str]]
    cells: dict[tuple[int, int], Rule]


def matrix(found: ProductFit, level: Level, is_plain: bool, most: int = CROSSED) -> Matrix:
    rows = BasketPair.objects.filter(night=found.night_id, level=level, is_plain=is_plain)
    counts: dict[int, int] = {}
    for item, of in (("first", "first_baskets"), ("second", "second_baskets")):
        top = rows.order_by(f"-{of}", item).values_list(item, of).distinct()[:most]
        counts |= dict(top)
    items = sorted(counts, key=lambda item: (-counts[item], item))[:most]
    asked = Asked(level, is_plain)
    told = _told(found, asked, list(rows.filter(first__in=items, second__in=items)))
    cells = {
        key: rule
        for rule in told
        for key in ((rule.pair.first, rule.pair.second), (rule.pair.second, rule.pair.first))
    }
    called = names(level, items)
    return Matrix([(item, called.get(item, "?")) for item in items], cells)


def heat(lift: float) -> int:
    """0 (no more than chance) to 9 (four times as often, or more)."""
    return 0 if lift <= 1 else min(9, 1 + int(4 * log2(lift)))
