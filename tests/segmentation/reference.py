"""RFM, value classes and the lifecycle once more, plainly: what docs/algorithms say, with pandas and loops.

Nothing here shares code with the product except the shape of a scheme. It is slow and meant to be read.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd

from segmentation.grid import default_grid


@dataclass
class Settings:
    window_days: int = 365
    buckets: int = 5
    axis: str = "fm"
    cuts: dict[str, list[int]] | None = None  # fixed limits, or None for quantiles
    high_percent: int = 50
    medium_percent: int = 30
    lapsed_group: str = "lost"
    grid: list[list[str]] = field(default_factory=list)

    def cell(self, r: int, x: int) -> str:
        return self.lapsed_group if r == 0 else (self.grid or default_grid(self.buckets))[r - 1][x - 1]


def standings(purchases: pd.DataFrame, on: date, settings: Settings) -> pd.DataFrame:
    """One row a customer who bought up to `on`: r, f, m, x, group, value_class.

    `purchases` has the columns customer, day (date), cents, returned (cents).
    """
    kept = purchases[(purchases.returned == 0) | (purchases.returned < purchases.cents)]
    kept = kept[kept.day <= on]
    kept = kept.assign(net=kept.cents - kept.returned)
    window = kept[kept.day > on - timedelta(days=settings.window_days)]
    rows = pd.DataFrame(
        {
            "recency": window.groupby("customer").day.max().map(lambda day: (on - day).days),
            "frequency": window.groupby("customer").size(),
            "cents": window.groupby("customer").net.sum(),
        }
    )
    rows["monetary"] = rows.cents // 100
    cuts = settings.cuts or {
        m: quantiles(list(rows[m]), settings.buckets) for m in ("recency", "frequency", "monetary")
    }
    k = settings.buckets
    rows["r"] = [k + 1 - score(value, cuts["recency"]) for value in rows.recency]
    rows["f"] = [score(value, cuts["frequency"]) for value in rows.frequency]
    rows["m"] = [score(value, cuts["monetary"]) for value in rows.monetary]
    rows["x"] = (
        rows.f
        if settings.axis == "f"
        else [round_half_up((f + m) / 2) for f, m in zip(rows.f, rows.m, strict=True)]
    )
    rows["value_class"] = value_classes(rows, settings)
    everybody = pd.DataFrame(index=pd.Index(sorted(kept.customer.unique()), name="customer"))
    full = everybody.join(rows).fillna(0).astype(dict.fromkeys(("r", "f", "m", "x", "value_class"), int))
    full["group"] = [settings.cell(r, x) for r, x in zip(full.r, full.x, strict=True)]
    return full[["r", "f", "m", "x", "group", "value_class"]]


def quantiles(values: list[int], buckets: int) -> list[int]:
    """The i/buckets quantiles as the smallest value with at least that share of the values at or below it."""
    ranked = sorted(values)
    return [ranked[-(-len(ranked) * i // buckets) - 1] for i in range(1, buckets)] if ranked else []


def score(value: int, cuts: list[int]) -> int:
    return 1 + sum(value > cut for cut in cuts)


def round_half_up(value: float) -> int:
    return int(value + 0.5)


def value_classes(rows: pd.DataFrame, settings: Settings) -> list[int]:
    """3 high, 2 medium, 1 low: from the top, until those above bring the share; equals stay together."""
    total = int(rows.cents.sum())
    high, both = settings.high_percent, settings.high_percent + settings.medium_percent

    def of(monetary: int) -> int:
        above = int(rows.cents[rows.monetary > monetary].sum())
        return 3 if above * 100 < high * total else 2 if above * 100 < both * total else 1

    return [of(monetary) for monetary in rows.monetary]


@dataclass
class Rules:
    new_days: int = 30
    dormant_days: int = 60
    lost_days: int = 180
    won_back_days: int = 60


def stage_on(days: list[date], on: date, rules: Rules) -> str:
    """The stage at the end of `on` of a customer who bought on `days`."""
    past = sorted(day for day in set(days) if day <= on)
    if not past:
        return "POTENTIAL"
    comebacks = [b for a, b in pairwise(past) if (b - a).days > rules.lost_days]
    age = (on - past[-1]).days
    if (on - past[0]).days < rules.new_days:
        return "NEW"
    if comebacks and (on - comebacks[-1]).days < rules.won_back_days:
        return "WON_BACK"
    if age < rules.dormant_days:
        return "ACTIVE"
    return "DORMANT" if age < rules.lost_days else "LOST"


def life(days: list[date], since: date, until: date, rules: Rules) -> list[tuple[str, date, date | None]]:
    """All spells (stage, began, ended) up to `until`, found by looking at every single day."""
    start = min([since, *days])
    spells: list[list[Any]] = []
    for i in range((until - start).days + 1):
        day = start + timedelta(days=i)
        stage = stage_on(days, day, rules)
        if not spells or spells[-1][0] != stage:
            if spells:
                spells[-1][2] = day
            spells.append([stage, day, None])
    return [(stage, began, ended) for stage, began, ended in spells]
