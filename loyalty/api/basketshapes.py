"""What goes in and out of evaluating a basket."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from customers.api.shapes import Amount, IdentityIn, In, Moment, StoreCode
from loyalty.api.couponshapes import BasketLineIn, GiftOut, LineOff
from loyalty.api.shapes import CustomerId
from loyalty.ledger.refusals import MOST

MOST_LINES, MOST_CODES = 500, 20
Code = Annotated[str, Meta(min_length=1, max_length=40)]


class EvaluatedLineIn(BasketLineIn, kw_only=True):
    """`amount` is what the line costs after `discount`, which was taken off before; as on a receipt."""

    discount: Amount = "0"


class EvaluationIn(In):
    """`customer`: an identifier of whichever store, or an id; without, a stranger. `codes`: what they show.
    `points`: how many they would spend at most. `occurred_at`: now, when left out."""

    store: StoreCode
    lines: Annotated[list[EvaluatedLineIn], Meta(min_length=1, max_length=MOST_LINES)]
    customer: IdentityIn | CustomerId | None = None
    channel: Annotated[str, Meta(pattern="^(store|online)$")] = "store"
    occurred_at: Moment | None = None
    delivery: Amount = "0"
    codes: Annotated[list[Code], Meta(max_length=MOST_CODES)] = []
    points: Annotated[int, Meta(ge=0, le=MOST)] = 0


class RefusedOut(Struct):
    code: str
    detail: str


class EvaluatedLineOut(Struct):
    """As the receipt would bear it: `amount` after `discount`, which holds all that was taken off. `tier` and `coupons`
    are the parts of it that are new."""

    line: int
    amount: str
    discount: str
    tier: str
    coupons: str
    points: int


class OfferOut(Struct):
    """`alone`: what it would save by itself, null where it does not fit. `is_chosen`: part of the best combination;
    then `saves`, `lines`, `delivery` and `gifts` say what it takes there, after those before it in the list.
    Otherwise `reason` says why not."""

    code: str
    name: str
    valid_to: datetime | None
    alone: str | None
    is_chosen: bool
    saves: str
    lines: list[LineOff]
    delivery: str
    gifts: list[GiftOut]
    reason: RefusedOut | None


class PrizeOut(Struct):
    """`discount`: what it takes off what is paid. `is_chosen`: for the points that were named, part of the best."""

    id: str
    name: str
    kind: str
    points: int
    discount: str | None
    fits: bool
    is_chosen: bool
    reason: RefusedOut | None


class ToldOut(Struct):
    sentence: str
    points: int | None
    note: str


class PointsOut(Struct):
    """`earned` and `growth`: what a receipt of these lines would give, `told` how they come about. `spendable`: what
    the customer has; `asked`: what they would spend, `missing`: what of that is not there, `spent`: what the rewards
    take."""

    earned: int
    growth: int
    told: list[ToldOut]
    available_at: datetime | None
    spendable: int
    asked: int
    missing: int
    spent: int


class TierOut(Struct):
    code: str
    percent: str
    saves: str


class HintOut(Struct):
    """`of`: the coupon's code or the reward's id; of `buy_again` and `new_to_them` the SKU."""

    code: str
    detail: str
    of: str
    points: int | None
    amount: str | None


class EvaluationOut(Struct):
    """`amount`: what the lines cost; `discount`: taken off them; `delivery`: what of it is left; `to_pay`: all, after
    `rewards`. `is_exact`: no combination is better; `why` says what was weighed."""

    customer: str | None
    tier: TierOut | None
    lines: list[EvaluatedLineOut]
    amount: str
    discount: str
    delivery: str
    rewards_off: str
    to_pay: str
    is_exact: bool
    why: list[str]
    coupons: list[OfferOut]
    rewards: list[PrizeOut]
    points: PointsOut
    suggestions: list[HintOut]
