"""Top-up offers: publishing versions, and which offer fits a top-up."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import edits
from crm.lib.refusals import Fault
from loyalty import programmes
from loyalty.models import TopUpOffer
from loyalty.models.programme import rule_code
from loyalty.storedvalue.cents import cents
from loyalty.storedvalue.refusals import StoredInvalid
from loyalty.storedvalue.terms import day_faults


@dataclass(frozen=True)
class Asked:
    """A top-up as offers look at it. `tier` is the member's code."""

    amount: int
    on: date
    store_id: int | None
    tier: str


def versions(code: str) -> list[TopUpOffer]:
    """All versions of an offer, the latest first."""
    return list(TopUpOffer.objects.filter(code=code).order_by("-version"))


def latest() -> list[TopUpOffer]:
    """The latest version of each offer, those that are not over first."""
    newest: dict[str, TopUpOffer] = {}
    for one in TopUpOffer.objects.order_by("code", "version"):
        newest[one.code] = one
    return sorted(newest.values(), key=lambda one: (one.is_ended, one.pay, one.code))


def publish(
    code: str, *, by: Any, at: datetime, based_on: dict[str, Any] | None = None, **settings: Any
) -> TopUpOffer:
    """A version of an offer (see `TopUpOffer.SETTINGS`); the first makes it. The latest one when nothing changes.

    Raises StoredInvalid, ChangedMeanwhile.
    """
    with transaction.atomic():
        programmes.in_turn()
        known = versions(code)
        now = known[0] if known else None
        before = _settings(now or TopUpOffer(valid_from=settings["valid_from"]))
        wanted = before | edits.changes(before, settings, based_on)
        if now is not None and all(wanted[name] == before[name] for name in wanted if name != "valid_from"):
            return now
        if faults := _faults(code, wanted, now, at):
            raise StoredInvalid(_("The offer cannot be published like this."), faults=tuple(faults))
        made = TopUpOffer.objects.create(
            code=code, version=now.version + 1 if now else 1, created_by=trail.actor_name(by), **wanted
        )
        changed = {name: (before[name], value) for name, value in wanted.items() if value != before[name]}
        action = "stored.offer_end" if made.is_ended else "stored.offer"
        trail.record(action, made, by=by, details={"code": code, "version": made.version}, changes=changed)
    return made


def taken() -> StoredInvalid:
    """Why a new offer cannot have a code that another has."""
    fault = Fault("code", str(_("Another offer has this code.")))
    return StoredInvalid(_("The offer cannot be published like this."), faults=(fault,))


def end(code: str, *, on: date, by: Any, at: datetime) -> TopUpOffer:
    """From this day on the offer does not hold; what was topped up keeps its bonus."""
    return publish(code, by=by, at=at, is_ended=True, valid_from=on, valid_to=None)


def holding(day: date) -> list[TopUpOffer]:
    """What holds on a day: of each offer the newest version that has begun, unless it is over."""
    newest: dict[str, TopUpOffer] = {}
    for one in TopUpOffer.objects.filter(valid_from__lte=day).order_by("version"):
        newest[one.code] = one
    return [
        one for one in newest.values() if not one.is_ended and (one.valid_to is None or day <= one.valid_to)
    ]


def fitting(asked: Asked) -> list[TopUpOffer]:
    """The offers that fit, the largest bonus first."""
    found = [one for one in holding(asked.on) if fits(one, asked)]
    return sorted(found, key=lambda one: (-one.bonus, -one.pay, one.code))


def fits(offer: TopUpOffer, asked: Asked) -> bool:
    return (
        cents(offer.pay) <= asked.amount
        and (not offer.stores or asked.store_id in offer.stores)
        and (not offer.tiers or asked.tier in offer.tiers)
    )


def _settings(offer: TopUpOffer) -> dict[str, Any]:
    return {name: getattr(offer, name) for name in TopUpOffer.SETTINGS}


def _faults(code: str, s: dict[str, Any], now: TopUpOffer | None, at: datetime) -> list[Fault]:
    faults = day_faults(s["valid_from"], now.valid_from if now else None, at)
    try:
        rule_code(code)
    except ValidationError as error:
        faults.append(Fault("code", str(error.message)))
    if not s["name"].strip():
        faults.append(Fault("name", str(_("What is it called?"))))
    for name in ("pay", "bonus"):
        if s[name] is None or s[name] <= 0:
            faults.append(Fault(name, str(_("Above zero."))))
    if s["bonus_days"] is not None and s["bonus_days"] < 1:
        faults.append(Fault("bonus_days", str(_("At least one day."))))
    if s["valid_from"] and s["valid_to"] and s["valid_to"] < s["valid_from"]:
        faults.append(Fault("valid_to", str(_("Not before the day from which it holds."))))
    return faults
