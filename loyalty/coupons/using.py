"""Reserving, redeeming, releasing and giving back."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from crm.audit import trail
from crm.org.scope import CHAIN, Scope
from loyalty.baskets import Basket
from loyalty.coupons import fitting, uses
from loyalty.coupons.cases import Case, open_case, who_paid
from loyalty.coupons.discounts import Discount, discount_of
from loyalty.coupons.limits import Asked, check_limits
from loyalty.coupons.refusals import (
    BasketNeeded,
    CouponEnded,
    CouponGivenBack,
    CouponNotYet,
    NotRedeemed,
    NotReserved,
    UseConflict,
)
from loyalty.coupons.rules import money
from loyalty.coupons.standing import day_of, refused_of
from loyalty.ledger import Cause
from loyalty.ledger.accounts import present
from loyalty.models import CouponTally, CouponUse
from loyalty.tiers import early_days, tier_at

RETURNS = "system:returns"


@dataclass(frozen=True)
class Used:
    """A use as it stands now. `discount`: what the basket that was given gets off; None where none was given.

    `is_new` is false when the same checkout had done the same before.
    """

    use: CouponUse
    discount: Discount | None
    is_new: bool = True


def reserve(
    code: str, basket: Basket, cause: Cause, *, until: datetime, customer_id: int | None = None
) -> Used:
    """Keep a use for a checkout until a moment; then it is free again by itself.

    The same checkout may ask again with another basket or a later end. `customer_id`: who uses a shared code.
    """
    with transaction.atomic():
        case = open_case(code, cause, customer_id)
        if case.mine and case.mine.redeemed_at:
            _check_standing(case.mine)
            return Used(case.mine, discount_of(case.rules, basket), is_new=False)
        return _take(case, basket, until)


def redeem(
    code: str,
    basket: Basket | None,
    cause: Cause,
    *,
    customer_id: int | None = None,
    receipt_number: str = "",
) -> Used:
    """Use a coupon, reserved before by the same checkout or not. Without a basket, as it was reserved.

    `receipt_number`: what a person says that its receipt is called, where the checkout is not (`tying`).
    """
    with transaction.atomic():
        case = replace(open_case(code, cause, customer_id), receipt_number=receipt_number.strip())
        mine = case.mine
        if mine and mine.redeemed_at:
            _check_standing(mine)
            found = discount_of(case.rules, basket) if basket else None
            if found and money(found.cost) != mine.amount:
                raise UseConflict
            return Used(mine, found, is_new=False)
        if mine and mine.released_at is None and basket is None:
            done = Used(_complete(case, mine), None)
        elif basket is None:
            raise BasketNeeded
        else:
            done = _take(case, basket, None)
        return replace(done, use=_unless_all_is_back(done.use, cause))


def _unless_all_is_back(use: CouponUse, cause: Cause) -> CouponUse:
    """The receipt may have come, and all its goods gone back, before the till told of its coupon."""
    if not uses.is_all_back(use.customer_id, use.purchase_id):
        return use
    return reverse(use.customer_id, use.pk, replace(cause, by=RETURNS))


def release(code: str, cause: Cause, *, stores: Scope = CHAIN) -> CouponUse:
    """Give up the reservation of a checkout, in one of these stores. Released before: nothing changes.

    Raises NotReserved.
    """
    with transaction.atomic():
        case = open_case(code, cause, who_paid(code, cause))
        mine = case.mine
        if mine is None or mine.redeemed_at or mine.store_id not in stores:
            raise NotReserved
        if mine.released_at is None:
            mine.released_at, mine.ended_by = cause.at, trail.actor_name(cause.by)
            uses.keep(mine, ("released_at", "ended_by"))
            uses.move(case.tally, reserved=-1, promised=-mine.amount)
            uses.void_with_issuer(case.tally, uses.coupon_of(mine), cause.at)
    return mine


def undo(code: str, cause: Cause, *, stores: Scope = CHAIN) -> CouponUse:
    """Give back what a checkout redeemed with a code, in one of these stores. Raises NotRedeemed."""
    owner = who_paid(code, cause)
    with transaction.atomic():
        mine = open_case(code, cause, owner).mine
        if mine is None or mine.store_id not in stores:
            raise NotRedeemed
        return reverse(mine.customer_id, mine.pk, cause)


def reverse(customer_id: int, use_id: int, cause: Cause) -> CouponUse:
    """Give a use back: the goods came back. The coupon is as good as its window and the receipt that issued it let it.
    Reversed before: the same."""
    with transaction.atomic():
        owner = present(customer_id)
        known = CouponUse.objects.filter(customer_id=owner, pk=use_id).first()
        if known is None or known.redeemed_at is None:
            raise NotRedeemed
        tally = uses.locked(known.definition_id, cause.at, cause.by)
        use = CouponUse.objects.get(customer_id=owner, pk=use_id)
        if use.reversed_at is None:
            use.reversed_at, use.ended_by = cause.at, trail.actor_name(cause.by)
            uses.keep(use, ("reversed_at", "ended_by"))
            uses.move(tally, redeemed=-1, spent=-use.amount)
            uses.void_with_issuer(tally, uses.coupon_of(use), cause.at)
    return use


def _check_standing(use: CouponUse) -> None:
    """Who gave a coupon back must not take its discount on the strength of the earlier answer."""
    if use.reversed_at:
        raise CouponGivenBack


def _take(case: Case, basket: Basket, until: datetime | None) -> Used:
    """Reserve (until a moment) or redeem, after everything was looked at."""
    mine = case.mine
    if case.rules.tiers and not basket.tier:
        basket = replace(basket, tier=tier_at([case.owner], case.cause.at).get(case.owner, ""))
    if _is_too_early(case, basket):
        basket = replace(basket, early=early_days(case.owner, case.cause.at))
    _check_coupon(case, basket)
    refused = fitting.misfit(case.rules, basket)
    if refused:
        raise refused
    discount = discount_of(case.rules, basket)
    before = mine.amount if mine and mine.released_at is None else None
    others = [one for one in case.uses if one is not mine]
    check_limits(
        case.rules, case.tally, others, Asked(case.cause.source, basket.on, money(discount.cost), before)
    )
    use = _written(case, mine, basket, discount, until)
    _count(case.tally, use, before)
    return Used(use, discount)


def _is_too_early(case: Case, basket: Basket) -> bool:
    """For those to whom windows open with everybody."""
    if case.coupon:
        return case.cause.at < case.coupon.valid_from
    return case.rules.from_on is not None and basket.on < case.rules.from_on


def _check_coupon(case: Case, basket: Basket) -> None:
    coupon, at = case.coupon, case.cause.at
    if coupon is None:
        if case.tally.definition.ended_at and case.tally.definition.ended_at <= at:
            raise CouponEnded
        if refused := fitting.window(case.rules, basket):
            raise refused
        return
    live = (one for one in case.uses if one.released_at is None and one.reversed_at is None)
    others = [one for one in live if one.coupon_id == coupon.pk and (one.redeemed_at or one is not case.mine)]
    if refused := refused_of(coupon, others, at, basket.zone, basket.early):
        raise refused
    if coupon.purchase_id and coupon.purchase_id == case.cause.purchase_id:
        raise CouponNotYet(day_of(coupon.valid_from, basket.zone))


def _written(
    case: Case, mine: CouponUse | None, basket: Basket, discount: Discount, until: datetime | None
) -> CouponUse:
    cause = case.cause
    use = mine or CouponUse(
        customer_id=case.owner, owner_id=case.owner, definition_id=case.tally.pk, coupon=case.coupon,
        source=cause.source,
    )  # fmt: skip
    use.terms, use.store_id, use.purchase_id = case.terms, cause.store_id, cause.purchase_id
    use.amount, use.used_on, use.actor = money(discount.cost), basket.on, trail.actor_name(cause.by)
    use.released_at, use.ended_by, use.receipt_number = None, "", case.receipt_number
    if until is None:
        use.redeemed_at = cause.at
        use.purchase_id = cause.purchase_id or uses.purchase_of(case.owner, cause.source)
    else:
        use.reserved_at, use.reserved_until = cause.at, until
    if mine is None:
        use.save(force_insert=True)
    else:
        uses.keep(use, _KEPT)
    return use


def _complete(case: Case, mine: CouponUse) -> CouponUse:
    """What was reserved is redeemed as it was: the coupon may have ended meanwhile, the checkout began in time."""
    mine.redeemed_at = case.cause.at
    known = uses.purchase_of(case.owner, case.cause.source)
    mine.purchase_id = case.cause.purchase_id or mine.purchase_id or known
    uses.keep(mine, ("redeemed_at", "purchase_id"))
    _count(case.tally, mine, mine.amount)
    return mine


def _count(tally: CouponTally, use: CouponUse, before: object) -> None:
    """`before`: what this use had reserved."""
    reserved = -1 if before is not None else 0
    promised = -(before or 0)  # type: ignore[operator]
    if use.redeemed_at:
        uses.move(tally, reserved=reserved, promised=promised, redeemed=1, spent=use.amount)
    else:
        uses.move(tally, reserved=reserved + 1, promised=promised + use.amount)


_KEPT = (
    "terms_id", "store_id", "purchase_id", "amount", "used_on", "actor", "released_at", "ended_by", "redeemed_at",
    "reserved_at", "reserved_until",
)  # fmt: skip
