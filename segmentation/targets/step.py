"""The step of the night that measures the segments: two passes over everybody, a range of customers at a time.

It holds sums by segment and home store and no customers, writes them in one transaction at the end, and is simply done
again after a kill.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection

from crm.jobs.claim import StepProgress
from crm.lib.copy import FLOAT8, INT2, INT4, INT8, TOTAL, write_columns
from crm.lib.sidebyside import side_by_side
from crm.lib.spells import day_number
from customers import nights
from customers.histories import RANGE, Histories
from customers.nightrun import NightRun
from customers.persona.reading import goods
from segmentation import schemes
from segmentation.models import Segment, TargetCount, TargetNight
from segmentation.segments import timetravel
from segmentation.targets import counting, measures, reading
from segmentation.targets.counting import COLUMNS, DAYS, First, Key, Sums
from segmentation.targets.measures import CHURN, OWN, VALUE

MONTH, QUARTER = timedelta(days=28), timedelta(days=DAYS)
_MONEY = ("revenue", "peers", "peers_of")
_FLOATS = ("churn", "value", "rhythm")
_TYPES = {
    "night_id": INT4, "store_id": INT8, "group_id": INT2, "segment_id": INT8,
    **{name: TOTAL if name in _MONEY else FLOAT8 if name in _FLOATS else INT4 for name in COLUMNS},
    "breadth": INT8, "breadth_of": INT8,
}  # fmt: skip


def step(night_run: NightRun, progress: StepProgress) -> None:
    """Measure every group and every segment that is not archived."""
    source = _Source(night_run)
    first = First()
    for people, members in side_by_side(source.load, range(len(source))):
        first.add(people, members)
    sums = Sums(first.middles(), first.best_from())
    for part in side_by_side(source.whole, range(len(source))):
        sums.add(*part)
        progress.advance(len(part[0]["id"]))
    with night_run.claim.slice(), connection.cursor() as cursor:
        take_back(night_run.night.pk)
        TargetNight.objects.create(night=night_run.night, **source.told)
        columns = _columns(sums, source, night_run.night.pk)
        if len(columns["customers"]):
            write_columns(cursor, TargetCount._meta.db_table, _TYPES, columns)
    progress.counts["measured"] = len({key for key, _store in sums.rows})


def take_back(night: int) -> None:
    TargetCount.objects.filter(night=night).delete()
    TargetNight.objects.filter(night=night).delete()


@dataclass
class _When:
    """Which earlier nights sizes are compared with: those of the groups, and of each segment the moment of its own."""

    month: Any
    quarter: Any
    months: dict[int, datetime]
    quarters: dict[int, datetime]


class _Source:
    """The night's customers in parts, as arrays."""

    def __init__(self, night_run: NightRun) -> None:
        self.night_run, self.on = night_run, night_run.on
        self.histories = Histories.of(night_run)
        self.when = _when(night_run)
        self.sources = {name: measures.serving(name, night_run.night.pk) for name in (CHURN, VALUE)}
        self.known = {(0, group.pk) for group in schemes.groups()}
        self.segments = list(Segment.objects.in_use().order_by("pk").values_list("pk", flat=True))
        self.known |= {(1, pk) for pk in self.segments}
        with connection.cursor() as cursor:
            category = goods(cursor).category
        names, self.category = np.unique(category, return_inverse=True)
        self.has_category, self.width = names[self.category] != 0, len(names)

    def __len__(self) -> int:
        return max(
            len(self.histories), self.night_run.ranges[-1][1] // RANGE + 1 if self.night_run.ranges else 0
        )

    @property
    def told(self) -> dict[str, Any]:
        codes = {name: found[0].code if found else OWN for name, found in self.sources.items()}
        on = {
            name: night.on if night else None
            for name, night in (("month_on", self.when.month), ("quarter_on", self.when.quarter))
        }
        return {"churn_by": codes[CHURN], "value_by": codes[VALUE], **on}

    def is_known_then(self, key: Key, name: str) -> bool:
        """Whether it can be said who was in it 4 or 13 weeks ago."""
        then = name.removesuffix("_ago")
        kind, number = key
        return number in getattr(self.when, f"{then}s") if kind else getattr(self.when, then) is not None

    def load(self, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """People and members of a part, read once and kept for the second pass."""
        columns = self.night_run.columns
        people = columns.fetch("targets.people", number, self._people)
        return people, columns.fetch(
            "targets.members", number, lambda number: self._members(number, people["id"])
        )

    def whole(self, number: int) -> tuple[dict[str, Any], dict[str, Any], Any, Any]:
        """The same with days of visits, and what was bought of which category."""
        people, members = self.load(number)
        visits = np.zeros(len(people["id"]), dtype=np.int64)
        bought = np.zeros((len(people["id"]), self.width), dtype=bool)
        if number < len(self.histories):
            self._of_histories(self.histories.part(number), people["id"], visits, bought)
        return people, members, visits, bought

    def _of_histories(self, part: Any, ids: Any, visits: Any, bought: Any) -> None:
        place, is_there = reading.places(ids, part.customer)
        owner, day, on = part.owner, part.receipt_day, day_number(self.on)
        is_new = np.append(True, (owner[1:] != owner[:-1]) | (day[1:] != day[:-1]))[: len(owner)]
        recent = is_new & (day > on - DAYS) & is_there[owner]
        visits += np.bincount(place[owner[recent]], minlength=len(ids))
        receipt = part.line_receipt
        product = np.minimum(part.line_product, len(self.category) - 1)
        inside = (day[receipt] > on - self.night_run.night.window_days) & is_there[owner[receipt]]
        inside &= (product == part.line_product) & self.has_category[product]
        bought[place[owner[receipt[inside]]], self.category[product[inside]]] = True

    def _people(self, number: int) -> dict[str, Any]:
        low, high = number * RANGE, (number + 1) * RANGE
        found = reading.people(low, high, self.on - QUARTER)
        own = {CHURN: counting.own_churn, VALUE: lambda people: people["cents"] / 100}
        for name, served in self.sources.items():
            found[name] = reading.scored(*served, low, high, found["id"]) if served else own[name](found)
        return found

    def _members(self, number: int, ids: Any) -> dict[str, Any]:
        when = {
            "month": self.when.month.pk if self.when.month else 0,
            "quarter": self.when.quarter.pk if self.when.quarter else 0,
            "segments": self.segments,
            "months": [self.when.months.get(pk) for pk in self.segments],
            "quarters": [self.when.quarters.get(pk) for pk in self.segments],
        }  # fmt: skip
        found = reading.members(number * RANGE, (number + 1) * RANGE, ids, when)
        names = np.array(sorted(kind << 32 | of for kind, of in self.known), dtype=np.int64)
        keep = np.isin(found["kind"] << 32 | found["of"], names)
        return {name: values[keep] for name, values in found.items()}


def _when(night_run: NightRun) -> _When:
    month, quarter = night_run.on - MONTH, night_run.on - QUARTER
    months, quarters = (
        dict(timetravel.newest_nights(on).values_list("segment", "at")) for on in (month, quarter)
    )
    return _When(nights.night_of(month), nights.night_of(quarter), months, quarters)


def _columns(sums: Sums, source: _Source, night: int) -> dict[str, Any]:
    """What is written of each segment and store: whole numbers and cents, with NULL where nothing is known."""
    keys = sorted(sums.rows)
    table = np.array([sums.rows[key] for key in keys]).reshape(len(keys), len(COLUMNS))
    kinds, numbers, stores = (
        np.array(values, dtype=np.int64).reshape(-1)
        for values in ([k[0] for k, _s in keys], [k[1] for k, _s in keys], [s for _k, s in keys])
    )
    columns: dict[str, Any] = {
        "night_id": np.full(len(keys), night), "store_id": np.ma.masked_equal(stores, 0),
        "group_id": np.ma.masked_array(numbers, kinds == 1), "segment_id": np.ma.masked_array(numbers, kinds == 0),
    }  # fmt: skip
    for place, name in enumerate(COLUMNS):
        values = table[:, place]
        columns[name] = values if name in _FLOATS else np.rint(values).astype(np.int64)
    for name in ("month_ago", "quarter_ago"):
        unknown = np.array([not source.is_known_then(key, name) for key, _store in keys], dtype=bool)
        columns[name] = np.ma.masked_array(columns[name], unknown)
    breadths = np.array([sums.breadth(*key) for key in keys], dtype=np.int64).reshape(-1, 2)
    columns["breadth"], columns["breadth_of"] = breadths[:, 0], breadths[:, 1]
    return columns
