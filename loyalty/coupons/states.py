"""What has become of coupons: derived from their uses, their window and whether they are void."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from loyalty.coupons.uses import LIVE
from loyalty.models import Coupon, CouponUse

LABELS = {
    "issued": _("Issued"),
    "reserved": _("Reserved"),
    "redeemed": _("Redeemed"),
    "voided": _("Void"),
    "expired": _("Expired"),
}


def of_coupons(coupons: Sequence[Coupon], at: datetime) -> dict[int, str]:
    """The state of each at a moment, by its number. One statement."""
    owners = {one.customer_id for one in coupons}
    live = CouponUse.objects.filter(LIVE, customer_id__in=owners, coupon_id__in=[one.pk for one in coupons])
    uses = {use.coupon_id: use for use in live}
    return {one.pk: _state(one, uses.get(one.pk), at) for one in coupons}


def _state(coupon: Coupon, use: CouponUse | None, at: datetime) -> str:
    if use and use.redeemed_at:
        return "redeemed"
    if coupon.voided_at:
        return "voided"
    if coupon.valid_to and coupon.valid_to <= at:
        return "expired"
    return "reserved" if use and use.reserved_until and use.reserved_until > at else "issued"
