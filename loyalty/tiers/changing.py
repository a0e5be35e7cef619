"""Tiers by hand: changing, locking until a date, ending a lock. What is bought is in `memberships.py`."""

from datetime import date, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Fault, Refusal
from crm.org.models import Chain
from customers.models import Customer
from loyalty.models import ByHand, Membership, Period, Tier, TierReason, TierScheme
from loyalty.tiers import covering, dealing, keeping, statements, stood
from loyalty.tiers.covering import Book
from loyalty.tiers.keeping import today


class InvalidTier(Refusal):
    code: ClassVar[str] = "invalid_tier"


def change(
    customer: Customer,
    tier: str,
    *,
    cause: str,
    by: Any,
    at: datetime,
    locked_until: date | None = None,
) -> Membership:
    """Put somebody on a tier; with `locked_until` nothing moves them by itself until the end of that day.

    Without a lock, what the measure reaches raises them again at the next review. Beneath a higher tier that they have
    bought, it is what they stand on when that ends. Raises InvalidTier, Erased.
    """
    on = today(at)
    scheme, found = _tier(tier, on)
    if cause not in ByHand.values:
        raise InvalidTier(_("Unknown reason."), faults=(Fault("cause", _("Unknown reason.")),))
    if locked_until is not None and locked_until < on:
        told = _("The day is over.")
        raise InvalidTier(told, faults=(Fault("locked_until", told),))
    if found.is_paid:
        told = _("This tier is bought.")
        raise InvalidTier(told, faults=(Fault("tier", told),))
    with transaction.atomic():
        kept, book = keeping.held(customer, at), Book.of(on)
        before, was = kept.tier, covering.earned(kept, book)
        until = max(kept_to(scheme, customer, on), locked_until or on) if found.rank else None
        state = stood.lowest(found.code, at) | {
            "since": was["since"] if was["tier"] == found.code else None, "scheme_id": scheme.pk,
            "keep_until": until and until.isoformat(), "locked_until": locked_until and locked_until.isoformat(),
        }  # fmt: skip
        state = covering.covered(kept, state, covering.said(kept), book)
        reason = TierReason.LOCKED if locked_until else TierReason.BY_HAND
        covering.put(kept, state, reason, by=by, at=at, cause=cause)
        dealing.at_once([kept.customer_id], at=at)
        _tell(
            "tier.lock" if locked_until else "tier.change",
            kept,
            by,
            {"from": before, "to": tier, "cause": cause},
        )
    return kept


def unlock(customer: Customer, *, by: Any, at: datetime) -> Membership:
    """End a lock before its date; the next review decides. What stands beneath stays."""
    on = today(at)
    with transaction.atomic():
        kept = keeping.held(customer, at)
        if not kept.is_locked(on):
            raise InvalidTier(_("There is no lock."))
        keeping.note(kept, kept.tier, TierReason.UNLOCKED, by, at)
        stood.put(kept, stood.told(kept) | {"locked_until": None, "before": stood.unlocked(kept.before)})
        keeping.save(kept)
        _tell("tier.unlock", kept, by, {"tier": kept.tier})
    return kept


def kept_to(scheme: TierScheme, customer: Customer, on: date) -> date:
    """Until when a tier that begins on a day is kept: the same expression as the night's."""
    until = statements.kept_to(Period(scheme.period), "%(on)s::date")
    joined = (
        (customer.enrolled_at or customer.created_at).astimezone(ZoneInfo(Chain.current().timezone)).date()
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {until} FROM (SELECT %(joined)s::date AS joined) j",  # noqa: S608
            {"on": on, "months": scheme.months, "joined": joined},
        )
        found: date = cursor.fetchone()[0]
    return found


def _tier(code: str, on: date) -> tuple[TierScheme, Tier]:
    scheme = TierScheme.valid_on(on)
    found = Tier.objects.filter(scheme=scheme, code=code).first() if scheme else None
    if scheme is None or found is None:
        told = _("There is no such tier.")
        raise InvalidTier(told, faults=(Fault("tier", told),))
    return scheme, found


def _tell(action: str, kept: Membership, by: Any, details: dict[str, Any]) -> None:
    trail.record(action, f"customers.customer:{kept.customer_id}", by=by, details=details)
