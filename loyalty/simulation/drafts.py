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
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from django.utils.translation import gettext as _
from msgspec import UNSET, Struct, UnsetType

from crm.lib.refusals import Fault, Refusal
from loyalty import programmes, rules
from loyalty.accrual import rulesets
from loyalty.accrual.rules import Rule
from loyalty.accrual.rulesets import RuleSet
from loyalty.models import EarningRule, Programme, RuleKind

MOST_DAYS = 3 * 366
MOST_NAME = 80


class DraftInvalid(Refusal):
    code = "draft_invalid"


class Settings(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What of the programme is different: see `Programme`."""

    money_per_point: Decimal | UnsetType = UNSET
    rounding: str | UnsetType = UNSET
    ending: str | UnsetType = UNSET
    ending_count: int | UnsetType = UNSET
    excluded: dict[str, list[str]] | UnsetType = UNSET
    excludes_discounted: bool | UnsetType = UNSET
    cap_receipt: int | UnsetType | None = UNSET
    cap_day: int | UnsetType | None = UNSET
    cap_month: int | UnsetType | None = UNSET
    point_worth: Decimal | UnsetType | None = UNSET


class RuleDraft(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A rule that is new, or what of a known one is different: see `EarningRule`."""

    code: str
    is_off: bool = False
    name: str | UnsetType = UNSET
    kind: str | UnsetType = UNSET
    percent: int | UnsetType | None = UNSET
    points: int | UnsetType | None = UNSET
    condition: dict[str, Any] | UnsetType = UNSET
    is_exclusive: bool | UnsetType = UNSET
    cap_receipt: int | UnsetType | None = UNSET
    cap_day: int | UnsetType | None = UNSET
    cap_month: int | UnsetType | None = UNSET


class Draft(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`tiers`: by code, with how much of the measure a tier is reached."""

    from_on: date = msgspec.field(name="from")
    to_on: date = msgspec.field(name="to")
    name: str = ""
    as_of: date | None = None
    programme: Settings = msgspec.field(default_factory=Settings)
    rules: list[RuleDraft] = msgspec.field(default_factory=list)
    tiers: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def is_live(self) -> bool:
        """Whether it says nothing else than the live rules do."""
        return self.as_of is None and not (said(self.programme) or self.rules or self.tiers)

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


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
    except msgspec.DecodeError as error:
        raise DraftInvalid(_("This is no draft: %(why)s") % {"why": error}) from error
    return checked(draft)


def encoded(kept: dict[str, Any]) -> bytes:
    """A draft as it is kept, as JSON."""
    return msgspec.json.encode(kept)


def of(one: Any) -> Draft:
    """The draft of a simulation."""
    return msgspec.json.decode(encoded(one.draft), type=Draft)


def held_on(draft: Draft) -> date:
    """The day whose rules the draft begins with."""
    return draft.as_of or draft.to_on


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
    faults = _faults(draft)
    if faults:
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


def said(one: Struct) -> dict[str, Any]:
    """What a part of a draft says, by field."""
    values = {name: getattr(one, name) for name in one.__struct_fields__ if name not in {"code", "is_off"}}
    return {name: value for name, value in values.items() if value is not UNSET}


def _faults(draft: Draft) -> list[Fault]:
    found = _day_faults(draft)
    held = held_on(draft)
    base = rulesets.book().programme_on(held)
    if base is None:
        return [*found, Fault("as_of", str(_("There is no programme on this day.")))]
    found += [
        Fault(f"programme.{fault.pointer}", fault.detail)
        for fault in programmes.faults_of(base.settings() | said(draft.programme))
    ]
    known = {rule.code: rule for rule in rulesets.book().versions_on(held)}
    for place, one in enumerate(draft.rules):
        found += [
            Fault(f"rules[{place}].{fault.pointer}", fault.detail)
            for fault in _rule_faults(one, known.get(one.code))
        ]
    wrong = [code for code, least in draft.tiers.items() if least < 1]
    return found + [Fault(f"tiers.{code}", str(_("More than nothing."))) for code in wrong]


def _day_faults(draft: Draft) -> list[Fault]:
    found = []
    if draft.to_on < draft.from_on:
        found.append(Fault("to", str(_("The first day comes before the last."))))
    if (draft.to_on - draft.from_on).days >= MOST_DAYS:
        found.append(Fault("to", str(_("At most three years."))))
    if len(draft.name) > MOST_NAME:
        found.append(Fault("name", str(_("At most %(n)s characters.") % {"n": MOST_NAME})))
    return found


def _rule_faults(one: RuleDraft, base: EarningRule | None) -> list[Fault]:
    if base is None and (one.is_off or one.kind is UNSET):
        return [Fault("code", str(_("There is no such rule on this day.")))]
    if one.is_off:
        return []
    settings = (base or EarningRule(name=one.code)).settings() | said(one)
    if settings["kind"] not in {RuleKind.BASE, RuleKind.MULTIPLIER, RuleKind.BONUS}:
        return [Fault("kind", str(_("base, multiplier or bonus.")))]
    return rules.faults_of(settings)
