"""A draft while somebody works on it: begun as a copy of what is live, changed piece by piece, then replayed.

A simulation without a job is a draft. Only what differs from the rules of its day is kept, so that a draft goes on
following what it does not touch. Each piece is checked as its own publishing would check it; one that is refused
changes nothing.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec.structs import replace

from crm.audit import trail
from crm.lib.refusals import Fault, Refusal
from loyalty import programmes, rules
from loyalty.accrual import rulesets
from loyalty.models import EarningRule, Programme, Simulation
from loyalty.simulation import drafts, jobs
from loyalty.simulation.drafts import Draft, DraftInvalid, RuleDraft, Settings


class NoDraft(Refusal):
    code = "no_draft"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("This draft has been replayed: copy it to change it."))


def begin(*, by: Any, today: date) -> Simulation:
    """A copy of what is live, over the last whole month and this one. Raises DraftInvalid without a programme."""
    first = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    return _made(drafts.checked(Draft(from_on=first, to_on=today - timedelta(days=1), as_of=today)), by)


def copy(one: Simulation, *, by: Any) -> Simulation:
    """The same draft again, to be changed."""
    return _made(drafts.of(one), by)


def set_frame(one: Simulation, *, by: Any, **told: Any) -> Draft:
    """`name`, `from_on`, `to_on`, `as_of` and `tiers`. Raises DraftInvalid, NoDraft."""
    return _change(one, by, lambda draft: drafts.checked(replace(draft, **told)))


def set_programme(one: Simulation, *, by: Any, **settings: Any) -> Draft:
    """What of the settings differs from the programme of the draft's day. Raises DraftInvalid, NoDraft."""

    def change(draft: Draft) -> Draft:
        before = _programme(draft).settings()
        if faults := programmes.faults_of(before | settings):
            raise DraftInvalid(_("The programme cannot be kept like this."), faults=tuple(faults))
        if _goods(before["excluded"]) == _goods(settings["excluded"]):
            before["excluded"] = settings["excluded"]
        return replace(draft, programme=Settings(**_differing(before, settings, Settings)))

    return _change(one, by, change)


def set_rule(one: Simulation, code: str, *, by: Any, **settings: Any) -> Draft:
    """What differs from the rule of this code, live or new. Raises DraftInvalid, NoDraft."""

    def change(draft: Draft) -> Draft:
        base = drafts.live_rules(draft).get(code)
        told = _told(base, settings)
        return _with_rule(draft, code, RuleDraft(code=code, **told) if told else None)

    return _change(one, by, change)


def add_rule(one: Simulation, *, by: Any, **settings: Any) -> Draft:
    """A new rule under a code of its own. One that says the same is there already: the form was sent twice.

    Raises DraftInvalid, NoDraft.
    """

    def change(draft: Draft) -> Draft:
        told, live = _told(None, settings), drafts.live_rules(draft)
        if any(drafts.said(rule) == told for rule in draft.rules if rule.code not in live):
            return draft
        code = rules.new_code(settings["name"], [rule.code for rule in draft.rules])
        return _with_rule(draft, code, RuleDraft(code=code, **told))

    return _change(one, by, change)


def drop_rule(one: Simulation, code: str, *, by: Any) -> Draft:
    """Leave a live rule out; forget a new one."""

    def change(draft: Draft) -> Draft:
        is_live = code in drafts.live_rules(draft)
        return _with_rule(draft, code, RuleDraft(code=code, is_off=True) if is_live else None)

    return _change(one, by, change)


def restore_rule(one: Simulation, code: str, *, by: Any) -> Draft:
    """The rule as it is live."""
    return _change(one, by, lambda draft: _with_rule(draft, code, None))


def restore_programme(one: Simulation, *, by: Any) -> Draft:
    return _change(one, by, lambda draft: replace(draft, programme=Settings()))


def start(one: Simulation, *, by: Any) -> Simulation:
    """Have it replayed. Raises DraftInvalid, NoDraft."""
    with transaction.atomic():
        held = _locked(one)
        drafts.checked(drafts.of(held))
        return jobs.enqueue(held, by=by)


def drop(one: Simulation, *, by: Any) -> None:
    """Throw a draft away. Raises NoDraft."""
    with transaction.atomic():
        held = _locked(one)
        trail.record("simulation.drop", held, by=by)
        held.delete()


def _made(draft: Draft, by: Any) -> Simulation:
    with transaction.atomic():
        made = jobs.kept(draft, by=by)
        trail.record("simulation.draft", made, by=by)
    return made


def _change(one: Simulation, by: Any, change: Callable[[Draft], Draft]) -> Draft:
    with transaction.atomic():
        held = _locked(one)
        before = drafts.of(held)
        draft = change(before)
        if draft != before:
            was, held.draft = held.draft, draft.as_json()
            held.name, held.from_on, held.to_on = draft.name, draft.from_on, draft.to_on
            held.save(update_fields=["draft", "name", "from_on", "to_on"])
            trail.record("simulation.edit", held, by=by, changes={"draft": (was, held.draft)})
    return draft


def _locked(one: Simulation) -> Simulation:
    """Nobody else changes or replays it meanwhile. Raises NoDraft."""
    held = Simulation.objects.select_for_update().get(pk=one.pk)
    if not held.is_draft:
        raise NoDraft
    return held


def _programme(draft: Draft) -> Programme:
    """Raises DraftInvalid."""
    if (found := rulesets.book().programme_on(drafts.held_on(draft))) is None:
        words = _("There is no programme on this day.")
        raise DraftInvalid(words, faults=(Fault("as_of", words),))
    return found


def _told(base: EarningRule | None, settings: dict[str, Any]) -> dict[str, Any]:
    """What a rule of the draft says on top of a live one, or alone. Raises DraftInvalid."""
    if faults := rules.faults_of({**(base or EarningRule()).settings(), **settings}):
        raise DraftInvalid(_("The rule cannot be published like this."), faults=tuple(faults))
    return _differing(base.settings() if base else {}, settings, RuleDraft)


def _with_rule(draft: Draft, code: str, made: RuleDraft | None) -> Draft:
    """In its place among the others."""
    if made is None:
        return replace(draft, rules=[rule for rule in draft.rules if rule.code != code])
    if any(rule.code == code for rule in draft.rules):
        return replace(draft, rules=[made if rule.code == code else rule for rule in draft.rules])
    return replace(draft, rules=[*draft.rules, made])


def _goods(excluded: dict[str, list[str]]) -> dict[str, set[str]]:
    """In which order they stand, and whether none is said, makes no difference."""
    return {kind: set(codes) for kind, codes in excluded.items() if codes}


def _differing(before: dict[str, Any], settings: dict[str, Any], kind: type) -> dict[str, Any]:
    """What a draft says: fields that it knows, of another value than they have."""
    known = set(kind.__struct_fields__) - {"code", "is_off"}  # type: ignore[attr-defined]
    none = object()
    return {
        name: value for name, value in settings.items() if name in known and before.get(name, none) != value
    }
