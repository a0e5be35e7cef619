"""A tier's multiplier as a rule: what the scheme of tiers that is valid on a day multiplies points by.

Such a rule has the number of its benefit, below zero: so that a receipt's arithmetic can name it for ever.
"""

from bisect import bisect_right
from datetime import date

from loyalty.accrual.conditions import Condition
from loyalty.accrual.rules import Caps, Rule
from loyalty.models import Benefit, BenefitKind, RuleKind, TierScheme


class TierRules:
    """The rules of every version of the ladder."""

    def __init__(self, newest: int) -> None:
        schemes = TierScheme.objects.filter(pk__lte=newest).order_by("pk").values_list("valid_from", "pk")
        self._by_day = dict(schemes)  # of one day the last one made
        self._starts = sorted(self._by_day)
        self._rules: dict[int, list[Rule]] = {}
        multipliers = Benefit.objects.filter(
            kind=BenefitKind.MULTIPLIER, value__gt=1, tier__scheme__lte=newest
        )
        for one in multipliers.select_related("tier").order_by("pk"):
            self._rules.setdefault(one.tier.scheme_id, []).append(_rule(one))

    def on(self, day: date) -> list[Rule]:
        at = bisect_right(self._starts, day)
        return self._rules.get(self._by_day[self._starts[at - 1]], []) if at else []

    def codes(self) -> dict[int, str]:
        return {rule.id: rule.code for rules in self._rules.values() for rule in rules}


def _rule(benefit: Benefit) -> Rule:
    tier = benefit.tier.code
    return Rule(
        id=-benefit.pk, code=f"tier:{tier}", kind=RuleKind.MULTIPLIER, percent=int(benefit.value * 100), points=0,
        condition=Condition(tiers=(tier,)), is_exclusive=False, caps=Caps(),
    )  # fmt: skip
