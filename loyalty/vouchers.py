"""Coupons while their owner stands there: what a code opens, what speaks against it, what has to be said, and its use.

A till knows the goods; a clerk says what they cost, as far as the kind of coupon rests on that, or which receipt it is:
one that is known tells its goods itself, at what they cost before anything was taken off.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from crm.lib.refusals import Fault, Refusal
from crm.org.models import Store
from customers.models import Line, Purchase
from customers.receiving import database
from loyalty import coupons, goods
from loyalty.baskets import MILLI, Basket, BasketLine
from loyalty.coupons import codes, receipts
from loyalty.coupons.fitting import Names
from loyalty.coupons.rules import Rules, cents
from loyalty.coupons.tying import Day, plain
from loyalty.coupons.using import Used
from loyalty.evaluation import offers
from loyalty.evaluation.offers import Offer
from loyalty.ledger import Cause
from loyalty.models import CouponKind, CouponUse
from loyalty.redeeming import source_of
from loyalty.tiers import early_days, tier_at

ENOUGH = 10**8  # cents: a basket that meets every minimum


class CodeMistyped(Refusal):
    code = "code_mistyped"

    def __init__(self) -> None:
        sentence = str(_("A letter of this code is wrong or missing. Compare it with the coupon."))
        super().__init__(sentence, faults=(Fault("code", sentence),))


class Unsaid(Refusal):
    """What has to be said was not, and no receipt that is known tells it."""

    code = "form_invalid"

    def __init__(self, names: Sequence[str]) -> None:
        sentence = str(_("Say it, or the number of a receipt that has come."))
        super().__init__(sentence, faults=tuple(Fault(name, sentence) for name in names))


class Told(NamedTuple):
    """What a clerk says: `amount` of the goods that the coupon is for, `price` of the pieces that they get or of the
    delivery, `number` of the receipt."""

    amount: Decimal | None = None
    price: Decimal | None = None
    number: str = ""


def asks(rules: Rules) -> list[str]:
    """Which of these the kind rests on."""
    priced = rules.kind in (CouponKind.BUY_GET, CouponKind.DELIVERY)
    counts = rules.kind in (CouponKind.AMOUNT, CouponKind.PERCENT, CouponKind.NEXT_ORDER) or rules.minimum
    return [name for name, is_asked in (("price", priced), ("amount", counts)) if is_asked]


def look(customer_id: int, code: str, store: Store, at: datetime) -> Offer:
    """What a code opens for a customer, with what speaks against it here and now whatever the goods.

    Raises CodeMistyped, CouponUnknown, CouponEnded.
    """
    found = _opened(customer_id, code, store, at)
    assert found.rules
    basket = _basket(found.rules, store, at, Told(Decimal(ENOUGH), Decimal(1)))
    basket = replace(basket, early=early_days(customer_id, at))
    return offers.judged([found], basket, tier_at([customer_id], at), Names())[0]


def use(customer_id: int, code: str, told: Told, *, token: str, at: datetime, by: Any, store: Store) -> Used:
    """Use it, once a token; its receipt is found (`coupons/tying.py`). Raises what coupons refuse, Unsaid."""
    rules = _opened(customer_id, code, store, at).rules
    assert rules
    missing = [name for name in asks(rules) if getattr(told, name) is None]
    basket = _sold(customer_id, told.number, store, at) if missing else _basket(rules, store, at, told)
    if basket is None:
        raise Unsaid(missing)
    cause = Cause(source_of(token), at, by, store_id=store.pk)
    with transaction.atomic():
        done = coupons.redeem(code, basket, cause, customer_id=customer_id, receipt_number=told.number)
        if done.is_new:
            day = Day(done.use.customer_id, store.pk, done.use.used_on)
            receipts.used(database.cursor(), day, by=by)
    return replace(done, use=CouponUse.objects.get(customer_id=done.use.customer_id, pk=done.use.pk))


@dataclass(frozen=True)
class Pieces:
    """Of every so many pieces so many are reduced, the cheapest."""

    every: int
    get: int
    is_free: bool


def pieces(rules: Rules) -> Pieces | None:
    if rules.kind != CouponKind.BUY_GET:
        return None
    return Pieces((rules.buy or 0) + (rules.get or 0), rules.get or 0, rules.share_bp in (None, 10_000))


def _opened(customer_id: int, code: str, store: Store, at: datetime) -> Offer:
    known = codes.normalised(code)
    if known is None:
        raise CodeMistyped
    found = next(one for one in offers.of(customer_id, [known], at, store.zone) if one.code == known)
    if found.rules is None:
        assert found.refused
        raise found.refused
    return found


def _basket(rules: Rules, store: Store, at: datetime, told: Told) -> Basket:
    """Goods that the coupon counts, as they were told: bought ones, and pieces that are got, which are the cheaper."""
    whole, price = cents(told.amount or Decimal(0)), cents(told.price or Decimal(0))
    line = BasketLine(
        min(rules.only_products, default=None), frozenset(rules.only_categories), min(rules.only_brands, default=None),
        MILLI, whole,
    )  # fmt: skip
    if rules.kind == CouponKind.BUY_GET and rules.buy and rules.get:
        got = replace(line, quantity=rules.get * MILLI, amount=price)
        least = -(-price * rules.buy // rules.get)
        bought = replace(line, quantity=rules.buy * MILLI, amount=max(whole - price, least))
        return Basket(store.pk, at, (got, bought), store.zone)
    delivery = price if rules.kind == CouponKind.DELIVERY else 0
    return Basket(store.pk, at, (line,), store.zone, delivery=delivery)


def _sold(customer_id: int, number: str, store: Store, at: datetime) -> Basket | None:
    """The goods of a receipt of this day that is known, before discounts."""
    day = at.astimezone(store.zone).date()
    found = Purchase.objects.filter(customer_id=customer_id, store=store, business_date=day).order_by("pk")
    receipt = next((one for one in found if number.strip() and plain(one.external_id) == plain(number)), None)
    if receipt is None:
        return None
    lines = list(Line.objects.filter(customer_id=customer_id, purchase=receipt.pk).select_related("product"))
    known = goods.by_sku(one.product.sku for one in lines)
    told = tuple(
        BasketLine(
            one.product_id, known[one.product.sku].category_ids, one.product.brand_id,
            int(one.quantity * MILLI), cents(one.amount + one.discount),
        )
        for one in sorted(lines, key=lambda one: one.number)
    )  # fmt: skip
    return Basket(store.pk, at, told, store.zone)
