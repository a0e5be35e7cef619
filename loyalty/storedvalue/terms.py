"""The settings of stored value: versions from a day on, never changed in place."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import edits
from crm.lib.refusals import Fault
from crm.org.models import Chain
from loyalty import programmes
from loyalty.models import StoredTerms
from loyalty.storedvalue.refusals import StoredInvalid


def on(day: date) -> StoredTerms | None:
    """The version that holds on a day; None: nobody could top up yet."""
    return StoredTerms.objects.filter(valid_from__lte=day).order_by("-valid_from", "-pk").first()


def latest() -> StoredTerms | None:
    return StoredTerms.objects.order_by("-valid_from", "-pk").first()


def settings(terms: StoredTerms) -> dict[str, Any]:
    return {name: getattr(terms, name) for name in StoredTerms.SETTINGS}


def change(*, by: Any, at: datetime, based_on: dict[str, Any] | None = None, **wanted: Any) -> StoredTerms:
    """A version with these settings, from today or a day to come; the latest one when nothing changes.

    Raises StoredInvalid, ChangedMeanwhile.
    """
    with transaction.atomic():
        programmes.in_turn()
        now = latest()
        before = settings(now or StoredTerms())
        told = before | edits.changes(before, wanted, based_on)
        if now is not None and all(told[name] == before[name] for name in told if name != "valid_from"):
            return now
        if faults := [*_faults(told), *day_faults(told["valid_from"], now.valid_from if now else None, at)]:
            raise StoredInvalid(_("This cannot be kept."), faults=tuple(faults))
        made = StoredTerms.objects.create(**told, created_by=trail.actor_name(by))
        changed = {name: (before[name], value) for name, value in told.items() if value != before[name]}
        trail.record("stored.terms", made, by=by, details={"from": now and now.pk}, changes=changed)
    return made


def day_faults(begins: date | None, before: date | None, at: datetime) -> list[Fault]:
    """A top-up keeps the version by which it was made, so one may begin today; none begins before that."""
    if begins is None:
        return [Fault("valid_from", str(_("From which day does it hold?")))]
    if begins < at.astimezone(ZoneInfo(Chain.current().timezone)).date():
        return [Fault("valid_from", str(_("Today or a day to come.")))]
    return programmes.planned_faults(begins, before)


def _faults(told: dict[str, Any]) -> list[Fault]:
    faults = []
    if told["most_top_up"] <= 0:
        faults.append(Fault("most_top_up", str(_("Above zero."))))
    if told["most_balance"] < told["most_top_up"]:
        faults.append(Fault("most_balance", str(_("Not less than what is paid in at once."))))
    if told["principal_days"] is not None and told["principal_days"] < 1:
        faults.append(Fault("principal_days", str(_("At least one day."))))
    if told["pay_out_alone"] < 0:
        faults.append(Fault("pay_out_alone", str(_("Not below zero."))))
    if told["pay_out_lead"] < told["pay_out_alone"]:
        faults.append(Fault("pay_out_lead", str(_("Not less than what others pay out."))))
    return faults
