"""What goes in and out of coupons and rewards."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from customers.api.shapes import Amount, IdentityIn, In, LineNumber, Quantity, Source, StoreCode

Checkout = Annotated[str, Meta(min_length=1, max_length=64, description="The receipt's number there.")]


class BasketLineIn(In):
    """`amount` is what the line costs at this moment."""

    line: LineNumber
    product: Annotated[str, Meta(min_length=1, max_length=64, description="SKU.")]
    quantity: Quantity
    amount: Amount
    is_discounted: bool = False


class ReservationIn(In):
    """`source` and `external_id` name the checkout: those that its receipt will bear. `customer`: of a shared code."""

    source: Source
    external_id: Checkout
    store: StoreCode
    lines: Annotated[list[BasketLineIn], Meta(min_length=1, max_length=2000)]
    channel: Literal["store", "online"] = "store"
    delivery: Amount = "0"
    customer: IdentityIn | None = None
    minutes: Annotated[int, Meta(ge=1, le=1440)] = 15


class CouponRedemptionIn(In):
    """Without lines: what the same checkout has reserved."""

    source: Source
    external_id: Checkout
    store: StoreCode
    lines: Annotated[list[BasketLineIn], Meta(max_length=2000)] = []
    channel: Literal["store", "online"] = "store"
    delivery: Amount = "0"
    customer: IdentityIn | None = None


class CheckoutQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """Which checkout."""

    source: Source
    external_id: Checkout


class LineOff(Struct):
    line: int
    discount: str


class GiftOut(Struct):
    product: str
    quantity: str


class CouponUseOut(Struct):
    """`lines`, `delivery`, `gifts`: what the basket gets; empty where none was given. `cost`: all of it in money.

    `receipt`: what it was used in, as soon as that has come.
    """

    id: str
    customer: str
    state: Literal["reserved", "redeemed", "released", "reversed"]
    cost: str
    lines: list[LineOff]
    delivery: str
    gifts: list[GiftOut]
    reserved_until: datetime | None
    redeemed_at: datetime | None
    receipt: str | None


class CouponOut(Struct):
    id: str
    code: str
    name: str
    kind: str
    what: str
    valid_to: datetime | None


class CouponList(Struct):
    results: list[CouponOut]


class RewardOut(Struct):
    """`in_stock`: how many the store that was named has; null: not counted, or no store was named."""

    id: str
    code: str
    name: str
    kind: str
    points: int
    money: str | None
    partner: str | None
    note: str
    from_on: date | None
    to_on: date | None
    stores: list[str]
    tiers: list[str]
    in_stock: int | None


class RewardPage(Struct):
    results: list[RewardOut]
    next: str | None


class RewardRedemptionIn(In):
    source: Source
    external_id: Checkout
    store: StoreCode
    customer: IdentityIn


class RedemptionOut(Struct):
    id: str
    customer: str
    reward: str
    state: Literal["ready", "handed", "sent", "cancelled"]
    points: int
    money: str | None
    coupon: str | None
    discount: str | None
    redeemed_at: datetime
