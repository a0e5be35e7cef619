"""How often and for how much a coupon may be used, and together with what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from loyalty.coupons.refusals import BudgetSpent, CouponRefused, LimitReached, NotCombinable
from loyalty.coupons.rules import Rules
from loyalty.models import CouponTally, CouponUse


@dataclass(frozen=True)
class Asked:
    """A use that somebody asks for. `before`: what it has reserved already, if it has."""

    source: str
    on: date
    amount: Decimal
    before: Decimal | None


@dataclass(frozen=True)
class Counts:
    """What has been used: by the customer, by them on the day, by everybody with what that cost; and the most of it."""

    customer: int
    day: int
    used: int
    uses_most: int | None
    spent: Decimal
    spent_most: Decimal | None


def passed(rules: Rules, counts: Counts, amount: Decimal) -> CouponRefused | None:
    """Which limit one more use of this amount would pass; None: none."""
    if rules.per_customer is not None and counts.customer >= rules.per_customer:
        return LimitReached("customer", rules.per_customer)
    if rules.per_day is not None and counts.day >= rules.per_day:
        return LimitReached("day", rules.per_day)
    if counts.uses_most is not None and counts.used >= counts.uses_most:
        return LimitReached("total", counts.uses_most)
    if counts.spent_most is not None and counts.spent + amount > counts.spent_most:
        return BudgetSpent()
    return None


def check_limits(rules: Rules, tally: CouponTally, others: Sequence[CouponUse], asked: Asked) -> None:
    """`others`: the customer's other uses of this definition, and those of the same checkout.

    Raises LimitReached, BudgetSpent, NotCombinable.
    """
    live = [one for one in others if one.released_at is None and one.reversed_at is None]
    same = [one for one in live if one.definition_id == tally.pk]
    counts = Counts(
        len(same), sum(one.used_on == asked.on for one in same),
        tally.reserved + tally.redeemed - (asked.before is not None), tally.uses_most,
        tally.spent + tally.promised - (asked.before or 0), tally.spent_most,
    )  # fmt: skip
    if refused := passed(rules, counts, asked.amount):
        raise refused
    for one in live:
        if one.source == asked.source and rules.stacking and one.terms.stacking == rules.stacking:
            raise NotCombinable(one.definition.name)
