"""The lifetime step of the night: fit once, then score a slice of customers at a time."""

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from django.db import connection

from crm.jobs.claim import StepProgress
from crm.lib.copy import INT2, INT4, INT8, MONEY, TOTAL, write_columns
from crm.lib.sidebyside import side_by_side
from crm.lib.spells import day_number
from customers.histories import Histories
from customers.lifecycle import customers_of
from customers.nightrun import NightRun
from segmentation import generations
from segmentation.generations import Scores
from segmentation.lifetime import HORIZONS, fitting, grouping
from segmentation.lifetime.bgnbd import Params
from segmentation.lifetime.fitting import Fitted, Predicted
from segmentation.lifetime.gammagamma import Spending
from segmentation.models import LifetimeFit, LifetimeSum

SCORES = Scores(
    "segmentation_lifetimescore",
    LifetimeFit,
    {
        "customer_id": INT8, "alive": INT2,
        **{f"purchases_{days}": INT4 for days in HORIZONS}, **{f"value_{days}": MONEY for days in HORIZONS},
    },
)  # fmt: skip
STATEMENTS = generations.statements(SCORES.table)
MOST_PURCHASES = 2**31 - 1


def step(night_run: NightRun, progress: StepProgress) -> None:
    """Fit, score everybody who ever bought, and write the sums by home store.

    Whose profile may not be made is in the sums, which are the chain's, and has no score (docs/decisions/0020).
    """
    histories = Histories.of(night_run)
    fitted = _fitted(night_run, histories)
    progress.counts["scored"] = 0
    if fitted is None:
        return
    until = day_number(fitted.until)

    def score(number: int) -> tuple[int, Sums]:
        found = _scored(fitted, night_run, histories, number, until)
        scores = found.scores
        generations.replace_part(night_run, number, SCORES, scores)
        return len(scores["customer_id"]), Sums.of(found.columns, found.store)

    total = Sums()
    for scored, part in side_by_side(score, range(len(night_run.ranges))):
        total.join(part)
        progress.counts["scored"] += scored
        progress.advance(part.customers)
    with night_run.claim.slice(), connection.cursor() as cursor:
        total.write(cursor, night_run.night.pk)


def take_back(night: int) -> None:
    LifetimeSum.objects.filter(night=night).delete()
    generations.take_back(SCORES, night)


def _fitted(night_run: NightRun, histories: Histories) -> Fitted | None:
    """The night's fit: of an earlier attempt, or made now. None: there is nothing to fit yet."""
    known = LifetimeFit.objects.filter(night=night_run.night).first()
    if known is not None:
        return fitted_of(known)
    crowd = grouping.crowd(histories)
    found = fitting.fit(crowd) if crowd else None
    if found is not None:
        with night_run.claim.slice():
            LifetimeFit.objects.create(night=night_run.night, **_columns(found))
    return found


def _columns(found: Fitted) -> dict[str, Any]:
    plain = asdict(found)
    params, spending = plain.pop("params"), plain.pop("spending")
    plain |= dict(zip(("r", "alpha", "a", "b"), params or (None,) * 4, strict=True))
    return plain | dict(zip(("spend_p", "spend_q", "spend_v"), spending or (None,) * 3, strict=True))


def fitted_of(row: LifetimeFit) -> Fitted:
    """A kept fit, to predict with."""
    plain = {
        one.name: getattr(row, one.name) for one in fields(Fitted) if one.name not in ("params", "spending")
    }
    params = None if row.r is None else Params(row.r, row.alpha, row.a, row.b)  # type: ignore[arg-type]
    spending = None if row.spend_p is None else Spending(row.spend_p, row.spend_q, row.spend_v)  # type: ignore[arg-type]
    return Fitted(params=params, spending=spending, **plain)


@dataclass(frozen=True)
class Scored:
    """A slice of living customers: what is expected of each, their home store (0: none), and who objects."""

    columns: dict[str, Any]
    store: Any
    objects: Any

    @property
    def scores(self) -> dict[str, Any]:
        """The columns of those of whom a score is kept."""
        return {name: column[~self.objects] for name, column in self.columns.items()}


def _scored(fitted: Fitted, night_run: NightRun, histories: Histories, number: int, until: int) -> Scored:
    people = customers_of(night_run, number)
    parts = []
    for lives in grouping.of_range(histories, *night_run.ranges[number], until):
        with connection.cursor() as cursor:
            is_gone, objects = generations.barred(cursor, lives.customer)
        keep = np.isin(lives.customer, people["id"], assume_unique=True) & ~is_gone
        told = _laid_out(lives.customer, fitting.predict(fitted, lives)) | {"objects": objects}
        parts.append({name: column[keep] for name, column in told.items()})
    columns = {
        name: np.ma.concatenate([part[name] for part in parts]) if parts else np.empty(0, np.int64)
        for name in SCORES.types
    }
    columns["customer_id"] = np.ma.getdata(columns["customer_id"])
    objects = np.concatenate([np.zeros(0, dtype=bool), *(part["objects"] for part in parts)])
    store = people["home_store"][np.searchsorted(people["id"], columns["customer_id"])]
    return Scored(columns, store, objects)


def _laid_out(customer: Any, predicted: Predicted) -> dict[str, Any]:
    nothing = np.ma.masked_all(len(customer), np.int64)
    columns = {"customer_id": customer, "alive": nothing if predicted.alive is None else predicted.alive}
    for days in HORIZONS:
        columns[f"purchases_{days}"] = np.ma.minimum(predicted.purchases.get(days, nothing), MOST_PURCHASES)
        columns[f"value_{days}"] = predicted.cents.get(days, nothing)
    return columns


class Sums:
    """By home store: customers, those likely still there, and cents by horizon (None: not told)."""

    NAMES = ("customers", "alive", *(f"value_{days}" for days in HORIZONS))

    def __init__(self) -> None:
        self.customers = 0
        self.rows: dict[int, list[int | None]] = {}

    @classmethod
    def of(cls, columns: dict[str, Any], store: Any) -> "Sums":
        found = cls()
        found.customers = len(store)
        stores, place = np.unique(store, return_inverse=True)
        values = {**columns, "customers": np.ones(len(store), np.int64), "alive": columns["alive"] >= 500}
        summed = [_summed(values[name], place, len(stores)) for name in cls.NAMES]
        for key, *row in zip(stores.tolist(), *summed, strict=True):
            found.rows[key] = row
        return found

    def join(self, other: "Sums") -> None:
        self.customers += other.customers
        for store, theirs in other.rows.items():
            ours = self.rows.setdefault(store, [None if one is None else 0 for one in theirs])
            self.rows[store] = [
                None if a is None or b is None else a + b for a, b in zip(ours, theirs, strict=True)
            ]

    def write(self, cursor: Any, night: int) -> None:
        """Replaces the night's own sums, so that doing it again changes nothing."""
        LifetimeSum.objects.filter(night=night).delete()
        if not self.rows:
            return
        columns: dict[str, Any] = {
            "night_id": np.full(len(self.rows), night),
            "store_id": np.ma.masked_equal(np.array(list(self.rows), np.int64), 0),
        }
        for at, name in enumerate(self.NAMES):
            column = [row[at] for row in self.rows.values()]
            columns[name] = np.ma.array([n or 0 for n in column], np.int64, mask=[n is None for n in column])
        types = {
            "night_id": INT4,
            "store_id": INT8,
            **dict.fromkeys(self.NAMES, TOTAL),
            "customers": INT4,
            "alive": INT4,
        }
        write_columns(cursor, "segmentation_lifetimesum", types, columns)


def _summed(values: Any, place: Any, size: int) -> list[int | None]:
    if np.ma.getmaskarray(values).any():
        return [None] * size
    sums = np.zeros(size, np.int64)
    np.add.at(sums, place, np.ma.getdata(values).astype(np.int64))
    return [int(one) for one in sums]
