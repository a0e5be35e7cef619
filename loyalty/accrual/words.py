"""The arithmetic of a receipt in words, in the reader's language: one sentence a row, and its points."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from django.utils.translation import gettext as _

from crm.org.models import Chain
from crm.ui import words
from loyalty.accrual.arithmetic import DISCOUNTED, PROGRAMME, Row
from loyalty.accrual.rules import Rule
from loyalty.models import Benefit, EarningRule, Programme, RuleKind


class Told(NamedTuple):
    """`points` is None where there is nothing to add."""

    sentence: str
    points: int | None
    note: str = ""


class Named(NamedTuple):
    """What the words need of a rule's version."""

    name: str
    kind: str
    percent: int


def told(
    rows: Iterable[Row], excluded: Iterable[tuple[int, int]], programme: Programme, rules: Mapping[int, Named],
    currency: str,
) -> list[Told]:  # fmt: skip
    """`rules`: the versions that the rows name."""
    found = [_row(row, programme, rules.get(row.rule), currency) for row in rows]
    return found + [Told(_left_out(why, _money(cents, currency)), None) for why, cents in excluded]


def _row(row: Row, programme: Programme, rule: Named | None, currency: str) -> Told:
    money = _money(row.cents, currency)
    if row.rule == PROGRAMME or rule is None:
        sentence = _("%(money)s, a point for each %(rate)s") % {
            "money": money,
            "rate": rate(programme, currency),
        }
    elif rule.kind == RuleKind.BASE:
        sentence = _("%(name)s: %(money)s at %(percent)s%% of the rate") % {
            "name": rule.name, "money": money, "percent": rule.percent,
        }  # fmt: skip
    elif rule.kind == RuleKind.MULTIPLIER:
        sentence = _("%(name)s: × %(factor)s on %(money)s") % {
            "name": rule.name, "money": money, "factor": factor(rule.percent),
        }  # fmt: skip
    else:
        sentence = rule.name
    return Told(sentence, row.points, _cut(row))


def _cut(row: Row) -> str:
    if row.points == row.before:
        return ""
    return _("%(n)s before the limit") % {"n": words.number(row.before)}


def _left_out(why: int, money: str) -> str:
    if why == DISCOUNTED:
        return _("%(money)s earn nothing: already discounted") % {"money": money}
    if why == 1:
        return _("%(money)s earn nothing: goods of an excluded category") % {"money": money}
    return _("%(money)s earn nothing: excluded products") % {"money": money}


def rate(programme: Programme, currency: str) -> str:
    """What a point costs, with as many places as it has."""
    exact = programme.money_per_point.normalize()
    places = -int(exact.as_tuple().exponent)
    return words.money(exact, currency, max(2, places) if places > 0 else 0)


def factor(percent: int | None) -> str:
    """A percent as a factor: 200 is 2, 150 is 1.5."""
    return words.number(Decimal(percent or 0) / 100, 2).rstrip("0").rstrip(".,")


def cents(amount: int) -> str:
    """An amount of the chain's money."""
    return _money(amount, currency())


def currency() -> str:
    return Chain.current().currency


def day(on: date) -> str:
    return words.day(on)


def _money(cents: int, currency: str) -> str:
    return words.money(Decimal(cents) / 100, currency)


def names(rows: Iterable[Row], known: Mapping[int, EarningRule] = MappingProxyType({})) -> dict[int, Named]:
    """The versions that these rows name: a statement for those not `known`, and another where a tier multiplied."""
    ids = {row.rule for row in rows if row.rule != PROGRAMME}
    asked = {one for one in ids if one > 0 and one not in known}
    rules = [
        *(EarningRule.objects.filter(pk__in=asked) if asked else ()),
        *(known[one] for one in ids & known.keys()),
    ]
    found = {rule.pk: Named(rule.name, rule.kind, rule.percent or 0) for rule in rules}
    benefits = {-one for one in ids if one < 0}
    return found | (_of_benefits(benefits) if benefits else {})


def names_of_tiers(rules: Iterable[Rule]) -> dict[int, Named]:
    ids = {-rule.id for rule in rules}
    return _of_benefits(ids) if ids else {}


def _of_benefits(ids: set[int]) -> dict[int, Named]:
    benefits = Benefit.objects.filter(pk__in=ids).select_related("tier")
    return {-one.pk: Named(one.tier.name, RuleKind.MULTIPLIER, int(one.value * 100)) for one in benefits}
