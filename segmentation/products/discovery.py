"""What is new to a customer and likely to please: what others bought lately who also bought what they buy.

Item-item cosine (Sarwar, Karypis, Konstan & Riedl, WWW 2001), with one side looking at the last weeks only:

    similarity(j, i) = customers with j who bought i lately ÷ √(customers with j × customers who bought i lately)
    score(u, i) = Σ over the goods j of u of √weight(u, j) × similarity(j, i), × how i sells at their store
                  + POPULAR × popularity of i at their store (both as parts of the customer's best)

so what is in season comes before what sold half a year ago. Each product keeps its NEIGHBOURS nearest; a sample of
SAMPLE parts of the customers is enough to know them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from customers.histories import Part
from segmentation.products.again import Bought
from segmentation.products.baskets import matrix, once
from segmentation.products.shelves import LATELY, Shelves

NEIGHBOURS = 100
POPULAR = 0.3
SAMPLE = 8  # parts
HISTORY = 60  # goods of a customer that are looked at, the heaviest
CHUNK = 1_000  # customers at once


@dataclass(frozen=True)
class Together:
    """`counts`: customers by (product they ever bought, product they bought lately), sparse; buyers of each."""

    counts: Any
    ever: Any
    lately: Any


def together(part: Part, until: int, shelves: Shelves) -> Together:
    receipt = part.line_receipt
    day, place = part.receipt_day[receipt], shelves.place[part.line_product]
    known = (day <= until) & (place >= 0)
    owner = part.owner[receipt]
    ever = matrix(len(part), len(shelves.kept), *once(owner[known], place[known]))
    late = known & (day > until - LATELY)
    lately = matrix(len(part), len(shelves.kept), *once(owner[late], place[late]))
    width = len(shelves.kept)
    buyers = (np.bincount(one.indices, minlength=width) for one in (ever, lately))
    return Together(ever.T.tocsr() @ lately, *buyers)


@dataclass(frozen=True)
class Likeness:
    """`near`: the nearest neighbours of each product as a sparse matrix; `whole`: the same, laid out."""

    near: Any
    whole: Any


def likeness(counts: Any, ever: Any, lately: Any, neighbours: int = NEIGHBOURS) -> Likeness:
    """From the counts of a sample (laid out) and its buyers of each product, in all and lately."""
    from scipy import sparse

    whole = counts.astype(np.float32)
    np.fill_diagonal(whole, 0)
    whole /= np.sqrt(np.maximum(ever, 1))[:, None].astype(np.float32)
    whole /= np.sqrt(np.maximum(lately, 1))[None, :].astype(np.float32)
    if neighbours < len(whole):
        least = np.partition(whole, -neighbours, axis=1)[:, -neighbours]
        whole[whole < least[:, None]] = 0
    return Likeness(sparse.csr_matrix(whole), whole)


@dataclass(frozen=True)
class News:
    """Of each (owner, rank): the place of the product, and the place of the one that it goes with (−1: popular)."""

    owner: Any
    rank: Any
    place: Any
    goes_with: Any


@dataclass(frozen=True)
class Finder:
    """Finds what is new, some customers at a time. `blocked(rows)` adds what may not be told to whom."""

    shelves: Shelves
    like: Likeness
    factor: Any
    popularity: Any

    def find(self, found: Bought, *, customers: int, store: Any, blocked: Any, most: int) -> News:
        place = self.shelves.place[found.product]
        has = self._heaviest(found, place, customers)
        own = matrix(customers, len(self.shelves.kept), found.owner[place >= 0], place[place >= 0])
        parts = [
            self._chunk(
                has[at : at + CHUNK],
                own[at : at + CHUNK],
                store[at : at + CHUNK],
                blocked[at : at + CHUNK],
                most,
            )
            for at in range(0, customers, CHUNK)
        ]
        for number, part in enumerate(parts):
            part.owner[:] += number * CHUNK
        return News(*(np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])))

    def _heaviest(self, found: Bought, place: Any, customers: int) -> Any:
        known = np.flatnonzero(place >= 0)
        owner = found.owner[known]
        order = np.lexsort((-found.weight[known], owner))
        starts = np.searchsorted(owner[order], np.arange(customers))
        kept = known[np.sort(order[np.arange(len(order)) - starts[owner[order]] < HISTORY])]
        weights = np.sqrt(found.weight[kept]).astype(np.float32)
        return matrix(customers, len(self.shelves.kept), found.owner[kept], place[kept], weights)

    def _chunk(self, has: Any, own: Any, store: Any, blocked: Any, most: int) -> News:
        close = (has @ self.like.near).toarray() * self.factor[store]
        close /= np.maximum(close.max(axis=1, initial=0, keepdims=True), 1e-9)
        score = close + POPULAR * self.popularity[store]
        score[blocked] = 0
        score[np.repeat(np.arange(own.shape[0]), np.diff(own.indptr)), own.indices] = 0
        most = min(most, score.shape[1])
        chosen = (
            np.argpartition(-score, most - 1, axis=1)[:, :most] if most else np.zeros((len(score), 0), int)
        )
        value = np.take_along_axis(score, chosen, axis=1)
        order = np.lexsort((chosen, -value), axis=1)
        chosen, value = (np.take_along_axis(column, order, axis=1) for column in (chosen, value))
        owner, rank = np.nonzero(value > 0)
        place = chosen[owner, rank]
        is_near = close[owner, place] > POPULAR * self.popularity[store[owner], place]
        return News(owner, rank, place, np.where(is_near, self._partner(has, owner, place), -1))

    def _partner(self, has: Any, owner: Any, place: Any) -> Any:
        """The one of their own goods that explains it best: much bought by them, and bought by those who buy it."""
        size = np.diff(has.indptr)[owner]
        start = np.cumsum(size) - size
        at = np.arange(int(size.sum())) - np.repeat(start, size) + np.repeat(has.indptr[owner], size)
        own = has.indices[at]
        says = has.data[at] * self.like.whole[own, np.repeat(place, size)] * self.shelves.telling[own]
        partner = np.full(len(owner), -1, dtype=np.int64)
        some = size > 0
        if not some.any():
            return partner
        most = np.maximum.reduceat(says, start[some])
        is_most = says == np.repeat(most, size[some])
        row = np.repeat(np.flatnonzero(some), size[some])
        rows, first = np.unique(row[is_most], return_index=True)
        partner[rows] = has.indices[at][is_most][first]
        return partner
