"""Changing the rules: each change makes a version. It holds at once for what comes in, and in the next sweep."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import edits
from crm.lib.edits import ChangedMeanwhile
from crm.lib.refusals import Fault, Refusal
from customers.matching import defaults
from customers.models import MatchRules

MOST_POINTS = 100
MOST_WAYS = 30


class RulesInvalid(Refusal):
    code: ClassVar[str] = "rules_invalid"


def change(*, by: Any, based_on: dict[str, Any] | None = None, **settings: Any) -> MatchRules:
    """A new version with these settings changed (`MatchRules.settings`); the present one when nothing changes.

    `based_on`: the settings that the author saw. Raises RulesInvalid, ChangedMeanwhile; then nothing has changed.
    """
    with transaction.atomic():
        MatchRules.objects.select_for_update().order_by("pk").first()  # versions are made one after another
        now = MatchRules.current()
        try:
            wanted = now.settings() | edits.changes(now.settings(), settings, based_on)
        except ChangedMeanwhile as refusal:
            refusal.authors = edits.authors(MatchRules.objects.order_by("-pk")[:50], refusal.now)
            raise
        if wanted == now.settings():
            return now
        if faults := tuple(_faults(wanted)):
            raise RulesInvalid(_("The rules cannot be used like this."), faults=faults)
        made = MatchRules.objects.create(**wanted, created_by=trail.actor_name(by))
        changed = sorted(name for name, value in wanted.items() if value != now.settings()[name])
        trail.record("matchrules.change", made, by=by, details={"from": now.pk, "changed": changed})
    return made


def _faults(wanted: dict[str, Any]) -> Iterator[Fault]:
    for field, outcomes in wanted["points"].items():
        known = sum(defaults.FIELDS.get(field, ((), ())), ())
        for outcome, points in outcomes.items():
            if outcome not in known or not isinstance(points, int) or abs(points) > MOST_POINTS:
                yield Fault(f"{field}-{outcome}", _("A whole number from -100 to 100."))
    if not 1 <= wanted["look_at"] <= MOST_POINTS:
        yield Fault("look_at", _("From 1 to 100."))
    if wanted["join_at"] is not None and not wanted["look_at"] < wanted["join_at"] <= 2 * MOST_POINTS:
        yield Fault("join_at", _("More than what needs a look, and at most 200."))
    if not 1 <= len(wanted["ways"]) <= MOST_WAYS:
        yield Fault("ways", _("From 1 to 30 ways."))
    for way in wanted["ways"]:
        if not way or any(outcome not in defaults.FIELDS.get(field, ((), ()))[0] for field, outcome in way):
            yield Fault("ways", _("Not a way: %(way)s") % {"way": written(way)})


def written(way: list[list[str]]) -> str:
    """ "name:close + birthday:typo"."""
    return " + ".join(":".join(one) for one in way)


def parsed(text: str) -> list[list[list[str]]]:
    """Ways as people write them, one a line. What is no way is refused by `change`."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [[list(one.strip().partition(":")[::2]) for one in line.split("+")] for line in lines]
