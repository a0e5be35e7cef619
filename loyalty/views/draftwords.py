"""What a draft changes against what is live, in words; and whether it has been published since."""

from collections.abc import Iterator
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from crm.ui import words as ui
from loyalty import programmes
from loyalty.accrual import rulesets
from loyalty.models import EarningRule, Tier
from loyalty.simulation import drafts
from loyalty.simulation.drafts import Draft, RuleDraft
from loyalty.simulation.faults import reached
from loyalty.tiers import schemes
from loyalty.views.earning_words import conditions_of, gives_of
from loyalty.views.programmewords import differences


class Change(NamedTuple):
    """`before` is empty for what is new, `after` for what is left out. `address`: where it is published."""

    what: str
    before: str
    after: str
    address: str
    is_live: bool


def changes(draft: Draft, pk: int) -> list[Change]:
    """Those of the programme, of rules, of tiers; each statement is asked once a kind of thing that is named."""
    return [*_of_programme(draft, pk), *_of_rules(draft, pk), *_of_tiers(draft, pk)]


def rule_in_words(rule: EarningRule) -> str:
    """ "× 2 · Tea · Saturday"."""
    return " · ".join([gives_of(rule), *conditions_of(rule)])


def _of_programme(draft: Draft, pk: int) -> Iterator[Change]:
    base = rulesets.book().programme_on(drafts.held_on(draft))
    said = drafts.said(draft.programme)
    if base is None or not said:
        return
    drawn, latest = drafts.programme_of(draft, base), programmes.latest()
    is_live = latest is not None and all(latest.settings()[name] == value for name, value in said.items())
    address = f"{reverse('loyalty:programme')}?draft={pk}"
    for label, before, after in differences(said, base, drawn):
        yield Change(label, before, after, address, is_live)


def _of_rules(draft: Draft, pk: int) -> Iterator[Change]:
    known = drafts.live_rules(draft)
    latest = {rule.code: rule for rule in EarningRule.objects.order_by("version")} if draft.rules else {}
    for one in draft.rules:
        base, now = known.get(one.code), latest.get(one.code)
        drawn = drafts.rule_of(draft, one.code, base)
        before = rule_in_words(base) if base else ""
        name = drawn.name if drawn else one.code
        if base and drawn and base.name != drawn.name:
            before, name = f"{base.name}: {before}", drawn.name
        after = "" if one.is_off or drawn is None else rule_in_words(drawn)
        yield Change(name, before, after, _rule_address(one, now, pk), _is_published(one, now))


def _rule_address(one: RuleDraft, now: EarningRule | None, pk: int) -> str:
    if now is None:
        return f"{reverse('loyalty:rule-new')}?draft={pk}&rule={one.code}"
    address = reverse("loyalty:rule", args=[one.code])
    return f"{address}#rule-end" if one.is_off else f"{address}?draft={pk}"


def _is_published(one: RuleDraft, now: EarningRule | None) -> bool:
    if one.is_off:
        return now is None or now.is_ended
    if now is None:
        return False
    kept = now.settings()
    return not now.is_ended and all(kept[name] == value for name, value in drafts.said(one).items())


def _of_tiers(draft: Draft, pk: int) -> Iterator[Change]:
    latest = schemes.latest() if draft.tiers else None
    now = dict(Tier.objects.filter(scheme=latest).values_list("code", "threshold")) if latest else {}
    for tier in reached(draft) if draft.tiers else ():
        if (least := draft.tiers.get(tier.code)) is not None:
            what = _("%(tier)s is reached with") % {"tier": tier.name}
            address = f"{reverse('loyalty:tier-scheme')}?draft={pk}"
            yield Change(
                what, ui.number(tier.threshold), ui.number(least), address, now.get(tier.code) == least
            )
