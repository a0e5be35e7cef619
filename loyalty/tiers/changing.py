"""Tiers by hand: changing, locking until a date, ending a lock. What is bought is in `memberships.py`."""

from datetime import date, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Fault, Refusal
from crm.org.models import Chain
from customers import present
from customers.models import Customer
from customers.receiving import database
from loyalty.models import ByHand, Membership, Period, Tier, TierReason, TierScheme
from loyalty.tiers import dealing, statements, stood
from loyalty.tiers.reading import default_tier


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

    Without a lock, what the measure reaches raises them again at the next review. Raises InvalidTier, Erased.
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
        kept = held(customer, at)
        before = kept.tier
        _step(kept, found.code, TierReason.LOCKED if locked_until else TierReason.BY_HAND, by, at)
        kept.cause, kept.locked_until, kept.scheme_id = cause, locked_until, scheme.pk
        kept.keep_until = None
        if found.rank:
            kept.keep_until = max(kept_to(scheme, customer, on), locked_until or on)
        save(kept)
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
        kept = held(customer, at)
        if not kept.is_locked(on):
            raise InvalidTier(_("There is no lock."))
        note(kept, kept.tier, TierReason.UNLOCKED, by, at)
        stood.put(kept, stood.told(kept) | {"locked_until": None, "before": stood.unlocked(kept.before)})
        save(kept)
        _tell("tier.unlock", kept, by, {"tier": kept.tier})
    return kept


def today(at: datetime) -> date:
    return at.astimezone(ZoneInfo(Chain.current().timezone)).date()


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


def held(customer: Customer, at: datetime) -> Membership:
    """The membership, locked; one that begins on the lowest tier where there is none."""
    database.enter(database.cursor())
    present.hold(customer.pk)
    found = Membership.objects.select_for_update().filter(customer=customer).first()
    if found is not None:
        return found
    return fresh(customer.pk, at)


def fresh(customer_id: int, at: datetime) -> Membership:
    """Who has none yet: on the lowest tier, not written."""
    on = today(at)
    base = default_tier(on)
    return Membership(
        customer_id=customer_id, tier=base, came_from=base, since=at, changed_at=at, changed_on=on, reason=0,
        version=0,
    )  # fmt: skip


def _step(kept: Membership, tier: str, reason: TierReason, by: Any, at: datetime) -> None:
    note(kept, tier, reason, by, at)
    kept.measure = kept.threshold = kept.before = kept.reached_on = kept.notice_on = kept.grace_until = None


def note(kept: Membership, tier: str, reason: TierReason, by: Any, at: datetime) -> None:
    """A change for the history; what else the membership says stays."""
    moment = max(at, kept.changed_at)
    if tier != kept.tier or kept.version == 0:
        kept.since = moment
    kept.came_from, kept.tier = kept.tier, tier
    kept.reason, kept.changed_at, kept.changed_on = reason, moment, today(at)
    kept.actor, kept.cause = trail.actor_name(by), ""


def save(kept: Membership) -> None:
    kept.version += 1
    kept.save(force_insert=kept.version == 1, force_update=kept.version > 1)


def _tell(action: str, kept: Membership, by: Any, details: dict[str, Any]) -> None:
    trail.record(action, f"customers.customer:{kept.customer_id}", by=by, details=details)
