"""Retention: what is removed after how long. Rules stand in code, their days and switches in the database.

Apps register rules from `AppConfig.ready()`. A rule removes a slice at a time; the nightly job commits each slice with
its checkpoint, so a stop loses nothing. What cannot be brought back is off until somebody turns it on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.audit import capture, trail
from crm.jobs import queue
from crm.jobs.models import Job
from crm.jobs.registry import job
from crm.lib.refusals import Fault, Refusal
from crm.privacy.models import RetentionSetting, Reveal

if TYPE_CHECKING:
    from crm.jobs.claim import Claim

KIND = "privacy.retention"
BY = "system:retention"
SLICE = 5_000
LONGEST = 36_500


class InvalidDays(Refusal):
    code: ClassVar[str] = "invalid_days"


@dataclass(frozen=True)
class Rule:
    """`count(before)`: how many are past their time; `remove(before, most)`: removes up to so many, gives how many.

    `least`: fewer days than that are refused, because something else still needs the rows. `fixed`: the operator sets
    the days in the environment, and another job removes; the rule is shown here so that all stand in one place.
    """

    name: str
    title: Any
    does: Any
    days: int
    is_on: bool
    count: Callable[[datetime], int]
    remove: Callable[[datetime, int], int]
    least: int = 1
    fixed: str = ""


@dataclass(frozen=True)
class Standing:
    """A rule with the chain's choice."""

    rule: Rule
    is_on: bool
    days: int

    def before(self, at: datetime) -> datetime:
        return at - timedelta(days=self.days)


_rules: dict[str, Rule] = {}


def register(rule: Rule) -> None:
    _rules[rule.name] = rule


def rules() -> list[Standing]:
    """All rules as they hold now."""
    chosen = {one.name: one for one in RetentionSetting.objects.all()}
    found = []
    for rule in sorted(_rules.values(), key=lambda one: (bool(one.fixed), one.name)):
        one = None if rule.fixed else chosen.get(rule.name)
        found.append(Standing(rule, one.is_on if one else rule.is_on, one.days if one else rule.days))
    return found


def choose(name: str, *, is_on: bool, days: int, by: Any) -> None:
    """Turn a rule on or off and set its days. Raises InvalidDays."""
    rule = _rules[name]
    if rule.fixed or not rule.least <= days <= LONGEST:
        sentence = _("Between %(least)d and %(most)d days.") % {"least": rule.least, "most": LONGEST}
        raise InvalidDays(sentence, faults=(Fault("/days", sentence),))
    with transaction.atomic():
        values = {
            "is_on": is_on,
            "days": days,
            "changed_by": trail.actor_name(by),
            "changed_at": timezone.now(),
        }
        made, _new = RetentionSetting.objects.update_or_create(name=name, defaults=values)
        trail.record("retention.change", made, by=by, details={"is_on": is_on, "days": days})


def ask(at: datetime, by: Any = BY) -> Job:
    """Tonight's run. Asking twice asks once."""
    return queue.enqueue(KIND, key=f"{at:%Y-%m-%d}", params={"at": at.isoformat()}, by=by)


@job(KIND)
def run(claim: "Claim") -> None:
    """Every rule that is on, slice by slice."""
    at = datetime.fromisoformat(claim.params["at"])
    for one in rules():
        if one.is_on and not one.rule.fixed:
            _run(claim, one, one.before(at))


def _run(claim: "Claim", one: Standing, before: datetime) -> None:
    removed = -1
    while removed:
        with claim.slice() as checkpoint:
            capture.spoken_for_all()
            removed = one.rule.remove(before, SLICE)
            checkpoint[one.rule.name] = checkpoint.get(one.rule.name, 0) + removed
            claim.counts[one.rule.name] = checkpoint[one.rule.name]
            if removed:
                details = {"rows": removed, "days": one.days}
                trail.record("retention.remove", f"privacy.retention:{one.rule.name}", by=BY, details=details)


def of_model(rows: Callable[[datetime], Any]) -> dict[str, Any]:
    """`count` and `remove` of a rule that deletes the rows which `rows(before)` finds."""

    def remove(before: datetime, most: int) -> int:
        keys = list(rows(before).order_by("pk").values_list("pk", flat=True)[:most])
        return int(rows(before).model._base_manager.filter(pk__in=keys)._raw_delete("default")) if keys else 0

    return {"count": lambda before: rows(before).count(), "remove": remove}


register(
    Rule(
        "reveals",
        gettext_lazy("Reveals"),
        gettext_lazy("Deletes who was shown what of whom. The trail still says that there was a reveal."),
        days=730,
        is_on=True,
        least=90,
        **of_model(lambda before: Reveal.objects.filter(at__lt=before)),
    )
)
