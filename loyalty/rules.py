"""Publishing earning rules: each change is a version from a day to come, and so is a rule's end."""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from django.core.validators import ProhibitNullCharactersValidator
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import edits
from crm.lib.edits import ChangedMeanwhile
from crm.lib.refusals import Fault, Refusal
from crm.org.models import Region, Store
from customers.models import Brand, Channel
from loyalty import programmes
from loyalty.accrual import conditions
from loyalty.accrual.conditions import Condition
from loyalty.models import EarningRule, RuleKind, Tier
from loyalty.models.programme import rule_code

MOST_PERCENT = 10_000
MOST_POINTS = 10_000_000
MOST_NAME = 80
MOST_ID = 2**31 - 1
OF_ACTIONS = {"dates", "weekdays", "tiers"}  # what the rule of an action can ask
# By what a condition asks for: those of them that there are. A tier may be of any version: codes stay.
_KNOWN: dict[str, Callable[[list[Any]], Iterable[Any]]] = {
    "brands": lambda ids: Brand.objects.filter(pk__in=ids).values_list("pk", flat=True),
    "stores": lambda ids: Store.objects.filter(pk__in=ids).values_list("pk", flat=True),
    "regions": lambda ids: Region.objects.filter(pk__in=ids).values_list("pk", flat=True),
    "channels": lambda _ids: Channel.values,
    "tiers": lambda codes: Tier.objects.filter(code__in=codes).values_list("code", flat=True),
}


class RuleInvalid(Refusal):
    code = "rule_invalid"


def versions(code: str) -> list[EarningRule]:
    """All versions of a rule, the latest first."""
    return list(EarningRule.objects.filter(code=code).order_by("-version"))


def new_code(name: str, taken: Iterable[str] = ()) -> str:
    """A code of its own; history knows the rule by it. `taken`: what is none, apart from those published."""
    base = slugify(name)[:34].strip("-").lstrip("0123456789-") or "rule"
    known = {*EarningRule.objects.filter(code__startswith=base).values_list("code", flat=True), *taken}
    return next(code for code in (base, *(f"{base}-{n}" for n in range(2, 10_000))) if code not in known)


def publish(
    code: str, *, by: Any, at: datetime, based_on: dict[str, Any] | None = None, **settings: Any
) -> EarningRule:
    """A version of a rule with these settings (see `EarningRule.settings`); the first one makes the rule.

    The latest one when nothing changes. Refuses what no rule can be, naming each field, and what somebody else changed
    meanwhile.
    """
    with transaction.atomic():
        programmes.in_turn()
        known = versions(code)
        now = known[0] if known else None
        before = (now or EarningRule(valid_from=settings["valid_from"])).settings()
        wanted = before | _changes(known, before, settings, based_on)
        if now is not None and all(wanted[name] == before[name] for name in wanted if name != "valid_from"):
            return now
        if faults := _faults(code, wanted, now, at):
            raise RuleInvalid(_("The rule cannot be published like this."), faults=tuple(faults))
        made = EarningRule.objects.create(
            code=code, version=now.version + 1 if now else 1, created_by=trail.actor_name(by), **wanted
        )
        changed = {name: (before[name], value) for name, value in wanted.items() if value != before[name]}
        action = "rule.end" if made.is_ended else "rule.publish"
        trail.record(action, made, by=by, details={"code": code, "version": made.version}, changes=changed)
    return made


def end(code: str, *, on: date, by: Any, at: datetime) -> EarningRule:
    """From this day on the rule does not hold."""
    return publish(code, by=by, at=at, is_ended=True, valid_from=on, valid_to=None)


def _changes(
    known: list[EarningRule],
    before: dict[str, Any],
    settings: dict[str, Any],
    based_on: dict[str, Any] | None,
) -> dict[str, Any]:
    try:
        return edits.changes(before, settings, based_on)
    except ChangedMeanwhile as refusal:
        refusal.authors = edits.authors(known, refusal.now)
        raise


def _faults(code: str, s: dict[str, Any], now: EarningRule | None, at: datetime) -> list[Fault]:
    has_begun = now is not None or programmes.latest() is not None
    before = now.valid_from if now else date.min if has_begun else None
    faults = programmes.day_faults(s["valid_from"], before, at)
    faults += code_faults(code)
    if s["valid_from"] and s["valid_to"] and s["valid_to"] < s["valid_from"]:
        faults.append(Fault("valid_to", str(_("Not before the day from which it holds."))))
    return [*faults, *faults_of(s)]


def code_faults(code: str) -> list[Fault]:
    """What is wrong with a rule's code. All of it is looked at: `$` lets a last line break through."""
    return [] if re.fullmatch(rule_code.regex, code) else [Fault("code", str(rule_code.message))]


def faults_of(s: dict[str, Any]) -> list[Fault]:
    """What is wrong with settings, apart from the days on which they hold."""
    return [*_name_faults(s["name"]), *_amount_faults(s), *programmes.cap_faults(s), *_condition_faults(s)]


def _name_faults(name: str) -> list[Fault]:
    if "\0" in name:
        return [Fault("name", str(ProhibitNullCharactersValidator.message))]
    if not name.strip():
        return [Fault("name", str(_("A rule needs a name.")))]
    if len(name) > MOST_NAME:
        return [Fault("name", str(_("At most %(n)s characters.") % {"n": MOST_NAME}))]
    return []


def _amount_faults(s: dict[str, Any]) -> list[Fault]:
    kind, percent, points = s["kind"], s["percent"], s["points"]
    if kind == RuleKind.BASE and not (percent is not None and 0 <= percent <= MOST_PERCENT):
        return [Fault("percent", str(_("From 0 to 10,000 percent.")))]
    if kind == RuleKind.MULTIPLIER and not (percent is not None and 100 < percent <= MOST_PERCENT):
        return [Fault("percent", str(_("More than 100 percent, at most 10,000.")))]
    if kind in {RuleKind.BONUS, RuleKind.ACTION} and not (points is not None and 0 < points <= MOST_POINTS):
        return [Fault("points", str(_("From 1 to 10,000,000 points.")))]
    if kind == RuleKind.ACTION and not s["action"]:
        return [Fault("action", str(_("For which action?")))]
    return []


def _condition_faults(s: dict[str, Any]) -> list[Fault]:
    try:
        asked = conditions.read(s["condition"])
    except conditions.Unreadable:
        return [Fault("condition", str(_("These conditions cannot be read.")))]
    if asked.dates and asked.dates[0] > asked.dates[1]:
        return [Fault("condition.dates", str(_("The first day comes before the last.")))]
    if s["kind"] == RuleKind.ACTION and set(s["condition"]) - OF_ACTIONS:
        return [Fault("condition", str(_("An action has no goods, stores or amounts.")))]
    goods = programmes.goods_faults(asked.categories, asked.products, "condition")
    return [*goods, *_unknown_faults(asked)]


def _unknown_faults(asked: Condition) -> list[Fault]:
    """Brands, stores and the like that there are not: nobody would ever meet such a rule, and nobody would know why."""
    return [
        Fault(f"condition.{name}", str(_("Not known: %(codes)s.") % {"codes": codes}))
        for name, known in _KNOWN.items()
        if (codes := ", ".join(_missing(getattr(asked, name), known)))
    ]


def _missing(wanted: Iterable[Any], known: Callable[[list[Any]], Iterable[Any]]) -> list[str]:
    askable = [one for one in wanted if ("\0" not in one if isinstance(one, str) else 0 < one <= MOST_ID)]
    return [programmes.told(str(one)) for one in sorted(set(wanted) - set(known(askable)))[:5]]
