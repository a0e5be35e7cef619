"""What bringing a friend is worth: versions from a day on, never changed in place."""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import edits
from crm.lib.refusals import Fault, Refusal
from loyalty import programmes
from loyalty.models import ReferralTerms

MOST_POINTS = 1_000_000


class ReferralTermsInvalid(Refusal):
    code = "referral_terms_invalid"


def on(day: date) -> ReferralTerms | None:
    """The version that holds on a day; None: members cannot bring friends yet."""
    return ReferralTerms.objects.filter(valid_from__lte=day).order_by("-valid_from", "-pk").first()


def latest() -> ReferralTerms | None:
    return ReferralTerms.objects.order_by("-valid_from", "-pk").first()


def settings(terms: ReferralTerms) -> dict[str, Any]:
    return {name: getattr(terms, name) for name in ReferralTerms.SETTINGS}


def change(*, by: Any, at: datetime, based_on: dict[str, Any] | None = None, **wanted: Any) -> ReferralTerms:
    """A version with these settings; the latest one when nothing changes.

    Raises ReferralTermsInvalid, ChangedMeanwhile.
    """
    with transaction.atomic():
        programmes.in_turn()
        now = latest()
        before = settings(now or ReferralTerms())
        told = before | edits.changes(before, wanted, based_on)
        if now is not None and all(told[name] == before[name] for name in told if name != "valid_from"):
            return now
        faults = [
            *_faults(told),
            *programmes.day_faults(told["valid_from"], now.valid_from if now else None, at),
        ]
        if faults:
            raise ReferralTermsInvalid(_("This cannot be kept."), faults=tuple(faults))
        made = ReferralTerms.objects.create(**told, created_by=trail.actor_name(by))
        changed = {name: (before[name], value) for name, value in told.items() if value != before[name]}
        trail.record("referral.terms", made, by=by, details={"from": now and now.pk}, changes=changed)
    return made


def _faults(told: dict[str, Any]) -> list[Fault]:
    faults = []
    for name in ("points_referrer", "points_friend"):
        if told[name] > MOST_POINTS:
            faults.append(Fault(name, str(_("At most 1,000,000."))))
    if not 1 <= told["within_days"] <= 366:
        faults.append(Fault("within_days", str(_("From 1 to 366."))))
    if told["least"] < 0:
        faults.append(Fault("least", str(_("Not below zero."))))
    return faults
