"""What goes in and out of the calls about points."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from customers.api.shapes import IdentityIn, In, Moment, Source, StoreCode
from loyalty.ledger.refusals import MOST

Points = Annotated[int, Meta(ge=1, le=MOST)]
UnitCode = Literal["points", "growth", "stored", "bonus"]
Spendable = Literal["points"]  # money moves on both of its accounts at once: see `stored.py`
CustomerId = Annotated[str, Meta(pattern="^cus_[0-9a-z]{12}$")]
Number = Annotated[str, Meta(min_length=1, max_length=60, description="The sender's number of it.")]
MOVEMENT_ID = {"type": "string", "pattern": "^mov_[0-9a-z]{12}$"}
HOLD_ID = {"type": "string", "pattern": "^hld_[0-9a-z]{12}$"}


class DueOut(msgspec.Struct):
    """Points with a moment: when they end, or when they become available."""

    at: datetime
    points: int


class AccountOut(msgspec.Struct):
    """`spendable` is what is available after what is owed (`debt`)."""

    unit: UnitCode
    spendable: int
    available: int
    pending: int
    held: int
    debt: int
    ending: list[DueOut]
    vesting: list[DueOut]


class AccountsOut(msgspec.Struct):
    customer: str
    accounts: list[AccountOut]


class MovementOut(msgspec.Struct):
    """One movement. The legs are changes: `points` is that of all that is the member's."""

    id: str
    unit: UnitCode
    kind: str
    points: int
    available: int
    pending: int
    held: int
    debt: int
    source: str
    of: str | None
    receipt: str | None
    store: str | None
    occurred_at: datetime
    recorded_at: datetime


class MovementPage(msgspec.Struct):
    results: list[MovementOut]
    next: str | None


class RedemptionIn(In):
    """`customer`: an id that the key sees, or an identifier of whichever store: who shows it stands there.

    `occurred_at` is not asked for: points are spent when this is called.
    """

    customer: IdentityIn | CustomerId
    points: Points
    source: Source
    external_id: Number
    store: StoreCode | None = None
    unit: Spendable = "points"


class HoldIn(RedemptionIn):
    seconds: Annotated[int, Meta(ge=10, le=604_800, description="How long the points are set aside.")] = 900


class PartIn(In):
    """A part, or all that is left of it."""

    source: Source
    external_id: Number
    points: Points | None = None


class MovedOut(msgspec.Struct):
    """What was booked. A repeated call answers the same for ever."""

    id: str
    customer: str
    unit: UnitCode
    points: int


class HoldOut(msgspec.Struct):
    id: str
    customer: str
    unit: UnitCode
    points: int
    until: Moment


class FreedOut(msgspec.Struct):
    """`ended`: nothing is set aside any more."""

    id: str
    ended: bool
