"""What goes in and out. Money and quantities are strings, times carry their offset, unknown fields are refused."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

AMOUNT = r"^\d{1,10}(\.\d{1,2})?$"
QUANTITY = r"^\d{1,9}(\.\d{1,3})?$"

Amount = Annotated[str, Meta(pattern=AMOUNT, description="Money in the chain's currency.")]
Quantity = Annotated[str, Meta(pattern=QUANTITY, description="Pieces, or a weight.")]
LineNumber = Annotated[int, Meta(ge=1, le=32_767)]
Source = Annotated[str, Meta(min_length=1, max_length=40, description="The sending system.")]
ExternalId = Annotated[str, Meta(min_length=1, max_length=120, description="Its number there.")]
StoreCode = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
Moment = Annotated[datetime, Meta(tz=True, description="ISO 8601 with an offset.")]
ReturnState = Literal["applied", "waiting", "quarantined", "expected"]
Kind = Literal["phone", "email", "member", "card", "openid", "account", "device"]


class In(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of what callers send."""


class IdentityIn(In):
    kind: Kind
    value: Annotated[str, Meta(min_length=1, max_length=190)]


CustomValue = Annotated[str, Meta(max_length=200)] | int | float | bool | None


class FactsIn(In, kw_only=True):
    """The plain facts of a customer. What is left out stays as it is; an empty text takes a fact back."""

    name: Annotated[str, Meta(max_length=120)] | UnsetType = UNSET
    gender: Literal["", "f", "m", "x"] | UnsetType = UNSET
    birthday: date | UnsetType | None = UNSET
    age_band: Annotated[str, Meta(max_length=16)] | UnsetType = UNSET
    income_band: Annotated[str, Meta(max_length=24)] | UnsetType = UNSET
    occupation: Annotated[str, Meta(max_length=80)] | UnsetType = UNSET
    household_size: Annotated[int, Meta(ge=1, le=99)] | UnsetType | None = UNSET
    household: Annotated[str, Meta(max_length=40)] | UnsetType = UNSET
    household_code: Annotated[str, Meta(max_length=40)] | UnsetType = UNSET
    language: Literal["", "en", "zh-hans", "zh-hant"] | UnsetType = UNSET
    address: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    home_store: StoreCode | UnsetType = UNSET
    custom: (
        Annotated[
            dict[str, CustomValue],
            Meta(
                description="The chain's own fields by their code; null takes a value back. Others stay as they are."
            ),
        ]
        | UnsetType
    ) = UNSET


class EnrolmentIn(FactsIn, kw_only=True):
    """A new member, by one identifier or several."""

    identities: Annotated[list[IdentityIn], Meta(min_length=1, max_length=10)]
    invited_by: Annotated[
        str, Meta(max_length=20, description="The code of the member who brought them along.")
    ] = ""


class ReceiptLine(In):
    """`amount` is what the line cost after `discount`."""

    line: LineNumber
    product: Annotated[str, Meta(min_length=1, max_length=64, description="SKU.")]
    quantity: Quantity
    amount: Amount
    discount: Amount = "0"


class ReceiptPayment(In):
    method: Annotated[str, Meta(min_length=1, max_length=24)]
    amount: Annotated[str, Meta(pattern=r"^-?\d{1,10}(\.\d{1,2})?$")]


class ReceiptKey(In):
    source: Source
    external_id: ExternalId


class Receipt(ReceiptKey):
    """A receipt. Known for ever by `source` and `external_id`."""

    store: StoreCode
    occurred_at: Moment
    lines: Annotated[list[ReceiptLine], Meta(min_length=1, max_length=2000)]
    customer: IdentityIn | None = None
    channel: Literal["store", "online"] = "store"
    staff: Annotated[str, Meta(max_length=32)] = ""
    payments: Annotated[list[ReceiptPayment], Meta(max_length=100)] = []


class ReturnedLine(In):
    """`line` is the number of the receipt's line."""

    line: LineNumber
    quantity: Quantity
    amount: Amount


class Return(ReceiptKey):
    """Goods brought back from one receipt."""

    store: StoreCode
    occurred_at: Moment
    receipt: ReceiptKey
    lines: Annotated[list[ReturnedLine], Meta(min_length=1, max_length=2000)]
    staff: Annotated[str, Meta(max_length=32)] = ""


class ReceiptDone(msgspec.Struct):
    id: str
    customer: str | None
    points_earned: int
    business_date: date
    amount: str


class ReturnDone(msgspec.Struct):
    id: str
    customer: str | None
    state: ReturnState
    reason: str
    amount: str


class BatchErrorOut(msgspec.Struct):
    """`line` counts from 1, empty lines included."""

    line: int
    code: str
    pointer: str
    detail: str


class BatchOut(msgspec.Struct):
    """`applied` + `duplicates` + `rejected` = lines sent."""

    applied: int
    duplicates: int
    rejected: int
    errors: list[BatchErrorOut]


class IdentityOut(msgspec.Struct):
    kind: str
    value: str
    is_primary: bool


class PurchasesOut(msgspec.Struct):
    """The purchases that count, in a few numbers, as of now."""

    count: int
    spent: str
    first_on: date | None
    last_on: date | None


class LifecycleOut(msgspec.Struct):
    """Where the customer stands in their life with the chain, as of the last published night."""

    stage: Literal["potential", "new", "active", "dormant", "lost", "won_back"]
    since: date


class ServingOut(msgspec.Struct, tag_field="scope", tag="serving"):
    """A customer of a branch that the key does not see: enough to serve them."""

    id: str
    name: str
    home_store: str | None
    is_stub: bool
    enrolled_at: datetime | None


class CustomerRow(msgspec.Struct):
    """A customer in a list."""

    id: str
    name: str
    home_store: str | None
    is_stub: bool
    enrolled_at: datetime | None
    updated_at: datetime


class CustomerPage(msgspec.Struct):
    results: list[CustomerRow]
    next: str | None


class LineOut(msgspec.Struct):
    line: int
    product: str
    name: str
    quantity: str
    amount: str
    discount: str
    returned_quantity: str
    returned_amount: str


class PaymentOut(msgspec.Struct):
    method: str
    amount: str


class ReceiptOut(msgspec.Struct):
    id: str
    source: str
    external_id: str
    store: str
    channel: Literal["store", "online"]
    occurred_at: datetime
    recorded_at: datetime
    business_date: date
    amount: str
    discount: str
    returned: str
    staff: str
    lines: list[LineOut]
    payments: list[PaymentOut]


class ReceiptPage(msgspec.Struct):
    results: list[ReceiptOut]
    next: str | None


class ProductOut(msgspec.Struct):
    sku: str
    name: str
    brand: str | None
    category: str | None
    size: str
    is_stub: bool


class ProductPage(msgspec.Struct):
    results: list[ProductOut]
    next: str | None


def profile_shape(parts: Mapping[str, Any]) -> Any:
    """A customer with all that is known of them; apps add their `parts`."""
    fields: list[tuple[str, Any]] = [
        ("id", str),
        ("name", str),
        ("home_store", str | None),
        ("is_stub", bool),
        ("enrolled_at", datetime | None),
        ("gender", Literal["", "f", "m", "x"]),
        ("birthday", date | None),
        ("age_band", str),
        ("income_band", str),
        ("occupation", str),
        ("household_size", int | None),
        ("household", str),
        ("household_code", str),
        ("language", str),
        ("address", str),
        ("updated_at", datetime),
        ("custom", dict[str, str | bool]),
        ("identities", list[IdentityOut]),
        ("tags", list[str]),
        ("purchases", PurchasesOut | None),
        ("lifecycle", LifecycleOut | None),
        *parts.items(),
    ]
    return msgspec.defstruct("Profile", fields, tag_field="scope", tag="full")
