"""Drafts: the rules as they hold on a day, and what is different. As JSON (docs/algorithms/simulation.md):

    {"name": "Dearer points", "from": "2026-01-01", "to": "2026-03-31", "as_of": "2026-04-01",
     "programme": {"money_per_point": "1.5"},
     "rules": [{"code": "weekend", "kind": "multiplier", "percent": 150, "condition": {"weekdays": [5, 6]}},
               {"code": "welcome", "is_off": true}],
     "tiers": {"gold": 4000}}

All but the two days can be left out. What a rule of a known code does not say stays as it is. Without "as_of" each sale
is replayed by the rules of its own day: with nothing else said, these are the live rules.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import msgspec
from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from loyalty.accrual import rulesets
from loyalty.accrual.rules import Rule
from loyalty.accrual.rulesets import RuleSet
from loyalty.models import EarningRule, Programme
from loyalty.simulation import faults as wrong
from loyalty.simulation.faults import MOST_NAME
from loyalty.simulation.shapes import Draft, RuleDraft, Settings, held_on, said

__all__ = [
    "MOST_NAME", "Draft", "DraftBook", "DraftInvalid", "Held", "RuleDraft", "Settings", "book_of", "checked",
    "encoded", "held_on", "live_rules", "of", "programme_of", "read", "rule_of", "said",
]  # fmt: skip


class DraftInvalid(Refusal):
    code = "draft_invalid"


@dataclass(frozen=True)
class DraftBook:
    """The rules of a draft, day by day: what replaying asks of a `rulesets.Book`."""

    begins_on: date | None
    watched: frozenset[str]
    on: Callable[[date], RuleSet | None]


class Held(NamedTuple):
    """The rules of a draft as an example asks for them (`examples.Rules`): the same on each day."""

    draft: Draft

    def versions_on(self, _day: date) -> list[EarningRule]:
        return _rules(self.draft, held_on(self.draft))

    def of_tiers(self, _day: date) -> list[Rule]:
        return rulesets.book().of_tiers(held_on(self.draft))


def read(text: bytes | str) -> Draft:
    """Raises DraftInvalid, which names the place of what cannot be read or cannot be."""
    try:
        draft = msgspec.json.decode(text, type=Draft)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise DraftInvalid(_("This is no draft: %(why)s") % {"why": error}) from error
    return checked(draft)


def encoded(kept: dict[str, Any]) -> bytes:
    """A draft as it is kept, as JSON."""
    return msgspec.json.encode(kept)


def of(one: Any) -> Draft:
    """The draft of a simulation."""
    return msgspec.json.decode(encoded(one.draft), type=Draft)


def live_rules(draft: Draft) -> dict[str, EarningRule]:
    """By code, the rules about receipts that the draft begins with."""
    found = rulesets.book().versions_on(held_on(draft))
    return {rule.code: rule for rule in found if rule.kind in rulesets.KINDS}


def rule_of(draft: Draft, code: str, base: EarningRule | None) -> EarningRule | None:
    """A rule as the draft has it on top of `base`; None where neither knows it."""
    mine = next((one for one in draft.rules if one.code == code and not one.is_off), None)
    if mine is None:
        return base
    fresh = {"name": code, "valid_from": held_on(draft)}
    drawn = EarningRule(**((base.settings() if base else fresh) | said(mine)))
    drawn.code = code
    drawn.version = base.version if base else None  # type: ignore[assignment]  # of none yet
    return drawn


def programme_of(draft: Draft, base: Programme) -> Programme:
    """The settings as the draft has them on top of `base`."""
    drawn = Programme(**(base.settings() | said(draft.programme)))
    drawn.pk = base.pk
    return drawn


def checked(draft: Draft) -> Draft:
    if faults := wrong.of(draft):
        told = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults[:5])
        raise DraftInvalid(_("This draft cannot be replayed. %(why)s") % {"why": told}, faults=tuple(faults))
    return draft


def book_of(draft: Draft) -> DraftBook:
    live = rulesets.book()
    if draft.is_live:
        return DraftBook(live.begins_on, live.watched, live.on)
    made: dict[Any, RuleSet | None] = {}

    def on(day: date) -> RuleSet | None:
        held = draft.as_of or day
        known = live.on(held)
        key = id(known) if known else None
        if key not in made:
            made[key] = _rule_set(draft, held)
        return made[key]

    sets = [found for found in (on(draft.from_on), on(draft.to_on)) if found]
    begins = live.begins_on
    caps = {rule.code for found in sets for rule in found.rules if rule.caps.look_back}
    caps |= {""} if any(found.caps.look_back for found in sets) else set()
    return DraftBook(draft.from_on if draft.as_of else begins, frozenset(caps) | live.watched, on)


def _rule_set(draft: Draft, held: date) -> RuleSet | None:
    live = rulesets.book()
    base = live.programme_on(held)
    if base is None:
        return None
    return rulesets.made(programme_of(draft, base), _rules(draft, held), live.of_tiers(held))


def _rules(draft: Draft, held: date) -> list[EarningRule]:
    """Those that hold on a day, with what the draft says; a rule of the draft has a number of its own, below nothing
    that was ever published."""
    known = {rule.code: rule for rule in rulesets.book().versions_on(held)}
    for place, one in enumerate(draft.rules, start=1):
        base = known.pop(one.code, None)
        if one.is_off:
            continue
        settings = (base or EarningRule(name=one.code, valid_from=held)).settings() | said(one)
        made = EarningRule(code=one.code, **{name: settings[name] for name in EarningRule.SETTINGS})
        made.pk = 10**12 + place
        known[one.code] = made
    return [rule for rule in known.values() if rule.kind in rulesets.KINDS]
