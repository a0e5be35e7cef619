"""The row that says where a member stands: read under lock, changed with a line for the history, written."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from crm.audit import trail
from crm.org.models import Chain
from customers import present
from customers.models import Customer
from customers.receiving import database
from loyalty.models import Membership, TierReason
from loyalty.tiers.reading import default_tier


def today(at: datetime) -> date:
    return at.astimezone(ZoneInfo(Chain.current().timezone)).date()


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
