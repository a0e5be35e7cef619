"""The step of the night: pairs of goods, two lists for each customer, what is due and what stores will need.

What is known of everybody is worked out anew by each attempt (a minute for 20 M receipts); customers' rows are written
a slice at a time and stay written. The fit, which lets readers see a night, is the last thing it writes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from crm.jobs.claim import StepProgress
from crm.lib.copy import write_columns
from crm.lib.sidebyside import side_by_side
from crm.lib.spells import day_number
from customers.histories import RANGE, Histories
from customers.nightrun import NightRun
from segmentation import generations
from segmentation.models import BasketPair, ProductFit, StockFigure
from segmentation.products import people, rows, stock
from segmentation.products.catalogue import Catalogue, catalogue
from segmentation.products.listing import Listing, Told
from segmentation.products.stock import Sums
from segmentation.products.survey import Survey

MOST_PAIRS = 20_000  # of a level that are kept
LOCAL = (BasketPair, StockFigure)
STATEMENTS = [
    *people.STATEMENTS,
    *generations.statements(rows.RECOMMENDATIONS.table),
    *generations.statements(rows.DUE.table),
]


def step(night_run: NightRun, progress: StepProgress) -> None:
    """Write what the night finds about goods."""
    histories = Histories.of(night_run)
    len(histories)  # read before the catalogue, so that no product is unknown
    with connection.cursor() as cursor:
        goods = catalogue(cursor)
    survey = Survey(histories, goods, day_number(night_run.on), night_run.night.window_days)
    survey.run(progress.advance)
    listing = Listing(night_run.on, goods, survey.finder)
    listed, needed, due = 0, 0, Sums(2)
    for written in side_by_side(
        lambda n: _write(night_run, n, histories, listing), range(len(night_run.ranges))
    ):
        due.add(written.keys, np.ones(len(written.keys), dtype=np.int64), written.milli)
        listed, needed = listed + written.listed, needed + len(written.keys)
        progress.advance(written.listed)
    with night_run.claim.slice(), connection.cursor() as cursor:
        kept = _write_local(cursor, night_run, survey, goods, due)
        _keep(night_run, survey, listed)
    progress.counts |= {"pairs": kept, "listed": listed, "needed": needed}


def take_back(night: int) -> None:
    for model in LOCAL:
        model.objects.filter(night=night).delete()
    for scores in (rows.RECOMMENDATIONS, rows.DUE):
        generations.take_back(scores, night)


@dataclass(frozen=True)
class Written:
    listed: int
    keys: Any  # store and product of each row that is due
    milli: Any


def _write(night_run: NightRun, number: int, histories: Histories, listing: Listing) -> Written:
    low, high = night_run.ranges[number]
    with connection.cursor() as cursor:
        everybody = people.people(cursor, low, high)
    parts = range(max(0, low) // RANGE, min(len(histories), (high - 1) // RANGE + 1))
    told = [one for part in parts for one in listing.of(histories.part(part), everybody)]
    lists, due = (_joined(told, name) for name in ("lists", "due"))
    for scores, columns in ((rows.RECOMMENDATIONS, lists), (rows.DUE, due)):
        generations.replace_part(night_run, number, scores, columns or _nothing(scores))
    if not told:
        return Written(0, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    keys = np.concatenate([one.due_store for one in told]) * listing.goods.products + due["product_id"]
    return Written(len(lists["customer_id"]), keys, due["milli"])


def _joined(told: list[Told], what: str) -> dict[str, Any]:
    """The columns of all pieces; the store may be masked (none)."""
    columns = [getattr(one, what) for one in told]
    names = list(columns[0]) if columns else []
    join = {"store_id": np.ma.concatenate}
    return {name: join.get(name, np.concatenate)([one[name] for one in columns]) for name in names}


def _nothing(scores: generations.Scores) -> dict[str, Any]:
    return {name: np.zeros(0, dtype=np.int64) for name in scores.types}


def _write_local(cursor: Any, night_run: NightRun, survey: Survey, goods: Catalogue, due: Sums) -> int:
    """Pairs and what stores need: this night's anew, and the published one's stay; how many pairs."""
    night, serving, kept = night_run.night.pk, generations.serving(ProductFit), 0
    for model in LOCAL:
        model.objects.exclude(night=serving.night_id if serving else 0).delete()
    for (level, is_plain), counter in survey.counters.items():
        columns = rows.pairs(counter.pairs(), night, level, is_plain, MOST_PAIRS)
        kept += len(columns["both"])
        write_columns(cursor, "segmentation_basketpair", rows.PAIR_TYPES, columns)
    figures = stock.figures(due, survey.sold, goods.products, goods.kind, night)
    write_columns(cursor, "segmentation_stockfigure", rows.STOCK_TYPES, figures)
    return kept


def _keep(night_run: NightRun, survey: Survey, listed: int) -> None:
    baskets, plain = (survey.counters[1, is_plain].baskets for is_plain in (False, True))
    ProductFit.objects.update_or_create(
        night=night_run.night,
        defaults={"baskets": baskets, "plain_baskets": plain, "window_days": night_run.night.window_days,
                  "customers": listed},
    )  # fmt: skip
