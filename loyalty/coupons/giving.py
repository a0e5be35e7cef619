"""Issuing one coupon, and taking one away."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from crm.audit import trail
from customers.models import Customer
from loyalty.coupons import codes, defining, uses
from loyalty.coupons.refusals import CannotVoid, CouponEnded, CouponUnknown, SharedCode
from loyalty.coupons.rules import rules_of
from loyalty.coupons.windows import window_of, zone_of
from loyalty.ledger import Cause
from loyalty.ledger.accounts import present
from loyalty.models import Coupon, CouponCode, CouponDefinition, CouponTally


def issue(customer_id: int, definition: CouponDefinition, cause: Cause) -> Coupon:
    """Give a customer a coupon with the terms that hold now. Once a source; asked again, the same coupon.

    Raises CouponEnded, SharedCode, Erased.
    """
    if definition.is_shared:
        raise SharedCode
    with transaction.atomic():
        owner = present(customer_id)
        mine = Coupon.objects.filter(customer_id=owner, definition=definition, source=cause.source)
        if known := mine.first():
            return known
        CouponTally.objects.select_for_update().get(pk=definition.pk)
        if known := mine.first():
            return known
        return _issue(owner, definition, cause)


def _issue(owner: int, definition: CouponDefinition, cause: Cause) -> Coupon:
    terms = defining.terms_at(definition, cause.at)
    if terms is None or CouponDefinition.objects.filter(pk=definition.pk, ended_at__lte=cause.at).exists():
        raise CouponEnded
    home = Customer.objects.select_related("home_store").get(pk=owner).home_store
    begin, end = window_of(rules_of(terms), cause.at, zone_of(cause.store_id, home))
    coupon = Coupon.objects.create(
        customer_id=owner, definition=definition, terms=terms, code=codes.new(), source=cause.source,
        store_id=cause.store_id, purchase_id=cause.purchase_id, issued_at=cause.at,
        issued_by=trail.actor_name(cause.by), valid_from=begin, valid_to=end,
    )  # fmt: skip
    CouponCode.objects.create(code=coupon.code, definition=definition, customer_id=owner, coupon_id=coupon.pk)
    CouponTally.objects.filter(pk=definition.pk).update(issued=F("issued") + 1)
    return coupon


def void(customer_id: int, coupon_id: int, *, by: Any, at: datetime) -> Coupon:
    """Declare a coupon void. Voided before: nothing changes. Raises CannotVoid when it is used or reserved."""
    with transaction.atomic():
        owner = present(customer_id)
        known = Coupon.objects.filter(customer_id=owner, pk=coupon_id).first()
        if known is None:
            raise CouponUnknown
        uses.locked(known.definition_id, at, by)
        coupon = Coupon.objects.select_for_update().get(customer_id=owner, pk=coupon_id)
        if coupon.voided_at:
            return coupon
        if uses.live_of(coupon).exists():
            raise CannotVoid
        coupon.voided_at, coupon.voided_by = at, trail.actor_name(by)
        Coupon.objects.filter(customer_id=owner, pk=coupon.pk).update(
            voided_at=at, voided_by=coupon.voided_by
        )
        CouponTally.objects.filter(pk=coupon.definition_id).update(voided=F("voided") + 1)
        trail.record("coupon.void", coupon, by=by, details={"definition": coupon.definition_id})
    return coupon
