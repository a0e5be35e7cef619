"""The catalogue as look-ups by number of a product: the item that it is on each level, and from which age on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from crm.lib.spells import day_number
from customers.models import Category
from customers.persona import reading
from segmentation.models import AgeLimit, Level


@dataclass(frozen=True)
class Catalogue:
    """`item`: by level, of each product its item, −1 where it has none. `kind`: its own category, 0: none. `age`: from
    which on it may be suggested, 0: to everybody."""

    item: Mapping[int, Any]
    kind: Any
    age: Any

    @property
    def products(self) -> int:
        return len(self.kind)


def catalogue(cursor: Any) -> Catalogue:
    goods = reading.goods(cursor)
    everything = np.arange(len(goods.kind))
    columns = {
        Level.PRODUCT: everything, Level.TYPE: goods.kind, Level.CATEGORY: goods.category, Level.BRAND: goods.brand,
    }  # fmt: skip
    item = {int(level): np.where(column > 0, column, -1) for level, column in columns.items()}
    ages = np.zeros(int(goods.kind.max(initial=0)) + 1, dtype=np.int64)
    for category, age in ages_of_categories().items():
        if category < len(ages):
            ages[category] = age
    return Catalogue(item, goods.kind, ages[goods.kind])


def ages_of_categories() -> dict[int, int]:
    """Of the categories with a limit, and all below them, the highest that holds."""
    limits = list(AgeLimit.objects.values_list("category__path", "minimum_age"))
    found: dict[int, int] = {}
    if not limits:
        return found
    for pk, path in Category.objects.values_list("pk", "path"):
        held = [age for above, age in limits if path == above or path.startswith(f"{above}/")]
        if held:
            found[pk] = max(held)
    return found


def born_until(on: date, age: int) -> int:
    """The last birthday (as a day number) of those who are that old on a day."""
    try:
        return day_number(on.replace(year=on.year - age))
    except ValueError:  # 29 February: who was born the day after is not old enough yet
        return day_number(date(on.year - age, 2, 28))
