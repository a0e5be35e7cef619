"""How often and for how much a coupon may be used, and together with what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from loyalty.coupons.refusals import BudgetSpent, LimitReached, NotCombinable
from loyalty.coupons.rules import Rules
from loyalty.models import CouponTally, CouponUse


@dataclass(frozen=True)
class Asked:
    """A use that somebody asks for. `before`: what it has reserved already, if it has."""

    source: str
    on: date
    amount: Decimal
    before: Decimal | None


def check_limits(rules: Rules, tally: CouponTally, others: Sequence[CouponUse], asked: Asked) -> None:
    """`others`: the customer's other uses of this definition, and those of the same checkout.

    Raises LimitReached, BudgetSpent, NotCombinable.
    """
    live = [one for one in others if one.released_at is None and one.reversed_at is None]
    same = [one for one in live if one.definition_id == tally.pk]
    if rules.per_customer is not None and len(same) >= rules.per_customer:
        raise LimitReached("customer", rules.per_customer)
    if rules.per_day is not None and sum(one.used_on == asked.on for one in same) >= rules.per_day:
        raise LimitReached("day", rules.per_day)
    used = tally.reserved + tally.redeemed - (asked.before is not None)
    if tally.uses_most is not None and used >= tally.uses_most:
        raise LimitReached("total", tally.uses_most)
    if (
        tally.spent_most is not None
        and tally.spent + tally.promised - (asked.before or 0) + asked.amount > tally.spent_most
    ):
        raise BudgetSpent
    for one in live:
        if one.source == asked.source and rules.stacking and one.terms.stacking == rules.stacking:
            raise NotCombinable(one.definition.name)
