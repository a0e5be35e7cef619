"""Definitions of coupons as they go in and out: what the domain keeps by number bears its code here."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.db.models import Model
from msgspec import Meta, Struct

from crm.lib.refusals import Fault
from crm.org.models import Store
from crm.rest.problems import InvalidInput
from customers.api.shapes import Amount, In
from customers.models import Brand, Category, Product
from loyalty.coupons import defining
from loyalty.coupons.termfaults import LONGEST_DAYS
from loyalty.models import CouponKind, CouponTerms
from loyalty.models.coupons import WHOLE_BP

KindCode = Literal["amount", "percent", "gift", "buy_get", "next_order", "delivery"]
Offer = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$", description="For reports and the API.")
]
Sku = Annotated[str, Meta(min_length=1, max_length=64, description="SKU.")]
Count = Annotated[int, Meta(ge=1, le=10**9)]
Pieces = Annotated[int, Meta(ge=1, le=1000)]
Codes = Annotated[list[Annotated[str, Meta(min_length=1, max_length=240)]], Meta(max_length=500)]
MONEY = ("amount", "most", "minimum", "issued_from", "budget")
BEARS: dict[str, tuple[type[Model], str]] = {
    "categories": (Category, "path"), "brands": (Brand, "name"), "products": (Product, "sku"),
    "stores": (Store, "code"),
}  # fmt: skip
LISTS = [f"{way}_{what}" for what in BEARS for way in ("only", "not")]


class TermsIn(In):
    """What a kind of coupon needs, and what it has none of, the answer says by field. Empty lists leave everything in.

    `share_bp`: hundredths of a per cent. Categories by their path, with what is below; brands by name; products by SKU.
    """

    kind: KindCode
    amount: Amount | None = None
    share_bp: Annotated[int, Meta(ge=1, le=WHOLE_BP)] | None = None
    most: Amount | None = None
    gift: Sku | None = None
    buy: Pieces | None = None
    get: Pieces | None = None
    from_on: date | None = None
    to_on: date | None = None
    days: Annotated[int, Meta(ge=0, le=LONGEST_DAYS, description="Days after issue.")] | None = None
    minimum: Amount = "0"
    issued_from: Amount | None = None
    only_categories: Codes = []
    not_categories: Codes = []
    only_brands: Codes = []
    not_brands: Codes = []
    only_products: Codes = []
    not_products: Codes = []
    only_stores: Codes = []
    not_stores: Codes = []
    tiers: Annotated[list[Annotated[str, Meta(min_length=1, max_length=32)]], Meta(max_length=50)] = []
    weekdays: Annotated[
        list[Annotated[int, Meta(ge=1, le=7)]], Meta(max_length=7, description="1: Monday.")
    ] = []
    skips_discounted: bool = False
    per_customer: Count | None = None
    per_day: Count | None = None
    total: Count | None = None
    budget: Amount | None = None
    stacking: Annotated[str, Meta(max_length=32)] = ""
    place: Annotated[int, Meta(ge=1, le=1000)] = 100


class DefinitionIn(In):
    """`code` names it for ever. `is_shared`: one code that everybody uses."""

    code: Offer
    name: Annotated[str, Meta(min_length=1, max_length=120, description="As the customer reads it.")]
    terms: TermsIn
    is_shared: bool = False


class TermsOut(Struct):
    """The version that holds now, as it was told."""

    number: int
    valid_from: datetime
    kind: str
    amount: str | None
    share_bp: int | None
    most: str | None
    gift: str | None
    buy: int | None
    get: int | None
    from_on: date | None
    to_on: date | None
    days: int | None
    minimum: str
    issued_from: str | None
    only_categories: list[str]
    not_categories: list[str]
    only_brands: list[str]
    not_brands: list[str]
    only_products: list[str]
    not_products: list[str]
    only_stores: list[str]
    not_stores: list[str]
    tiers: list[str]
    weekdays: list[int]
    skips_discounted: bool
    per_customer: int | None
    per_day: int | None
    total: int | None
    budget: str | None
    stacking: str
    place: int


class CountsOut(Struct):
    """What became of it. `promised` is what reserved uses will take off, `spent` what redeemed ones took."""

    issued: int
    voided: int
    reserved: int
    redeemed: int
    promised: str
    spent: str


class DefinitionOut(Struct):
    """`shared_code`: what everybody types; null where each coupon has its own."""

    id: str
    code: str
    name: str
    shared_code: str | None
    ended_at: datetime | None
    terms: TermsOut
    counts: CountsOut


class DefinitionPage(Struct):
    results: list[DefinitionOut]
    next: str | None


# --- Codes and numbers -----------------------------------------------------------------------------------------------


def kept(told: TermsIn) -> dict[str, Any]:
    """Terms as the domain takes them. Raises InvalidInput, which names each code that is not there."""
    values: dict[str, Any] = {name: getattr(told, name, None) for name in defining.FIELDS}
    values["kind"] = int(CouponKind[told.kind.upper()])
    values |= {name: None if values[name] is None else Decimal(values[name]) for name in MONEY}
    missing: list[Fault] = []
    for name in LISTS:
        values[name] = sorted(_numbers(name, values[name], missing))
    gifts = _numbers("only_products", [told.gift] if told.gift else [], missing, at="/terms/gift")
    values |= {"gift_id": next(iter(gifts), None), "tiers": sorted(set(told.tiers))}
    values["weekdays"] = sorted(set(told.weekdays))
    if missing:
        raise InvalidInput("This names something that is not there.", faults=tuple(missing))
    return values


def _numbers(name: str, codes: Sequence[str], missing: list[Fault], at: str = "") -> set[int]:
    if not codes:
        return set()
    model, field = BEARS[name.partition("_")[2]]
    found = dict(model._default_manager.filter(**{f"{field}__in": codes}).values_list(field, "pk"))
    for place, code in enumerate(codes):
        if code not in found:
            missing.append(Fault(at or f"/terms/{name}/{place}", "There is none of this name."))
    return set(found.values())


def told(rows: Sequence[CouponTerms]) -> list[TermsOut]:
    """Terms with the codes of all that they name, a query for each kind of thing."""
    codes = {what: _codes(what, rows) for what in BEARS}
    return [_told(one, codes) for one in rows]


def _codes(what: str, rows: Sequence[CouponTerms]) -> dict[int, str]:
    model, field = BEARS[what]
    named = {pk for one in rows for way in ("only", "not") for pk in getattr(one, f"{way}_{what}")}
    if what == "products":
        named |= {one.gift_id for one in rows if one.gift_id}
    return dict(model._default_manager.filter(pk__in=named).values_list("pk", field)) if named else {}


def _told(one: CouponTerms, codes: dict[str, dict[int, str]]) -> TermsOut:
    values = defining.values_of(one)
    values["gift"] = codes["products"].get(values.pop("gift_id"))
    values |= {name: None if values[name] is None else f"{values[name]:.2f}" for name in MONEY}
    for name in LISTS:
        known = codes[name.partition("_")[2]]
        values[name] = sorted(known[pk] for pk in values[name] if pk in known)
    values["kind"] = CouponKind(one.kind).code
    return TermsOut(number=one.number, valid_from=one.valid_from, **values)
