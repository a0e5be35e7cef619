"""Changing the days of the lifecycle (C9). A change is a new version; it holds from the next night on."""

from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import edits
from crm.lib.edits import ChangedMeanwhile
from crm.lib.refusals import Fault, Refusal
from customers.models import LifecycleRules

DAYS = ("new_days", "dormant_days", "lost_days", "won_back_days")
MOST_DAYS = 3660


class RulesInvalid(Refusal):
    """`faults` point at "/lost_days"."""

    code: ClassVar[str] = "rules_invalid"


def days_of(rules: LifecycleRules) -> dict[str, int]:
    """What a person can change."""
    return {name: getattr(rules, name) for name in DAYS}


def change(*, by: Any, based_on: dict[str, Any] | None = None, **days: int) -> LifecycleRules:
    """A new version of the rules with these days changed; the present one when nothing changes.

    `based_on`: the days that the author saw. Raises RulesInvalid, ChangedMeanwhile; then nothing has changed.
    """
    with transaction.atomic():
        LifecycleRules.objects.select_for_update().order_by(
            "pk"
        ).first()  # versions are made one after another
        now = LifecycleRules.current()
        wanted = days_of(now) | _changes(now, days, based_on)
        if wanted == days_of(now):
            return now
        if faults := tuple(_faults(wanted)):
            raise RulesInvalid(_("With these days a customer would have two stages or none."), faults=faults)
        rules = LifecycleRules.objects.create(**wanted, created_by=trail.actor_name(by))
        changed = {
            name: (getattr(now, name), days) for name, days in wanted.items() if days != getattr(now, name)
        }
        trail.record("lifecycle.change", rules, by=by, details={"from": now.pk}, changes=changed)
    return rules


def _changes(now: LifecycleRules, days: dict[str, int], based_on: dict[str, Any] | None) -> dict[str, Any]:
    try:
        return edits.changes(days_of(now), days, based_on)
    except ChangedMeanwhile as refusal:
        refusal.authors = edits.authors(LifecycleRules.objects.order_by("-pk")[:50], refusal.now)
        raise


def _faults(days: dict[str, int]) -> list[Fault]:
    """Every day has one stage: "new" and "won back" end before a customer could be dormant, and that before lost."""
    faults = [
        Fault(f"/{name}", _("From 1 to %(most)s days.") % {"most": MOST_DAYS})
        for name, count in days.items()
        if not 1 <= count <= MOST_DAYS
    ]
    if days["lost_days"] <= days["dormant_days"]:
        faults.append(Fault("/lost_days", _("Lost comes after dormant: more days than for dormant.")))
    for name in ("new_days", "won_back_days"):
        if days[name] > days["dormant_days"]:
            faults.append(Fault(f"/{name}", _("At most as many days as for dormant.")))
    return faults
