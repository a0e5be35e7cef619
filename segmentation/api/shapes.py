"""What goes out. Money is a string; shares are parts of 1 of what the key sees."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Score = Annotated[
    int, Meta(ge=0, le=10, description="1 (lowest) to the number of scores; 0 without a purchase.")
]
ValueClassName = Literal["none", "low", "medium", "high"]


class SegmentOut(msgspec.Struct):
    """A named part of the RFM grid. `id` stays when the chain renames it."""

    id: str
    name: str
    customers: int
    revenue: str
    share_of_customers: float
    share_of_revenue: float


class SegmentPage(msgspec.Struct):
    """`night`: the business date that the figures are of; null before the first night."""

    results: list[SegmentOut]
    next: str | None
    night: date | None


class MemberOut(msgspec.Struct):
    """A customer in a segment. `r`, `f`, `m`: recency, frequency and money."""

    id: str
    r: Score
    f: Score
    m: Score
    value_class: ValueClassName


class MemberPage(msgspec.Struct):
    results: list[MemberOut]
    next: str | None
    night: date | None


class StandingOut(msgspec.Struct):
    """Where a customer stands as of the last published night: the segment's id and the scores that led there."""

    id: str
    r: Score
    f: Score
    m: Score
    value_class: ValueClassName
    night: date


class LeavingReasonOut(msgspec.Struct):
    """`points` is what a reason adds to the probability: 0.12 is 12 points.

    `id`: recency, overdue, rhythm, frequency, visits, trend, spend, spend_trend, tenure, basket, discount, variety or
    weekday.
    """

    id: str
    points: float


class LeavingOut(msgspec.Struct):
    """How likely the customer buys nothing within `horizon_days`, as of the last night that scored.

    `usual` (where everybody starts) and the points of all `reasons` sum to `probability`. `model`: what serves (forest,
    bgnbd, overdue or recency).
    """

    probability: float
    usual: float
    horizon_days: int
    night: date
    model: str
    reasons: list[LeavingReasonOut]
