"""What a code opens, under its locks: all that one use is about."""

from dataclasses import dataclass

from django.db.models import F

from crm.lib import prepared
from loyalty.coupons import codes, defining, uses
from loyalty.coupons.codes import Found
from loyalty.coupons.refusals import CouponEnded, CouponUnknown, CustomerNeeded, NotReserved
from loyalty.coupons.rules import Rules, rules_of
from loyalty.ledger import Cause
from loyalty.ledger.accounts import enter, present
from loyalty.models import Coupon, CouponTally, CouponTerms, CouponUse


@dataclass
class Case:
    """All that one use is about, under its locks."""

    owner: int
    coupon: Coupon | None
    tally: CouponTally
    terms: CouponTerms
    rules: Rules
    uses: list[CouponUse]
    cause: Cause
    receipt_number: str = ""

    @property
    def mine(self) -> CouponUse | None:
        """The use of this checkout, whatever became of it."""
        of = self.coupon.pk if self.coupon else None
        same = (one for one in self.uses if one.definition_id == self.tally.pk and one.coupon_id == of)
        return next((one for one in same if one.source == self.cause.source), None)


def open_case(code: str, cause: Cause, customer_id: int | None) -> Case:
    """Lock what a code opens. Raises CouponUnknown, CustomerNeeded, Erased."""
    enter()
    prepared.rows(_CHECKOUT, [cause.source])
    found = codes.find(code)
    owner = _owner(found, customer_id)
    tally = uses.locked(found.definition_id, cause.at, cause.by)
    coupon = None
    if found.coupon_id:
        coupon = Coupon.objects.select_related("terms").filter(customer_id=owner, pk=found.coupon_id).first()
        if coupon is None:
            raise CouponUnknown
    known = uses.of_customer(owner, found.definition_id, cause.source)
    if coupon is None:
        known += uses.of_parted(owner, known, found.definition_id, cause.source)
    terms = coupon.terms if coupon else defining.terms_at(tally.definition, cause.at)
    if terms is None:
        raise CouponEnded
    return Case(owner, coupon, tally, terms, rules_of(terms), known, cause)


def who_paid(code: str, cause: Cause) -> int | None:
    """Of a shared code: whose use the checkout's latest is. Of others the code itself says it."""
    found = codes.find(code)
    if found.customer_id:
        return None
    same = CouponUse.objects.filter(definition_id=found.definition_id, source=cause.source)
    latest = same.order_by(F("released_at").desc(nulls_first=True), "-pk").first()
    if latest is None:
        raise NotReserved
    return latest.customer_id


def _owner(found: Found, customer_id: int | None) -> int:
    """A coupon is its holder's: named together with somebody else it is not told to be there."""
    if found.customer_id is None:
        if customer_id is None:
            raise CustomerNeeded
        return present(customer_id)
    owner = present(found.customer_id)
    if customer_id is not None and present(customer_id) != owner:
        raise CouponUnknown
    return owner


_CHECKOUT = "SELECT pg_advisory_xact_lock(72311, hashtext(%s))"
