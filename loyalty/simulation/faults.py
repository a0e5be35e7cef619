"""What is wrong with a draft, each with its place: what publishing would refuse is not replayed either."""

from collections import Counter
from typing import Any

from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext as _
from msgspec import UNSET

from crm.lib.refusals import Fault
from loyalty import programmes, rules
from loyalty.accrual import rulesets
from loyalty.models import EarningRule, RuleKind, Tier, TierScheme
from loyalty.simulation.shapes import Draft, RuleDraft, held_on, said

MOST_DAYS = 3 * 366
MOST_NAME = 80
MOST_MEASURE = 10**12  # as in the form of the tiers


def of(draft: Draft) -> list[Fault]:
    found = _frame_faults(draft)
    base = rulesets.book().programme_on(held_on(draft))
    if base is None:
        return [*found, Fault("as_of", str(_("There is no programme on this day.")))]
    settings = base.settings() | said(draft.programme)
    found += _placed("programme", programmes.faults_of(settings))
    return [*found, *_rules_faults(draft), *_tier_faults(draft)]


def reached(draft: Draft) -> list[Tier]:
    """The tiers of the draft's day that are reached by the measure, the lowest first."""
    scheme = TierScheme.valid_on(held_on(draft))
    tiers = Tier.objects.filter(scheme=scheme, rank__gt=0, is_paid=False).order_by("rank")
    return list(tiers) if scheme else []


def _placed(place: str, faults: list[Fault]) -> list[Fault]:
    return [Fault(f"{place}.{fault.pointer}", fault.detail) for fault in faults]


def _frame_faults(draft: Draft) -> list[Fault]:
    found = []
    if draft.to_on < draft.from_on:
        found.append(Fault("to", str(_("The first day comes before the last."))))
    if (draft.to_on - draft.from_on).days >= MOST_DAYS:
        found.append(Fault("to", str(_("At most three years."))))
    if len(draft.name) > MOST_NAME:
        found.append(Fault("name", str(_("At most %(n)s characters.") % {"n": MOST_NAME})))
    if "\0" in draft.name:
        found.append(Fault("name", str(ProhibitNullCharactersValidator.message)))
    return found


def _rules_faults(draft: Draft) -> list[Fault]:
    known = {rule.code: rule for rule in rulesets.book().versions_on(held_on(draft))}
    times = Counter(one.code for one in draft.rules)
    found = []
    for place, one in enumerate(draft.rules):
        faults = _rule_faults(one, known.get(one.code))
        if times[one.code] > 1:
            faults = [*faults, Fault("code", str(_("Each rule stands here once.")))]
        found += _placed(f"rules[{place}]", faults)
    return found


def _rule_faults(one: RuleDraft, base: EarningRule | None) -> list[Fault]:
    if faults := rules.code_faults(one.code):
        return faults
    if base is None and (one.is_off or one.kind is UNSET):
        return [Fault("code", str(_("There is no such rule on this day.")))]
    if one.is_off:
        return []
    settings: dict[str, Any] = (base or EarningRule(name=one.code)).settings() | said(one)
    if settings["kind"] not in {RuleKind.BASE, RuleKind.MULTIPLIER, RuleKind.BONUS}:
        return [Fault("kind", str(_("base, multiplier or bonus.")))]
    return rules.faults_of(settings)


def _tier_faults(draft: Draft) -> list[Fault]:
    """The ladder as the draft has it rises; what it says is about tiers that are reached."""
    if not draft.tiers:
        return []
    ladder = {tier.code: draft.tiers.get(tier.code, tier.threshold) for tier in reached(draft)}
    words = _("On this day there is no tier of this code that is reached by the measure.")
    found = [Fault(programmes.told(code), str(words)) for code in draft.tiers if code not in ladder]
    last = 0
    for code, least in ladder.items():
        if not 1 <= least <= MOST_MEASURE:
            found.append(Fault(code, programmes.between(1, MOST_MEASURE)))
        elif least <= last:
            found.append(Fault(code, str(_("More than the tier before it needs."))))
        last = least
    return _placed("tiers", found)
