"""The demo data set as histories, and how well lists of goods foretell the weeks that follow. No database."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.peers.recommend_implicit import K, new, recall
from crm.demo import journey
from customers.histories import Part
from segmentation.products import again, discovery, shelves
from segmentation.products.baskets import once
from segmentation.products.discovery import Finder

WEEKS = 28  # days that are foretold


def history() -> Part:
    """All households; products and stores are numbered from 1, days from 0."""
    lines = journey.read_lines(journey.data_directory())
    order = np.lexsort((lines.number, lines.basket, lines.local, lines.household))
    household, product, store = (getattr(lines, name)[order] for name in ("household", "product", "store"))
    starts = np.flatnonzero(lines.number[order] == 1)
    day = lines.local[order].astype("datetime64[D]").astype(np.int64)
    day -= day.min()
    ids, first = np.unique(household[starts], return_index=True)
    cents, discount = lines.cents[order], lines.discount_cents[order]
    return Part(
        customer=ids, first=np.append(first, len(starts)), receipt_id=np.arange(len(starts)),
        receipt_day=day[starts].astype(np.int32), receipt_store=_numbered(store[starts]),
        receipt_channel=np.ones(len(starts), np.int16), receipt_hour=np.full(len(starts), 12, np.int16),
        receipt_cents=np.add.reduceat(cents, starts),
        receipt_discount=np.add.reduceat(discount, starts), line_first=np.append(starts, len(order)),
        line_product=_numbered(product), line_milli=lines.milli[order], line_cents=cents, line_discount=discount,
        line_kept_discount=discount,
    )  # fmt: skip


def _numbered(column: Any) -> Any:
    return (np.unique(column, return_inverse=True)[1] + 1).astype(np.int32)


@dataclass(frozen=True)
class Split:
    """What was known up to the day before `cut`, and what was bought in the WEEKS from it."""

    part: Part
    cut: int

    def bought(self, low: int, high: int) -> tuple[Any, Any]:
        part = self.part
        day = part.receipt_day[part.line_receipt]
        inside = (day >= low) & (day < high)
        return once(part.owner[part.line_receipt[inside]], part.line_product[inside].astype(np.int64))

    def visits(self) -> tuple[Any, Any, Any]:
        """Household, product, and on how many days it was bought before."""
        found = again.bought(self.part, self.cut - 1)
        return found.owner, found.product, found.days

    @property
    def test(self) -> tuple[Any, Any]:
        return self.bought(self.cut, self.cut + WEEKS)

    @property
    def fresh(self) -> tuple[Any, Any]:
        return new(*self.test, *self.bought(0, self.cut))


def lists(split: Split) -> dict[str, Any]:
    """Ten products a household, by name of the way they were found."""
    part, until = split.part, split.cut - 1
    sales = shelves.Sales(int(part.line_product.max()) + 1)
    sales.add(shelves.look(part, until, sales.products))
    shelf, found = sales.shelves(), again.bought(part, until)
    store = shelf.rows(homes(part, until))
    return {
        "popularity": _popular(found, sales.ever, len(part)),
        "personal frequency": _listed(found, found.days, len(part)),
        "buy again": _listed(found, _scores(found, shelf, store, until), len(part)),
        "discovery": _fresh(split, shelf, found, store),
    }


def _scores(found: Any, shelf: Any, store: Any, until: int) -> Any:
    place = shelf.place[found.product]
    popular = shelf.popularity[store[found.owner], np.maximum(place, 0)]
    return again.scores(found, until, np.where(place >= 0, popular, 0))


def _fresh(split: Split, shelf: Any, found: Any, store: Any) -> Any:
    like = discovery.together(split.part, split.cut - 1, shelf)
    near = discovery.likeness(like.counts.toarray(), like.ever, like.lately)
    finder = Finder(shelf, near, shelf.factor, shelf.popularity)
    customers = len(split.part)
    news = finder.find(found, customers=customers, store=store, blocked=shelf.absent[store], most=K)
    told = np.full((customers, K), -1)
    told[news.owner, news.rank] = shelf.kept[news.place]
    return told


def homes(part: Part, until: int) -> Any:
    """The store where each bought most often."""
    inside = part.receipt_day <= until
    owner, store = part.owner[inside], part.receipt_store[inside].astype(np.int64)
    width = int(store.max()) + 1
    pairs, count = np.unique(owner * width + store, return_counts=True)
    rows, _rank, chosen = again.best(pairs // width, pairs % width, count, customers=len(part), most=1)
    home = np.zeros(len(part), dtype=np.int64)
    home[rows] = pairs[chosen] % width
    return home


def _listed(found: Any, score: Any, customers: int) -> Any:
    told = np.full((customers, K), -1)
    owner, rank, chosen = again.best(found.owner, found.product, score, customers=customers, most=K)
    told[owner, rank] = found.product[chosen]
    return told


def _popular(found: Any, ever: Any, customers: int) -> Any:
    """For what is new: the most bought of what the household has not."""
    top = np.argsort(-ever, kind="stable")[:500]
    width = len(ever)
    is_known = np.isin(np.arange(customers)[:, None] * width + top, found.owner * width + found.product)
    order = np.argsort(is_known, axis=1, kind="stable")[:, :K]
    return top[order]


def recalls(split: Split) -> dict[str, tuple[float, float]]:
    """Of each list: the recall of all that was bought, and of what was new to the household."""
    return {
        name: (recall(told, *split.test), recall(told, *split.fresh)) for name, told in lists(split).items()
    }
