"""A friend comes: who was enrolled by a member's code is noted, in the transaction of the enrolment."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from crm.org.models import Chain
from loyalty.models import Referral
from loyalty.referrals import codes, terms


def is_open(at: datetime) -> bool:
    """Whether members can bring friends now."""
    worth = terms.on(_day(at))
    return worth is not None and worth.is_on


def take(customer_id: int, code: str, at: datetime, by: Any) -> None:
    """Nothing where the code is nobody's, where members cannot bring friends, or where somebody brought them before.

    Who they are is looked at when points would be given: until then more is known.
    """
    on = _day(at)
    referrer, worth = codes.owner(code), terms.on(on)
    if referrer is None or worth is None or not worth.is_on:
        return
    if not Referral.objects.filter(customer=customer_id).exists():
        Referral.objects.create(
            customer_id=customer_id, referrer_id=referrer.pk, terms=worth, came_at=at, came_on=on
        )


def _day(at: datetime) -> date:
    return at.astimezone(ZoneInfo(Chain.current().timezone)).date()
