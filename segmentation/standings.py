"""Where customers stand: one customer's standing with its explanation, and the members of a part of the grid.

Everything here reads the published night (or an earlier one) and is scoped to the viewer's stores.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from crm.org.scope import Viewer
from customers import nights
from customers.bought import Counted, counted
from customers.models import Customer, Night, SpellQuerySet
from segmentation.heatmap import published_cuts_of
from segmentation.models import Group, NightCuts, Standing, ValueClass


def standing_of(customer: Customer, on: date | None = None) -> Standing | None:
    """The customer's standing at the published night (`on`: at the latest night up to that date), or None.

    `group` and `night` (since when it holds) are loaded with it. The caller has found the customer in their scope.
    """
    night = nights.night_of(on)
    return _with_names(Standing.objects.filter(customer=customer).at(night.pk)).first() if night else None


def history_of(customer: Customer, night: Night | None = None, **beside: Any) -> list[Standing]:
    """All published standings of the customer, newest first; `night.on` says since when each held.

    Runs that replaced another run for the same business date stand for it: the replaced one is left out. `night`: the
    published one, where the caller knows it. `beside`: what else the statement reads of the customer, by name.
    """
    night = night or nights.published()
    if night is None:
        return []
    rows = (
        _with_names(Standing.objects.filter(customer=customer, night__lte=night.pk))
        .order_by("-night_id")
        .annotate(**beside)
    )
    by_date: dict[date, Standing] = {}
    for row in rows:
        by_date.setdefault(row.night.on, row)
    return list(by_date.values())


def members(
    viewer: Viewer,
    *,
    group: str | None = None,
    r: int | None = None,
    x: int | None = None,
    f: int | None = None,
    m: int | None = None,
    value_class: int | None = None,
    on: date | None = None,
) -> SpellQuerySet:
    """Standings of the customers in a part of the grid, one row a customer, in no order.

    `group` is a group's code; (r, x) is a cell of the heat map; (0, 0) are those without a purchase in the window.
    `customer` and `group` are loaded with each row; `customer__purchase_state` may be joined by the caller for what
    was spent. Order by `customer_id` and page by it (keyset). Home stores are those of now.
    """
    night = nights.night_of(on)
    # By number and not by code: through a join the planner cannot know how many are in the group, and gathers all of
    # them before it sorts (2.1 s against 0.4 ms for a page of a group of 51,000).
    group_id = (
        None if group is None else Group.objects.filter(code=group).values_list("pk", flat=True).first() or 0
    )
    asked = {"group_id": group_id, "r": r, "x": x, "f": f, "m": m, "value_class": value_class}
    rows = Standing.objects.at(night.pk if night else None).visible_to(viewer)
    return rows.filter(**{k: v for k, v in asked.items() if v is not None}).select_related(
        "customer", "group"
    )


@dataclass(frozen=True)
class Scored:
    """One score and where it comes from. `unit` is "days", "purchases" or "money"; `cuts` are the night's cut points.

    The bucket of a score reaches from `above` (exclusive; None: no lower end) to `up_to` (inclusive; None: open).
    """

    measure: str  # "recency", "frequency", "monetary"
    value: int | Decimal
    score: int
    buckets: int
    cuts: list[int]
    above: int | None
    up_to: int | None


@dataclass(frozen=True)
class Explanation:
    """Why a customer stands where they stand at a night."""

    night: Night
    standing: Standing
    scores: list[Scored]  # empty without a purchase in the window
    window_from: date
    last_on: date | None
    group: Group
    value_class: str
    value_cuts: list[int]  # least revenue, in whole currency, of the medium and of the high class
    spent: Decimal  # in the window, net of returns


def explain(customer: Customer, on: date | None = None) -> Explanation | None:
    """The standing with the figures it was computed from, or None when the customer has none at that night.

    The figures are read from the purchases as the night knew them (recorded until it was computed); a return that
    came in later shows as already deducted here and in the scores from the next night on.
    """
    night = nights.night_of(on)
    standing = standing_of(customer, on)
    return explained(night, standing, counted(customer, night)) if night and standing else None


def explained(night: Night, standing: Standing, facts: Counted) -> Explanation | None:
    """The same of a standing that holds at that night, and of what the night counted."""
    cuts = published_cuts_of(night)
    if cuts is None:
        return None
    start = night.on - timedelta(days=night.window_days - 1)
    return Explanation(
        night=night,
        standing=standing,
        scores=_scores(standing, cuts, facts, night.on),
        window_from=start,
        last_on=facts.last_on,
        group=standing.group,
        value_class=str(ValueClass(standing.value_class).label),
        value_cuts=cuts.value,
        spent=facts.monetary,
    )


def _with_names(rows: SpellQuerySet) -> SpellQuerySet:
    return rows.select_related("group", "night")


def _scores(standing: Standing, cuts: NightCuts, facts: Counted, on: date) -> list[Scored]:
    if standing.r == 0 or facts.last_on is None:
        return []
    buckets = cuts.scheme.buckets
    values: dict[str, tuple[int | Decimal, int, list[int]]] = {
        "recency": ((on - facts.last_on).days, standing.r, cuts.recency),
        "frequency": (facts.frequency, standing.f, cuts.frequency),
        "monetary": (facts.monetary, standing.m, cuts.monetary),
    }
    return [
        Scored(measure, value, score, buckets, limits, *_bucket(measure, score, limits))
        for measure, (value, score, limits) in values.items()
    ]


def _bucket(measure: str, score: int, limits: list[int]) -> tuple[int | None, int | None]:
    """The ends of a score's bucket: few days are a high recency score."""
    place = len(limits) - score + 1 if measure == "recency" else score - 1
    return (limits[place - 1] if place > 0 else None), (limits[place] if place < len(limits) else None)
