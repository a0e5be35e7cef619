"""Target markets as they go in and out. Shares are parts of 1 of what the key sees; null: not known."""

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from customers.api.shapes import In

Status = Literal["considered", "chosen", "dropped"]
Rating = Annotated[int, Meta(ge=1, le=5)]
Note = Annotated[str, Meta(max_length=2000)]
Owner = Annotated[str, Meta(max_length=32, description="Employee number; null: nobody.")]
Score = Annotated[float, Meta(ge=0, le=100)]


class TargetSeen(In):
    """What was said of a target market when its author looked."""

    status: Status | UnsetType = UNSET
    goal: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    product: Note | UnsetType = UNSET
    price: Note | UnsetType = UNSET
    channel: Note | UnsetType = UNSET
    promotion: Note | UnsetType = UNSET
    owner: Owner | UnsetType | None = UNSET
    review_on: date | UnsetType | None = UNSET
    competition: Annotated[Rating, Meta(description="5: everybody wants them.")] | UnsetType | None = UNSET
    fit: Annotated[Rating, Meta(description="5: just ours.")] | UnsetType | None = UNSET


class TargetChangeIn(TargetSeen):
    """Only what is named changes. `remark`: why; it is kept with a new status or judgement.

    `based_on`: what of it was seen before; a field that somebody else changed since is refused.
    """

    remark: Annotated[str, Meta(max_length=400)] = ""
    based_on: TargetSeen | UnsetType = UNSET


class TargetFigures(Struct):
    """As the night measured them, over the stores that the key sees. `growth`: 0.25 is a quarter more.

    `value`: of a member, in the chain's currency. `breadth`, `rhythm`, `peers`: signs of the share of wallet.
    """

    customers: int
    share_of_customers: float | None
    growth: float | None
    revenue: str
    share_of_revenue: float | None
    value: float | None
    churn: float | None
    reach: float | None
    breadth: float | None
    rhythm: float | None
    peers: float | None


class TargetOut(Struct):
    """A segment as a market. `id` is that of the segment; `advice` is the matrix's."""

    id: str
    name: str
    kind: Literal["group", "segment"]
    status: Status
    goal: str
    product: str
    price: str
    channel: str
    promotion: str
    owner: str | None
    review_on: date | None
    competition: Rating | None
    fit: Rating | None
    attractiveness: Score | None
    strength: Score | None
    advice: Literal["go", "choose", "hold"] | None
    figures: TargetFigures | None


class TargetPage(Struct):
    """All on one page. `mode`: how the chain serves its market."""

    results: list[TargetOut]
    next: str | None
    night: date | None
    mode: Literal["whole", "segments", "one"]
