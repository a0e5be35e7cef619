"""A rule in words: what it gives, and under which conditions."""

from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.org.models import Region, Store
from crm.ui import words as ui
from customers.models import Brand, Category, Channel
from loyalty.accrual import conditions, facts, words
from loyalty.models import EarningRule, Ending, Programme, RuleKind


def gives_of(rule: EarningRule) -> str:
    """ "× 2", "50% of the rate", "100 points"."""
    if rule.is_ended:
        return _("ended")
    if rule.kind == RuleKind.MULTIPLIER:
        return f"× {words.factor(rule.percent)}"
    if rule.kind == RuleKind.BASE:
        return _("%(percent)s%% of the rate") % {"percent": rule.percent}
    return ngettext("%(n)s point", "%(n)s points", rule.points or 0) % {"n": ui.number(rule.points)}


def conditions_of(rule: EarningRule) -> list[str]:
    """One phrase a condition; none: always. Costs a statement for each kind of thing that is named."""
    asked = conditions.read(rule.condition)
    found = [rule.get_action_display()] if rule.action else []
    found += _goods(asked) + _places(asked) + _times(asked)
    if asked.tiers:
        known = {code: str(name) for code, name in facts.tier_choices()}
        found.append(", ".join(known.get(code, code) for code in asked.tiers))
    if asked.is_first:
        found.append(_("first purchase"))
    if asked.minimum_cents:
        found.append(_("from %(money)s on") % {"money": words.cents(asked.minimum_cents)})
    return found + _limits(rule)


def ends_of(programme: Programme) -> str:
    """When points end."""
    n, ending = programme.ending_count, programme.ending
    if ending == Ending.NEVER:
        return _("never")
    if ending == Ending.MONTHS:
        return ngettext("%(n)s month after they were earned", "%(n)s months after they were earned", n) % {
            "n": n
        }
    if ending == Ending.ACTIVITY:
        return ngettext("%(n)s month after the last purchase", "%(n)s months after the last purchase", n) % {
            "n": n
        }
    if ending == Ending.MONTH_END:
        return _in_turn(
            n, _("with the month"), _("with the next month"), _("with the month, %(n)s months on")
        )
    return _in_turn(n, _("with the year"), _("with the next year"), _("with the year, %(n)s years on"))


def _in_turn(n: int, this: str, following: str, later: str) -> str:
    return (this, following)[n] if n < 2 else later % {"n": n}


def _goods(asked: conditions.Condition) -> list[str]:
    found = []
    if asked.categories:
        found.append(_names(Category.objects.filter(path__in=asked.categories)))
    if asked.brands:
        found.append(_names(Brand.objects.filter(pk__in=asked.brands)))
    if asked.products:
        found.append(", ".join(asked.products))
    return found


def _places(asked: conditions.Condition) -> list[str]:
    found = []
    if asked.stores:
        found.append(_names(Store.objects.filter(pk__in=asked.stores)))
    if asked.regions:
        found.append(_names(Region.objects.filter(pk__in=asked.regions)))
    if asked.channels:
        found.append(", ".join(str(Channel(one).label) for one in asked.channels))
    return found


def _times(asked: conditions.Condition) -> list[str]:
    found = []
    if asked.weekdays:
        found.append(", ".join(str(WEEKDAYS[one]) for one in asked.weekdays))
    if asked.hours:
        found.append(_("%(from)s to %(to)s o’clock") % {"from": asked.hours[0], "to": asked.hours[1]})
    if asked.dates:
        found.append(f"{ui.day(asked.dates[0])} – {ui.day(asked.dates[1])}")
    if asked.birthday_days is not None:
        n = asked.birthday_days
        found.append(
            ngettext("within %(n)s day of the birthday", "within %(n)s days of the birthday", n) % {"n": n}
        )
    return found


def _limits(rule: EarningRule) -> list[str]:
    caps = (
        (rule.cap_receipt, _("at most %(n)s a receipt")), (rule.cap_day, _("at most %(n)s a day")),
        (rule.cap_month, _("at most %(n)s a month")),
    )  # fmt: skip
    found = [words_ % {"n": ui.number(cap)} for cap, words_ in caps if cap is not None]
    return found + ([_("once for each member")] if rule.once else [])


def _names(rows: Any) -> str:
    return ", ".join(rows.order_by("name").values_list("name", flat=True)[:6])
