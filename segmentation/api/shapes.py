"""What goes out. Money is a string; shares are parts of 1 of what the key sees."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from segmentation.api.savedshapes import SavedOut

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
    """`night`: the business date that the figures are of; null before the first night. `saved`: what people described
    or listed, beside the groups."""

    results: list[SegmentOut]
    next: str | None
    night: date | None
    saved: list[SavedOut] = []


class MemberOut(msgspec.Struct):
    """A customer in a segment. `r`, `f`, `m`: recency, frequency and money. `since`: of a saved segment, since when."""

    id: str
    r: Score
    f: Score
    m: Score
    value_class: ValueClassName
    since: datetime | None = None


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


class ClusterOfOut(msgspec.Struct):
    """The cluster that a customer is in as of the last published night, and since which night; see `clusters/`."""

    id: int
    since: date


class ExpectedOut(msgspec.Struct):
    """In so many days after the night: days with a purchase, and what they are worth."""

    days: Literal[30, 90, 365]
    purchases: float
    value: str


class LifetimeOut(msgspec.Struct):
    """What a customer is expected to bring, as of the last night that told. Spans that cannot be told are left out.
    `alive`: the probability that they are still a customer; null where the chain is too small or young for a model.
    """

    alive: float | None
    expected: list[ExpectedOut]
    night: date


class LeavingReasonOut(msgspec.Struct):
    """`points` is what a reason adds to the probability: 0.12 is 12 points.

    `id`: recency, overdue, rhythm, frequency, visits, trend, spend, spend_trend, tenure, basket, discount, variety or
    weekday. `value`: whether what it looks at is low or high for this customer, against what is usual; null: not known.
    """

    id: str
    points: float
    value: Literal["low", "high"] | None = None


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
