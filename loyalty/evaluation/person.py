"""Who pays for a basket, as rules see them: a few small statements, all by the customer."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from crm.lib import prepared
from loyalty import accounts
from loyalty.accrual import firsts
from loyalty.evaluation.asking import Asked
from loyalty.families import roster
from loyalty.models import BenefitKind, Unit
from loyalty.tiers import EARLY, tier_at


@dataclass(frozen=True)
class Person:
    """`tier` as it stands at the moment; `discount` is what it takes off, in percent, and so
    many days `early` windows open to them. Without a customer a stranger.

    `spendable` are the own points; `together` what there is with the family, which pays rewards where they are too few.
    """

    customer_id: int | None = None
    birthday: date | None = None
    is_first: bool = True
    spendable: int = 0
    together: int = 0
    tiers: dict[int, str] = field(default_factory=dict)
    discount: Decimal = Decimal(0)
    early: int = 0

    @property
    def tier(self) -> str:
        return self.tiers.get(self.customer_id or 0, "")


def of(asked: Asked, others: set[int]) -> Person:
    """`others`: who holds coupons that a stranger shows; their tiers are told too."""
    who = asked.customer_id
    tiers = tier_at(sorted(others | ({who} if who else set())), asked.at)
    if who is None:
        return Person(tiers=tiers)
    found = prepared.row(_FACTS, {"customer": who, "on": asked.on, "at": asked.at, "tier": tiers[who]})
    assert found is not None
    birthday, is_first, discount, early = found
    spendable = accounts.of(who, asked.at)[Unit.POINTS].spendable
    together = roster.together(who, spendable, asked.at)
    return Person(who, birthday, is_first, spendable, together, tiers, discount or Decimal(0), early)


_EARLIER = """e.business_date <= %(on)s::date
    AND (e.business_date, e.occurred_at) <= (%(on)s::date, %(at)s::timestamptz)"""
# Whether it is their first purchase: as `accrual.reading` sees a receipt of that moment that comes last. And what the
# tier takes off, by the version that is valid on the day (`tiers.benefits_on`, of one tier).
_FACTS = f"""
SELECT c.birthday, {firsts.is_first("c.id", _EARLIER, "%(at)s::timestamptz")}, (
    SELECT b.value FROM loyalty_benefit b JOIN loyalty_tier t ON t.id = b.tier_id
    WHERE b.kind = {BenefitKind.DISCOUNT.value} AND t.code = %(tier)s AND t.scheme_id = (
        SELECT s.id FROM loyalty_tierscheme s WHERE s.valid_from <= %(on)s::date
        ORDER BY s.valid_from DESC, s.id DESC LIMIT 1
    )
), {EARLY}
FROM customers_customer c WHERE c.id = %(customer)s
"""  # noqa: S608  a number
