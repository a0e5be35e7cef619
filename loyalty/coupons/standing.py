"""What speaks against a coupon itself, whatever the basket: void, used, reserved, too early, over."""

from datetime import datetime, timedelta, tzinfo

from django.utils import formats, timezone

from loyalty.coupons.refusals import (
    CouponExpired,
    CouponNotYet,
    CouponRefused,
    CouponReserved,
    CouponUsed,
    CouponVoided,
)
from loyalty.models import Coupon, CouponUse


def refused_of(
    coupon: Coupon, others: list[CouponUse], at: datetime, zone: tzinfo, early: int = 0
) -> CouponRefused | None:
    """What speaks against a coupon, whatever the basket. `others`: its live uses, by other checkouts.
    `early`: so many days before others it opens to its holder, once it is issued."""
    if coupon.voided_at:
        return CouponVoided()
    for one in others:
        if one.redeemed_at:
            return CouponUsed()
        assert one.reserved_until
        return CouponReserved(formats.time_format(timezone.localtime(one.reserved_until, zone)))
    if at < max(coupon.issued_at, coupon.valid_from - timedelta(days=early)):
        return CouponNotYet(day_of(coupon.valid_from, zone))
    if coupon.valid_to and coupon.valid_to <= at:
        return CouponExpired(day_of(coupon.valid_to, zone, last=True))
    return None


def day_of(moment: datetime, zone: tzinfo, *, last: bool = False) -> str:
    """The day on the store's wall; of an end that is a midnight, the day before it."""
    shown = timezone.localtime(moment - timedelta(seconds=1) if last else moment, zone)
    return str(formats.date_format(shown, "DATE_FORMAT"))
