"""Asking the past: which candidate would have told best who leaves, and training the one that serves.

Cut-offs lie four weeks apart. The newest one whose horizon is over calibrates, the four before it teach. A back-test
does the same as of an earlier day with what could be known on it, and looks at what came after.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from customers.histories import Part
from segmentation.churn import evaluation, features, labels
from segmentation.churn.candidates import FOREST, Sample, Trained, all_kinds, trained

STEP = 28  # days between cut-offs
TEACHING = 4  # cut-offs
FOLDS = 3
FEWEST_DAYS = 56  # of history before a cut-off
MOST = 40_000  # customers of a cut-off that are looked at
FALLBACK = "recency"  # serves where nothing can be proven yet


class Past(Protocol):
    """Where histories come from: parts of customers, again and again (`customers.histories.Histories`)."""

    def __len__(self) -> int: ...

    def parts(self) -> Iterator[Part]: ...


@dataclass
class Lessons:
    """Samples by cut-off, each computed once. Of many customers every n-th is taken, the same ones on every day."""

    past: Past
    kinds: Any
    horizon: int
    first: int  # the day of the chain's first receipt
    every: int = 1
    _known: dict[int, Sample] = field(default_factory=dict)

    def of(self, days: Sequence[int]) -> Sample:
        for day in days:
            if day not in self._known:
                self._known[day] = self._at(day)
        return Sample.joined([self._known[day] for day in days])

    def _at(self, day: int) -> Sample:
        samples = []
        for part in self.past.parts():
            history = features.known(part, day, self.kinds, every=self.every)
            gone = labels.stayed_away(part, history.customer, day, self.horizon)
            samples.append(Sample(features.matrix(history), gone))
        return Sample.joined(samples)

    def cutoffs(self, on: int) -> tuple[list[int], int] | None:
        """The teaching cut-offs and the calibrating one, as of a day. None: no horizon is over yet.

        A chain with a single finished horizon learns and calibrates on the same cut-off: enough for a baseline.
        """
        proof = on - self.horizon
        if proof < self.first:
            return None
        earlier = [proof - STEP * n for n in range(1, TEACHING + 1)]
        learn = [day for day in earlier if day - self.first >= FEWEST_DAYS]
        return (learn or [proof], proof)


@dataclass(frozen=True)
class Fold:
    """One candidate on one past day: figures of `evaluation`, and what was told and came true."""

    on: int
    figures: dict[str, Any]
    gone: Any
    told: Any


def trained_as_of(lessons: Lessons, kind: str, on: int) -> Trained | None:
    """A candidate with what can be known on a day."""
    found = lessons.cutoffs(on)
    if found is None:
        return None
    learn, proof = found
    if kind == FOREST and learn == [proof]:
        return None  # it would calibrate on what it knows by heart
    return trained(kind, lessons.of(learn), lessons.of([proof]), lessons.horizon)


def backtest(lessons: Lessons, days: Iterable[int]) -> dict[str, list[Fold]]:
    """Every candidate as of each of the days, against what came true afterwards."""
    found: dict[str, list[Fold]] = defaultdict(list)
    for day in days:
        for kind in all_kinds():
            model = trained_as_of(lessons, kind, day)
            if model is not None:
                test = lessons.of([day])
                told = model.probabilities(test.rows)
                found[kind].append(Fold(day, evaluation.figures(test.gone, told), test.gone, told))
    return found


def folds(lessons: Lessons, on: int) -> list[int]:
    """The days to test on, the newest first: their horizons are over, and something could be learnt before them."""
    days = [on - lessons.horizon - STEP * n for n in range(FOLDS)]
    return [day for day in days if day - lessons.horizon - lessons.first >= FEWEST_DAYS]


def best(tested: dict[str, list[Fold]]) -> str:
    """The lowest mean Brier score over the same days (it rewards ranking and honesty); a draw: the simpler one."""
    scores = {}
    most = max((len(each) for each in tested.values()), default=0)
    for kind in reversed(all_kinds()):
        each = [fold.figures["brier"] for fold in tested.get(kind, []) if "brier" in fold.figures]
        if each and len(each) == most:
            scores[kind] = float(np.mean(each))
    return min(scores, key=scores.__getitem__) if scores else FALLBACK
