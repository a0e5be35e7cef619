"""Memberships that are bought: a paid tier for its time, bought again before its end, given back within the days.

The rules are those of the version of the tiers that is valid on the day of the sale, in the chain's zone. What happens
at the end is the night's (`bought.py`): notice before it, grace after it, then the tier that was earned.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Refusal
from crm.org.models import Staff
from crm.org.permissions import Permission
from customers.models import Customer
from loyalty import endings
from loyalty.ledger import Cause, accounts
from loyalty.models import Membership, MembershipSale, Tier, TierReason, TierScheme, Unit
from loyalty.tiers import covering, dealing, keeping, reviewing
from loyalty.tiers.keeping import today

DAY = timedelta(days=1)
AHEAD = timedelta(days=3653)  # who has as much before them buys no more


class MembershipRefused(Refusal):
    code: ClassVar[str] = "membership_refused"
    status: ClassVar[int] = 409


class NotForSale(MembershipRefused):
    code = "not_for_sale"

    def __init__(self) -> None:
        super().__init__(_("This tier is not for sale."))


class PriceChanged(MembershipRefused):
    code = "price_changed"

    def __init__(self) -> None:
        super().__init__(_("The price is another one by now. Please look again."))


class OtherRuns(MembershipRefused):
    code = "membership_runs"

    def __init__(self) -> None:
        super().__init__(_("Another membership that was bought still runs."))


class TooEarly(MembershipRefused):
    code = "too_early"

    def __init__(self, until: date) -> None:
        super().__init__(_("What was bought runs until %(day)s already.") % {"day": until.isoformat()})


class SourceTaken(MembershipRefused):
    code = "source_conflict"

    def __init__(self) -> None:
        super().__init__(_("The same key was used for something else before."))


class TooLate(MembershipRefused):
    code = "refund_too_late"

    def __init__(self, until: date) -> None:
        super().__init__(_("It could be given back until %(day)s.") % {"day": until.isoformat()})


class NotTheLast(MembershipRefused):
    code = "not_the_last"

    def __init__(self) -> None:
        super().__init__(_("It was bought again since: the last one is given back first."))


class NoSuchSale(Refusal):
    code: ClassVar[str] = "unknown_membership"
    status: ClassVar[int] = 404

    def __init__(self) -> None:
        super().__init__(_("There is no such membership."))


@dataclass(frozen=True)
class Offer:
    """A paid tier as somebody can have it today: from when until when."""

    tier: Tier
    begins_on: date
    ends_on: date
    renews: bool


def offers(kept: Membership | None, on: date) -> list[Offer]:
    """What is for sale to somebody, the lowest first; while one runs, that one again."""
    scheme = TierScheme.valid_on(on)
    if kept is not None and kept.paid_until is not None and kept.paid_until > on + AHEAD:
        return []
    found = Tier.objects.filter(scheme=scheme, is_paid=True).order_by("rank") if scheme else []
    running = kept.paid_tier if scheme and _runs(kept, scheme, on) and kept else ""
    return [_offer(kept, scheme, one, on) for one in found if scheme and running in ("", one.code)]


def sell(
    customer_id: int,
    tier: str,
    cause: Cause,
    *,
    how: str,
    receipt_number: str = "",
    price: Decimal | None = None,
) -> MembershipSale:
    """Somebody buys a tier, or buys it again: then it begins where the one before ends. The same source, the same sale.

    `price`: what was asked for, where that must not have changed. What is reached above it stays. Raises NotForSale,
    PriceChanged, OtherRuns, TooEarly, SourceTaken, Erased.
    """
    on = today(cause.at)
    with transaction.atomic():
        account = accounts.locked(customer_id, Unit.POINTS)
        owners = [account.customer_id, *accounts.others(account.customer_id, account.parted)]
        if known := MembershipSale.objects.filter(customer__in=owners, source=cause.source).first():
            if known.tier != tier:
                raise SourceTaken
            return known
        scheme, found, asked = _for_sale(tier, price, on)
        kept = keeping.held(Customer.objects.get(pk=account.customer_id), cause.at)
        if _runs(kept, scheme, on) and kept.paid_tier != tier:
            raise OtherRuns
        if kept.paid_until is not None and kept.paid_until > on + AHEAD:
            raise TooEarly(kept.paid_until)
        offer = _offer(kept, scheme, found, on)
        sale = MembershipSale.objects.create(
            customer_id=kept.customer_id, tier=tier, scheme_id=scheme.pk, price=asked, begins_on=offer.begins_on,
            ends_on=offer.ends_on, renews=offer.renews, source=cause.source, store_id=cause.store_id, how=how,
            receipt_number=receipt_number.strip(), sold_at=cause.at, sold_on=on, actor=trail.actor_name(cause.by),
        )  # fmt: skip
        covering.restate(kept, covering.Book.of(on), TierReason.PAID, by=cause.by, at=cause.at)
        dealing.at_once([kept.customer_id], at=cause.at)
        details = {"tier": tier, "until": sale.ends_on, "price": str(sale.price), "how": how}
        trail.record("membership.sell", sale, by=cause.by, store_id=cause.store_id, details=details)
    return sale


def give_back(customer_id: int, sale_id: int, *, at: datetime, by: Any, note: str = "") -> MembershipSale:
    """The whole price goes back, within the days of the version it was bought under. Done again, it is the same.

    What else is bought goes on, and what was earned stands again. Raises TooLate, NotTheLast, NoSuchSale, Erased.
    """
    on = today(at)
    with transaction.atomic():
        owner = accounts.locked(customer_id, Unit.POINTS).customer_id
        sale = MembershipSale.objects.select_for_update().filter(customer=owner, pk=sale_id).first()
        if sale is None:
            raise NoSuchSale
        if sale.returned_at is not None:
            return sale
        if on > (last := last_day(sale)):
            raise TooLate(last)
        if is_continued(sale):
            raise NotTheLast
        sale.returned_at, sale.returned_on, sale.returned_by = at, on, trail.actor_name(by)
        sale.note = note.strip()
        sale.save(update_fields=["returned_at", "returned_on", "returned_by", "note"])
        kept = keeping.held(Customer.objects.get(pk=owner), at)
        covering.restate(kept, covering.Book.of(on), TierReason.GIVEN_BACK, by=by, at=at)
        details = {"tier": sale.tier, "price": str(sale.price)}
        trail.record("membership.give_back", sale, by=by, store_id=sale.store_id, details=details)
        if not reviewing.review([owner], at=at, by=by):
            dealing.at_once([owner], at=at)
    return sale


def is_continued(sale: MembershipSale) -> bool:
    """It was bought again, and that was not given back."""
    again = MembershipSale.objects.filter(
        customer=sale.customer_id, tier=sale.tier, renews=True, returned_at=None
    )
    return again.filter(begins_on=sale.ends_on + DAY).exists()


def last_day(sale: MembershipSale) -> date:
    """On which it can be given back."""
    days = TierScheme.objects.values_list("refund_days", flat=True).get(pk=sale.scheme_id)
    return sale.sold_on + timedelta(days=days)


def may_give_back(staff: Staff, sale: MembershipSale, at: datetime) -> bool:
    """What was sold in one's stores or by oneself: within a day, later by who may approve points."""
    if sale.returned_at is not None or not staff.may(Permission.REDEEM_POINTS):
        return False
    is_ours = (
        sale.store_id is not None and sale.store_id in staff.scope()
    ) or sale.actor == trail.actor_name(staff)
    return is_ours and (at - sale.sold_at <= DAY or staff.may(Permission.APPROVE_POINTS))


def _for_sale(code: str, price: Decimal | None, on: date) -> tuple[TierScheme, Tier, Decimal]:
    scheme = TierScheme.valid_on(on)
    found = Tier.objects.filter(scheme=scheme, code=code, is_paid=True).first() if scheme else None
    if scheme is None or found is None or found.price is None:
        raise NotForSale
    if price is not None and price != found.price:
        raise PriceChanged
    return scheme, found, found.price


def _runs(kept: Membership | None, scheme: TierScheme, on: date) -> bool:
    """Something bought holds today, its grace included."""
    until = kept.paid_until if kept else None
    return until is not None and until + timedelta(days=scheme.grace_days) >= on


def _offer(kept: Membership | None, scheme: TierScheme, tier: Tier, on: date) -> Offer:
    until = kept.paid_until if kept else None
    if until is not None and kept and kept.paid_tier == tier.code and _runs(kept, scheme, on):
        return Offer(tier, until + DAY, endings.months_later(until, tier.paid_months or 1), True)
    return Offer(tier, on, endings.months_later(on, tier.paid_months or 1), False)
