"""What pages and the API read of lifetime values: the newest published scores, within the viewer's scope."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Max, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import JSONObject

from crm.org.scope import Viewer
from customers import consents
from customers.models import PublishedNight
from segmentation import generations
from segmentation.lifetime import HORIZONS
from segmentation.models import LifetimeFit, LifetimeScore, LifetimeSum

LONGEST_HISTORY = 60  # fits shown


@dataclass(frozen=True)
class Expected:
    """What the customers of some stores are expected to bring. `values` by horizon, of those that are told.

    `alive`: customers who are more likely still there than not; None where averages speak.
    """

    fit: LifetimeFit
    customers: int
    alive: int | None
    values: dict[int, Decimal]

    @property
    def on(self) -> date:
        return self.fit.night.on


def horizons(fit: LifetimeFit) -> list[int]:
    """The spans that a fit tells of: none is longer than the chain has been seen."""
    return [days for days in HORIZONS if days <= fit.days]


def expected(viewer: Viewer) -> Expected | None:
    """Of the viewer's stores, by home store as of the night; None before the first fit."""
    fit: LifetimeFit | None = generations.serving(LifetimeFit)
    if fit is None:
        return None
    told = horizons(fit)
    sums = LifetimeSum.objects.filter(night=fit.night_id).visible_to(viewer)
    found = sums.aggregate(
        customers=Sum("customers"), alive=Sum("alive"), **{f"value_{days}": Sum(f"value_{days}") for days in told}
    )  # fmt: skip
    alive = None if fit.r is None else found["alive"] or 0
    values = {days: found[f"value_{days}"] or Decimal(0) for days in told}
    return Expected(fit, found["customers"] or 0, alive, values)


def ranked(viewer: Viewer, fit: LifetimeFit) -> QuerySet[LifetimeScore]:
    """The scores of the viewer's customers; `order` says by which column they rank.

    Nobody who was erased since that night, or has said no to a profile (docs/decisions/0020).
    """
    rows = LifetimeScore.objects.filter(night=fit.night_id).visible_to(viewer)
    rows = rows.filter(customer__merged_into=None, customer__erased_at=None)
    return rows.filter(~consents.Refuses(F("customer"), None, "profiling"))


def order(fit: LifetimeFit) -> str:
    """By the value over the longest span that is told; the most valuable first."""
    return f"-value_{max(horizons(fit), default=30)}"


@dataclass(frozen=True)
class Score:
    """What is expected of one customer. `spans`: (days, purchases, value) of the spans that are told."""

    on: date
    alive: float | None
    spans: list[tuple[int, float, Decimal]]


def beside() -> Subquery:
    """The score of a row's customer as JSON, for a statement that reads rows of that customer anyway."""
    published = PublishedNight.objects.values("night")[:1]
    newest = (
        LifetimeFit.objects.filter(night__lte=Subquery(published))
        .values("night_id")
        .order_by("-night_id")[:1]
    )
    rows = LifetimeScore.objects.filter(
        ~consents.Refuses(F("customer"), None, "profiling"),
        customer=OuterRef("customer"),
        night=Subquery(newest),
    )
    columns = [f"{what}_{days}" for what in ("purchases", "value") for days in HORIZONS]
    told = JSONObject(on="night__on", alive="alive", **{name: name for name in columns})
    return Subquery(rows.values(told=told))


def score_of(told: dict[str, Any] | None) -> Score | None:
    """What `beside` read; None where the customer has no score."""
    if told is None:
        return None
    spans = [
        (days, told[f"purchases_{days}"] / 100, Decimal(str(told[f"value_{days}"])))
        for days in HORIZONS
        if told[f"value_{days}"] is not None and told[f"purchases_{days}"] is not None
    ]
    alive = None if told["alive"] is None else told["alive"] / 1000
    return Score(date.fromisoformat(told["on"]), alive, spans)


def history() -> list[LifetimeFit]:
    """The fits of published nights, newest first; of each date the last one."""
    published = LifetimeFit.objects.filter(night__published_at__isnull=False)
    last = (
        published.values("night__on").annotate(last=Max("night_id")).order_by("-night__on")[:LONGEST_HISTORY]
    )
    found = LifetimeFit.objects.filter(night__in=[row["last"] for row in last])
    return list(found.select_related("night").order_by("-night__on"))
