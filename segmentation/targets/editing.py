"""What the chain says of a segment as a market: judging, deciding, noting the strategy. All that is told or nothing."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.audit import trail
from crm.lib import edits
from crm.lib.refusals import Fault, Refusal
from crm.org.models import Chain, Staff
from crm.org.permissions import Permission
from customers import nights
from segmentation.models import Group, Segment, Target, TargetDecision, TargetJudgement, TargetStatus
from segmentation.segments import owning
from segmentation.targets.scoring import JUDGED

STRATEGY = ("product", "price", "channel", "promotion")
FIELDS = ("status", "goal", *STRATEGY, "owner", "review_on", *JUDGED)
FARTHEST = timedelta(days=5 * 366)  # a review that nobody there today will hold is none
LONGEST = {"goal": 200, **dict.fromkeys(STRATEGY, 2000)}

UNREVIEWED = _("A chosen market has a day on which it is looked at again.")


class InvalidTarget(Refusal):
    code: ClassVar[str] = "invalid_target"


def today(at: datetime) -> date:
    """By the chain's clock."""
    return at.astimezone(ZoneInfo(Chain.current().timezone)).date()


def values_of(target: Target | None) -> dict[str, Any]:
    """What stands there now; of a segment about which nobody said anything, the blank beginning."""
    return {name: getattr(target or Target(), name) for name in FIELDS}


def target_of(record: Group | Segment) -> Target | None:
    """What was said of it, or None before the first word."""
    return Target.objects.filter(**{_kind(record): record}).first()


def edit(
    record: Group | Segment,
    wanted: Mapping[str, Any],
    *,
    by: Any,
    at: datetime,
    remark: str = "",
    based_on: Mapping[str, Any] | None = None,
) -> Target | None:
    """Write what of `wanted` (by the names of FIELDS; `owner` a Staff or None) is not so already.

    A changed judgement and a changed status are each kept as a row of their own, with the remark. Raises OfTheChain,
    InvalidTarget, ChangedMeanwhile; then nothing has changed. None: nothing was said about it before, and nothing now.
    """
    owning.require_chain(by)
    with transaction.atomic():
        target = _locked(record)
        before = values_of(target)
        told = edits.changes(before, _clean(wanted), based_on, target)
        changed = {name: value for name, value in told.items() if value != before[name]}
        if not changed:
            return target
        if faults := (*_faults(record, changed, today(at)), *_unready(before, changed)):
            raise InvalidTarget(_("This cannot be kept like this."), faults=faults)
        if target is None:
            target = Target.objects.create(**{_kind(record): record}, created_by=trail.actor_name(by))
        _write(target, changed, by=by, remark=remark.strip())
        trail.record(
            "target.edit", target, by=by, details={"of": _kind(record), "fields": sorted(changed)},
            changes={name: (before[name], value) for name, value in changed.items()},
        )  # fmt: skip
    return target


def _locked(record: Group | Segment) -> Target | None:
    """The lock of the record's own row orders two who say the first word at once."""
    type(record)._default_manager.select_for_update().get(pk=record.pk)
    return target_of(record)


def _kind(record: Group | Segment) -> str:
    return "group" if isinstance(record, Group) else "segment"


def _clean(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.strip() if isinstance(value, str) else value for name, value in wanted.items()}


def _faults(record: Group | Segment, told: Mapping[str, Any], on: date) -> list[Fault]:
    found = too_long(told)
    for name in JUDGED:
        if told.get(name) is not None and told[name] not in range(1, 6):
            found.append(Fault(f"/{name}", str(_("From 1 to 5."))))
    review_on: date | None = told.get("review_on")
    if review_on and not on <= review_on <= on + FARTHEST:
        found.append(Fault("/review_on", str(_("A day that is still to come, in five years at the latest."))))
    owner: Staff | None = told.get("owner")
    if owner and not (owner.is_active and owner.may(Permission.VIEW_SEGMENTS)):
        found.append(Fault("/owner", str(_("They cannot see segments."))))
    if told.get("status", TargetStatus.CONSIDERED) not in TargetStatus.values:
        found.append(Fault("/status", str(_("There is no such status."))))
    if told.get("status") == TargetStatus.CHOSEN and isinstance(record, Segment) and not record.is_shared:
        found.append(
            Fault("/status", str(_("Only a segment that everybody sees can be chosen: share it first.")))
        )
    return found


def _unready(before: Mapping[str, Any], changed: Mapping[str, Any]) -> list[Fault]:
    """What a chosen market lacks. Who looks after it may be open: then whoever chose it is told of the day."""
    after = {**before, **changed}
    is_asked = after["status"] == TargetStatus.CHOSEN and changed.keys() & {"status", "review_on"}
    return [Fault("/review_on", str(UNREVIEWED))] if is_asked and not after["review_on"] else []


def too_long(told: Mapping[str, Any]) -> list[Fault]:
    """Of the texts of a plan."""
    return [
        Fault(f"/{name}", str(_("At most %(n)s characters.") % {"n": most}))
        for name, most in LONGEST.items()
        if len(told.get(name, "")) > most
    ]


def _write(target: Target, changed: Mapping[str, Any], *, by: Any, remark: str) -> None:
    for name, value in changed.items():
        setattr(target, name, value)
    target.save(update_fields=list(changed))
    actor = trail.actor_name(by)
    if changed.keys() & set(JUDGED):
        TargetJudgement.objects.create(
            target=target, competition=target.competition, fit=target.fit, remark=remark, created_by=actor
        )
    if "status" in changed:
        TargetDecision.objects.create(
            target=target, status=target.status, remark=remark, night=nights.published(), created_by=actor
        )
