"""Coupons at the till and in the shop."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils.timezone import now

from crm.org.models import public_id
from crm.org.permissions import Permission
from crm.rest.endpoints import Answer, endpoint
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers.api.customers import CUSTOMER_ID
from customers.api.work import customer_of
from customers.models import Product, Purchase
from loyalty import coupons
from loyalty.api import till
from loyalty.api.couponshapes import (
    CheckoutQuery,
    CouponList,
    CouponOut,
    CouponRedemptionIn,
    CouponUseOut,
    GiftOut,
    LineOff,
    ReservationIn,
)
from loyalty.coupons import guesses, holding, sentences
from loyalty.coupons.codes import shown
from loyalty.coupons.discounts import Discount
from loyalty.coupons.refusals import CouponUnknown
from loyalty.coupons.rules import money
from loyalty.models import CouponKind, CouponUse

CODE = {
    "type": "string",
    "maxLength": 40,
    "description": "As it is printed; spaces, dashes and case do not matter.",
}
REFUSED = (
    "`coupon_expired`, `coupon_not_yet`, `coupon_used`, `coupon_reserved`, `coupon_voided`, `coupon_ended`, "
    "`minimum_not_met`, `nothing_applies`, `wrong_store`, `wrong_tier`, `wrong_day`, `limit_reached`, `budget_spent`, "
    "`not_combinable`, `source_conflict`: each says what is missing."
)
PROBLEMS = {404: "`coupon_unknown`.", 409: REFUSED, 410: "`erased`.", 429: "`too_many_guesses`."}
EXAMPLE: dict[str, Any] = {
    "source": "pos-12", "external_id": "2026-11-21-000123", "store": "HARB",
    "lines": [{"line": 1, "product": "SKU1", "quantity": "2", "amount": "35.80"}],
}  # fmt: skip


class _Code(ApiView):
    permission = Permission.REDEEM_POINTS
    scope = KeyScope.COUPONS_WRITE
    tag = "coupons"
    parts = {"code": CODE}

    def ask(self, call: Callable[[], Any]) -> Any:
        """Codes that are not there are counted by key."""
        guesses.check(self.caller.actor)
        try:
            return call()
        except CouponUnknown:
            guesses.count(self.caller.actor)
            raise


class Reservation(_Code):
    """A coupon that somebody is paying with."""

    @endpoint("Reserve a coupon", body=ReservationIn, answers={200: CouponUseOut}, problems=PROBLEMS,
              example=EXAMPLE)  # fmt: skip
    def post(self, told: ReservationIn, code: str) -> CouponUseOut:
        """Nobody else can use it until the minutes are over. The same checkout may ask again, with another basket."""
        at, store = now(), till.store_of(told, self.caller)
        basket, who = till.basket_of(told, store, at), till.customer_of(told.customer)
        cause, until = till.cause_of(told, at, self.caller, store), at + timedelta(minutes=told.minutes)
        used = self.ask(lambda: coupons.reserve(code, basket, cause, until=until, customer_id=who))
        return shape(used.use, used.discount, [line.line for line in told.lines])

    @endpoint("Release a coupon", query=CheckoutQuery, answers={200: CouponUseOut},
              problems={404: "`coupon_unknown`.", 409: "`not_reserved`.", 429: "`too_many_guesses`."})  # fmt: skip
    def delete(self, code: str) -> CouponUseOut:
        """It is free at once. Without this call, when its minutes are over."""
        cause = till.cause_of(self.query, now(), self.caller)
        return shape(self.ask(lambda: coupons.release(code, cause, stores=self.caller.scope())))


class CouponRedemption(_Code):
    """A coupon that was used."""

    @endpoint("Redeem a coupon", body=CouponRedemptionIn, answers={200: CouponUseOut, 201: CouponUseOut},
              problems=PROBLEMS | {422: "`basket_needed`, `customer_needed`."}, example=EXAMPLE)  # fmt: skip
    def post(self, told: CouponRedemptionIn, code: str) -> Answer:
        """201; the same checkout again: 200. Reserved before or not; lines that are given count instead of those."""
        at, store = now(), till.store_of(told, self.caller)
        basket = till.basket_of(told, store, at) if told.lines else None
        cause, who = till.cause_of(told, at, self.caller, store), till.customer_of(told.customer)
        used = self.ask(lambda: coupons.redeem(code, basket, cause, customer_id=who))
        body = shape(used.use, used.discount, [line.line for line in told.lines])
        return Answer(body, 201 if used.is_new else 200)

    @endpoint("Give a coupon back", query=CheckoutQuery, answers={200: CouponUseOut},
              problems={404: "`coupon_unknown`.", 409: "`not_redeemed`.", 429: "`too_many_guesses`."})  # fmt: skip
    def delete(self, code: str) -> CouponUseOut:
        """The goods came back, or the sale was cancelled. It can be used again within its time."""
        cause = till.cause_of(self.query, now(), self.caller)
        return shape(self.ask(lambda: coupons.undo(code, cause, stores=self.caller.scope())))


class CustomerCoupons(ApiView):
    """What a customer can use now."""

    permission = Permission.VIEW_LOYALTY
    scope = KeyScope.POINTS_READ
    tag = "coupons"
    parts = {"customer": CUSTOMER_ID}

    @endpoint("List a customer's coupons", answers={200: CouponList},
              problems={404: "Unknown, or not for this key.", 410: "`erased`."})  # fmt: skip
    def get(self, customer: str) -> CouponList:
        """Those that are neither used, reserved, void nor over, first to end first."""
        owner = customer_of(customer, self.caller)
        encode = public_id("cpn").encode
        return CouponList(
            [
                CouponOut(
                    encode(one.coupon_id), shown(one.code), one.name, CouponKind(one.rules.kind).code,
                    sentences.worth(one.rules), one.valid_to,
                )
                for one in holding.usable(owner.pk, now(), None)
            ]
        )  # fmt: skip


def shape(use: CouponUse, discount: Discount | None = None, numbers: list[int] | None = None) -> CouponUseOut:
    found = discount or Discount(())
    skus = dict(
        Product.objects.filter(pk__in=[one.product_id for one in found.gifts]).values_list("pk", "sku")
    )
    lines = [
        LineOff(number, str(money(cents))) for number, cents in zip(numbers or [], found.lines, strict=False)
    ]
    gifts = [GiftOut(skus[one.product_id], str(one.quantity // 1000)) for one in found.gifts]
    return CouponUseOut(
        use.public_id, public_id("cus").encode(use.customer_id), use.state, str(use.amount), lines,
        str(money(found.delivery)), gifts, use.reserved_until, use.redeemed_at,
        Purchase(pk=use.purchase_id).public_id if use.purchase_id else None,
    )  # fmt: skip
