"""How the chain serves its markets and what weighs how much: versions, of which the newest holds at once."""

from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.audit import trail
from crm.lib import edits
from crm.lib.edits import ChangedMeanwhile
from crm.lib.refusals import Fault, Refusal
from segmentation.models import Mode, Targeting
from segmentation.segments import owning
from segmentation.targets.editing import STRATEGY, too_long
from segmentation.targets.scoring import ATTRACTIVENESS, FACTORS, STRENGTH

PLAN = ("goal", *STRATEGY)  # of the whole market
SETTINGS = ("mode", *PLAN, *FACTORS)


class InvalidWeights(Refusal):
    code: ClassVar[str] = "invalid_weights"


def settings_of(version: Targeting) -> dict[str, Any]:
    return {name: getattr(version, name) for name in SETTINGS}


def weights_of(version: Targeting) -> dict[str, int]:
    return {name: getattr(version, name) for name in FACTORS}


def change(
    *, by: Any, remark: str = "", based_on: dict[str, Any] | None = None, **settings: Any
) -> Targeting:
    """A new version with these settings (of SETTINGS) changed; the present one when nothing changes.

    `based_on`: what the author saw. Raises OfTheChain, InvalidWeights (an axis must sum to 100), ChangedMeanwhile; then
    nothing has changed.
    """
    owning.require_chain(by)
    Targeting.current()
    with transaction.atomic():
        Targeting.objects.select_for_update().order_by("pk").first()  # versions are made one after another
        now = Targeting.current()
        before = settings_of(now)
        told = {name: value.strip() if isinstance(value, str) else value for name, value in settings.items()}
        wanted = before | _changes(before, told, based_on)
        if wanted == before:
            return now
        if faults := tuple(_faults(wanted)):
            raise InvalidWeights(_("The weights cannot be used like this."), faults=faults)
        made = Targeting.objects.create(**wanted, remark=remark.strip(), created_by=trail.actor_name(by))
        changed = {name: (before[name], value) for name, value in wanted.items() if value != before[name]}
        trail.record("targeting.change", made, by=by, details={"from": now.pk}, changes=changed)
    return made


def _changes(
    now: dict[str, Any], settings: dict[str, Any], based_on: dict[str, Any] | None
) -> dict[str, Any]:
    try:
        return edits.changes(now, settings, based_on)
    except ChangedMeanwhile as refusal:
        refusal.authors = edits.authors(Targeting.objects.order_by("-pk")[:50], refusal.now)
        raise


def _faults(wanted: dict[str, Any]) -> list[Fault]:
    found = [] if wanted["mode"] in Mode.values else [Fault("/mode", str(_("There is no such mode.")))]
    found += too_long(wanted)
    for names in (ATTRACTIVENESS, STRENGTH):
        if any(wanted[name] not in range(101) for name in names):
            found += [
                Fault(f"/{name}", str(_("From 0 to 100.")))
                for name in names
                if wanted[name] not in range(101)
            ]
        elif (total := sum(wanted[name] for name in names)) != 100:
            said = str(_("The weights of this axis sum to %(total)s instead of 100.") % {"total": total})
            found.append(Fault(f"/{names[0]}", said))
    return found
