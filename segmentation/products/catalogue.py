"""The catalogue as look-ups by number of a product: the item that it is on each level, and from which age on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from crm.lib.spells import day_number
from customers.persona import reading
from segmentation.models import Level
from segmentation.products.ages import ages_of, latest_birthday


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
    for category, age in ages_of().items():
        if category < len(ages):
            ages[category] = age
    return Catalogue(item, goods.kind, ages[goods.kind])


def born_until(on: date, age: int) -> int:
    """The last birthday of those who are that old on a day, as a day number."""
    return day_number(latest_birthday(on, age))
