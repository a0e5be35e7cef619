"""A search, part of the customers after part: whom to learn from, then whom it finds. Bounded memory.

What is found depends on the data and the question alone: samples are taken by each customer's own dice, ties go to the
lower number.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from django.db import connection

from customers.histories import RANGE, Histories
from customers.models import Customer
from customers.persona import reading
from segmentation.clusters.measuring import Measured, Measuring
from segmentation.clusters.scaling import Scaling
from segmentation.clusters.training import dice_of
from segmentation.lookalikes import models, profiles, seeds
from segmentation.lookalikes.models import Model
from segmentation.lookalikes.profiles import Profiles
from segmentation.models import Among, LookAlike

FEWEST = 30  # members that a model can be learnt from
ENOUGH = 3  # visits in the window from which on what somebody buys says more than their profile
LEARNT_FROM = 40_000  # of the set, and as many others
HIDDEN = 3  # every third is kept from the trial

Tell = Callable[[int, int], None]  # done, of how many


@dataclass(frozen=True)
class Found:
    """The best matches, the best first: `scores` from 0 to 1."""

    customer: Any
    scores: Any
    is_profile: Any
    shared: list[list[str]]


@dataclass
class Search:
    one: LookAlike
    on: date
    window_days: int
    workshop: Path
    tell: Tell = lambda _done, _total: None
    figures: dict[str, Any] = field(default_factory=dict)

    def run(self) -> Found | None:
        """None where the set is too small; `figures` says so, or how well it went."""
        self.seed = np.array(seeds.take(self.one), dtype=np.int64)
        self.figures = {"seed": len(self.seed), "fewest": FEWEST}
        if len(self.seed) < FEWEST:
            return None
        with connection.cursor() as cursor:
            shelf = reading.goods(cursor).category
        histories = Histories(self.on, self.workshop)
        try:
            self.measuring = Measuring(histories, self.on, self.window_days, shelf)
            self.categories = self.measuring.largest()
            self.codes = self.measuring.codes(self.categories)
            self._learn()
            return self._rank()
        finally:
            histories.close()

    def _parts(self, turn: int) -> Any:
        """(people, measured) range after range."""
        last = Customer.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        count = last // RANGE + 1
        for number in range(count):
            people = profiles.read(number, self.on, self.one.stores)
            yield people, self._measured(number, people)
            self.tell(turn * count + number + 1, 2 * count)

    def _measured(self, number: int, people: Profiles) -> Measured:
        """Of those among these people who bought often enough."""
        empty = np.empty(0, dtype=np.int64)
        if number >= len(self.measuring.histories):
            return Measured(empty, np.empty((0, len(self.codes)), dtype=np.float32), empty, empty)
        found = self.measuring.measure(number, self.categories)
        kept = np.isin(found.customer, people.id, assume_unique=True) & (found.visits >= ENOUGH)
        return Measured(*(column[kept] for column in found.columns().values()))

    def _learn(self) -> None:
        bought, known = _Lesson(self.seed), _Lesson(self.seed)
        for people, measured in self._parts(0):
            bought.add(measured.customer, {"traits": measured.traits, "visits": measured.visits})
            known.add(people.id, people.columns())
        self.behaviour = self._behaviour(bought)
        told = Profiles(**known.columns)
        self.facts = profiles.columns_of(told)
        self.profile = known.learnt(profiles.encoded(told, self.facts), self.facts)
        named = {"behaviour": self.behaviour, "profile": self.profile}
        self.figures["models"] = {name: model.figures for name, model in named.items() if model}
        # A model that is no better than chance ranks nobody: what it says of people would be made up.
        self.behaviour, self.profile = (
            model if model and model.is_useful else None for model in (self.behaviour, self.profile)
        )

    def _behaviour(self, lesson: "_Lesson") -> Model | None:
        if lesson.members < FEWEST:
            return None
        self.scaling = Scaling.learnt(self.codes, lesson.columns["traits"], lesson.columns["visits"])
        table = self.scaling.standard(lesson.columns["traits"], lesson.columns["visits"])
        return lesson.learnt(table, self.codes, seeds.named(self.one.seed).defines)

    def _rank(self) -> Found:
        best, candidates = _Best(self.one.most), 0
        for people, measured in self._parts(1):
            wanted = people.of(~np.isin(people.id, self.seed, assume_unique=True))
            often = np.isin(wanted.id, measured.customer, assume_unique=True)
            if self.one.among == Among.NEW:
                wanted = wanted.of(~often | wanted.is_new)
                often = np.isin(wanted.id, measured.customer, assume_unique=True)
            candidates += len(wanted)
            if self.behaviour:
                rows = np.searchsorted(measured.customer, wanted.id[often])
                table = self.scaling.standard(measured.traits[rows], measured.visits[rows])
                best.add(wanted.id[often], self.behaviour, table, is_profile=False)
                wanted = wanted.of(~often)
            if self.profile:
                best.add(wanted.id, self.profile, profiles.encoded(wanted, self.facts), is_profile=True)
        found = best.found()
        self.figures |= {"candidates": candidates, "found": len(found.customer)}
        return found


class _Lesson:
    """Members of the seed and others, each by the smallest dice, and which of them are kept from the trial."""

    def __init__(self, seed: Any) -> None:
        self.seed = seed
        self.ids: Any = np.empty(0, dtype=np.int64)
        self.columns: dict[str, Any] = {}

    def add(self, ids: Any, columns: dict[str, Any]) -> None:
        self.ids = np.concatenate([self.ids, ids])
        together = {
            name: np.concatenate([self.columns[name], values]) if self.columns else values
            for name, values in columns.items()
        }
        is_seed, dice = np.isin(self.ids, self.seed), dice_of(self.ids)
        order = np.lexsort((dice, is_seed))
        rank = np.empty(len(order), dtype=np.int64)
        others = int((~is_seed).sum())
        rank[order] = np.concatenate([np.arange(others), np.arange(len(order) - others)])
        kept = rank < LEARNT_FROM
        self.ids, self.columns = self.ids[kept], {name: values[kept] for name, values in together.items()}

    @property
    def members(self) -> int:
        return int(np.isin(self.ids, self.seed).sum())

    def learnt(self, table: Any, codes: list[str], left_out: Any = ()) -> Model | None:
        is_hidden = dice_of(self.ids) % np.uint64(HIDDEN) == 0
        return models.learn(table, np.isin(self.ids, self.seed), is_hidden, codes, left_out)


class _Best:
    """The highest scores so far."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.rows: list[tuple[float, int, bool, list[str]]] = []

    def add(self, ids: Any, model: Model, table: Any, *, is_profile: bool) -> None:
        if not len(ids):
            return
        scores = np.round(model.scores(table), 9)
        order = np.lexsort((ids, -scores))[: self.most]
        shared = model.shared(table[order], is_profile=is_profile)
        told = zip((-scores[order]).tolist(), ids[order].tolist(), shared, strict=True)
        self.rows = sorted([*self.rows, *((away, pk, is_profile, codes) for away, pk, codes in told)])
        del self.rows[self.most :]

    def found(self) -> Found:
        away, ids, is_profile, shared = zip(*self.rows, strict=True) if self.rows else ((), (), (), ())
        return Found(
            np.array(ids, dtype=np.int64), -np.array(away), np.array(is_profile, dtype=bool), list(shared)
        )
