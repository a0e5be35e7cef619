"""Which rules hold on which day: all versions that there are, read once and kept until a new one comes."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.conf import settings

from crm.lib import prepared
from loyalty.accrual.conditions import is_below, read
from loyalty.accrual.rules import Caps, Rule
from loyalty.accrual.tierrules import TierRules
from loyalty.ledger.refusals import MOST
from loyalty.models import EarningRule, Programme, RuleKind

KINDS = (RuleKind.BASE, RuleKind.MULTIPLIER, RuleKind.BONUS)  # in the order in which they are counted
RATE = 10_000  # Programme.money_per_point has four places


@dataclass(frozen=True)
class RuleSet:
    """What holds on a day."""

    programme: Programme
    rate: int  # ten-thousandths of the currency for a point: points = cents × percent / rate
    caps: Caps
    rules: tuple[Rule, ...]
    excluded_categories: tuple[str, ...]
    excluded_products: frozenset[str]

    @property
    def looks_back(self) -> bool:
        return self.caps.look_back or any(rule.caps.look_back for rule in self.rules)

    @property
    def asks_tiers(self) -> bool:
        return any(rule.condition.tiers for rule in self.rules)

    def excludes(self, path: str, sku: str) -> int:
        """Why goods earn nothing: 0 they do earn, 1 by their category, 2 by their product."""
        if self.excluded_categories and is_below(path, self.excluded_categories):
            return 1
        return 2 if sku in self.excluded_products else 0


class Book:
    """All versions of programme and rules."""

    def __init__(self, programmes: list[Programme], rules: list[EarningRule], tiers: TierRules) -> None:
        self._tiers = tiers
        newest = {one.valid_from: one for one in programmes}  # of one day the last one made
        self._starts = sorted(newest)
        self._programmes = [newest[start] for start in self._starts]
        self._by_code: dict[str, list[EarningRule]] = {}
        for rule in rules:
            self._by_code.setdefault(rule.code, []).append(rule)
        self.versions = {rule.pk: rule for rule in rules}
        self._codes = {rule.pk: rule.code for rule in rules} | tiers.codes()
        self._made: dict[tuple[int, ...], RuleSet] = {}
        self._on: dict[date, RuleSet | None] = {}

    @property
    def begins_on(self) -> date | None:
        return self._starts[0] if self._starts else None

    @property
    def watched(self) -> frozenset[str]:
        """Codes of the rules of which, in any version, a cap looks back; "" for the programme's."""
        rules = [rule for versions in self._by_code.values() for rule in versions]
        found = {rule.code for rule in rules if rule.cap_day is not None or rule.cap_month is not None}
        looks = any(one.cap_day is not None or one.cap_month is not None for one in self._programmes)
        return frozenset(found | ({""} if looks else set()))

    def code_of(self, rule_id: int) -> str:
        return self._codes[rule_id]

    def on(self, day: date) -> RuleSet | None:
        """None: there is no programme yet."""
        if day not in self._on:
            self._on[day] = self._rule_set(day)
        return self._on[day]

    def versions_on(self, day: date) -> list[EarningRule]:
        """The rules that hold on a day, actions too, in the order of their codes."""
        found = (_holding(versions, day) for _code, versions in sorted(self._by_code.items()))
        return [rule for rule in found if rule is not None]

    def programme_on(self, day: date) -> Programme | None:
        at = bisect_right(self._starts, day)
        return self._programmes[at - 1] if at else None

    def of_tiers(self, day: date) -> list[Rule]:
        """The multipliers of the tiers."""
        return self._tiers.on(day)

    def _rule_set(self, day: date) -> RuleSet | None:
        programme = self.programme_on(day)
        if programme is None:
            return None
        rules = [rule for rule in self.versions_on(day) if rule.kind in KINDS]
        of_tiers = self.of_tiers(day)
        key = (programme.pk, *(rule.pk for rule in rules), *(rule.id for rule in of_tiers))
        if key not in self._made:
            self._made[key] = made(programme, rules, of_tiers)
        return self._made[key]


def made(programme: Programme, rules: list[EarningRule], of_tiers: Sequence[Rule] = ()) -> RuleSet:
    """A rule set of these versions, drafts among them."""
    ordered = [*map(_rule, rules), *of_tiers]
    ordered.sort(key=lambda rule: (KINDS.index(RuleKind(rule.kind)), rule.code))
    return RuleSet(
        programme=programme,
        rate=int(programme.money_per_point * RATE),
        caps=Caps(
            MOST if programme.cap_receipt is None else programme.cap_receipt,
            programme.cap_day,
            programme.cap_month,
        ),
        rules=tuple(ordered),
        excluded_categories=tuple(programme.excluded.get("categories", ())),
        excluded_products=frozenset(programme.excluded.get("products", ())),
    )


def book() -> Book:
    """The book as it is now: one small question, unless a version came."""
    found = prepared.row(_NEWEST)
    assert found is not None
    return _book(str(settings.DATABASES["default"]["NAME"]), *found)


@lru_cache(maxsize=4)
def _book(_database: str, programme: int | None, rule: int | None, tiers: int | None) -> Book:
    """Versions are only added, so the newest numbers name a state of the book."""
    return Book(
        list(Programme.objects.filter(pk__lte=programme or 0).order_by("pk")),
        list(EarningRule.objects.filter(pk__lte=rule or 0).order_by("version")),
        TierRules(tiers or 0),
    )


def _holding(versions: list[EarningRule], day: date) -> EarningRule | None:
    begun = [rule for rule in versions if rule.valid_from <= day]
    newest = max(begun, key=lambda rule: (rule.valid_from, rule.version), default=None)
    if newest is None or newest.is_ended or (newest.valid_to and newest.valid_to < day):
        return None
    return newest


def _rule(rule: EarningRule) -> Rule:
    return Rule(
        id=rule.pk or 0,
        code=rule.code,
        kind=rule.kind,
        percent=rule.percent or 0,
        points=rule.points or 0,
        condition=read(rule.condition),
        is_exclusive=rule.is_exclusive,
        caps=Caps(rule.cap_receipt, rule.cap_day, rule.cap_month),
    )


_NEWEST = """
SELECT (SELECT max(id) FROM loyalty_programme), (SELECT max(id) FROM loyalty_earningrule),
    (SELECT max(id) FROM loyalty_tierscheme)
"""
