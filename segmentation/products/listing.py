"""The two lists of each customer of a part, and what they need about now."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from crm.lib.spells import day_number
from customers.histories import Part
from segmentation.models.products import LISTED
from segmentation.products import again, rows
from segmentation.products.again import Bought
from segmentation.products.baskets import between
from segmentation.products.catalogue import Catalogue, born_until
from segmentation.products.discovery import Finder
from segmentation.products.people import People, among, stores

CUSTOMERS = 5_000  # looked at at once
AHEAD = 7  # days: due within a week
LATE = 1.0  # usual gaps: longer overdue than that they buy it elsewhere, or no more
MOST_DUE = 10  # goods of a customer


@dataclass(frozen=True)
class Told:
    """Columns of both tables, and the store of each due row."""

    lists: dict[str, Any]
    due: dict[str, Any]
    due_store: Any


class Listing:
    """What all parts share."""

    def __init__(self, on: date, goods: Catalogue, finder: Finder) -> None:
        self.on, self.until = on, day_number(on)
        self.goods, self.finder = goods, finder
        self.ages = {int(age): born_until(on, int(age)) for age in np.unique(goods.age) if age}
        self.absent = finder.shelves.absent

    def of(self, part: Part, everybody: People) -> list[Told]:
        cuts = range(0, len(part), CUSTOMERS)
        return [self._some(between(part, at, min(at + CUSTOMERS, len(part))), everybody) for at in cuts]

    def _some(self, part: Part, everybody: People) -> Told:
        may, who = among(everybody, part)
        store = stores(part, who.store)
        row = self.finder.shelves.rows(store)
        found = again.bought(part, self.until)
        found = found.of(
            may[found.owner] & self._old_enough(who.born[found.owner], self.goods.age[found.product])
        )
        sold = found.of(self._is_sold(found, row))
        lists = self._again(sold, row) | self._fresh(found, part, row, who)
        some = may & ((lists["again"][:, 0] > 0) | (lists["fresh"][:, 0] > 0))
        due = self._due(sold)
        needs = {
            "customer_id": part.customer[due.owner], "product_id": due.product, "kind": self.goods.kind[due.product],
            "due_on": due.last + due.gap, "gap": due.gap, "last_on": due.last, "milli": due.milli,
        }  # fmt: skip
        lists = {name: table[some] for name, table in lists.items()}
        return Told(rows.recommendations(part.customer[some], store[some], lists), needs, store[due.owner])

    def _old_enough(self, born: Any, age: Any) -> Any:
        fits = np.ones(len(born), dtype=bool)
        for years, latest in self.ages.items():
            fits &= (age != years) | (born <= latest)
        return fits

    def _is_sold(self, found: Bought, row: Any) -> Any:
        """At their store, as far as is known."""
        place = self.finder.shelves.place[found.product]
        return (place < 0) | ~self.absent[row[found.owner], np.maximum(place, 0)]

    def _again(self, found: Bought, row: Any) -> dict[str, Any]:
        shelves = self.finder.shelves
        place, at = shelves.place[found.product], row[found.owner]
        known = place >= 0
        popular = np.where(known, self.finder.popularity[at, np.maximum(place, 0)], 0)
        score = again.scores(found, self.until, popular)
        owner, rank, chosen = again.best(found.owner, found.product, score, customers=len(row), most=LISTED)
        told = {"again": found.product, "again_gaps": np.minimum(found.gap, rows.SHORT), "again_days": found.days,
                "again_last": found.last}  # fmt: skip
        lists = {name: np.zeros((len(row), LISTED), dtype=np.int64) for name in told}
        for name, column in told.items():
            lists[name][owner, rank] = column[chosen]
        return lists

    def _fresh(self, found: Bought, part: Part, row: Any, who: People) -> dict[str, Any]:
        kept, age = self.finder.shelves.kept, self.goods.age[self.finder.shelves.kept]
        blocked = self.absent[row]
        for years, latest in self.ages.items():
            blocked[np.ix_(who.born > latest, age == years)] = True
        news = self.finder.find(found, customers=len(part), store=row, blocked=blocked, most=LISTED)
        lists = {name: np.zeros((len(part), LISTED), dtype=np.int64) for name in ("fresh", "goes_with")}
        lists["fresh"][news.owner, news.rank] = kept[news.place]
        lists["goes_with"][news.owner, news.rank] = np.where(news.goes_with >= 0, kept[news.goes_with], 0)
        return lists

    def _due(self, found: Bought) -> Bought:
        """Regular goods whose day falls into the week to come, or has passed by no more than LATE usual gaps."""
        after = found.last + found.gap - self.until
        near = found.is_regular & (found.gap > 0) & (after <= AHEAD) & (after > -LATE * found.gap)
        found = found.of(near)
        customers = int(found.owner.max(initial=-1)) + 1
        chosen = again.best(found.owner, found.product, found.weight, customers=customers, most=MOST_DUE)[2]
        return found.of(np.sort(chosen))
