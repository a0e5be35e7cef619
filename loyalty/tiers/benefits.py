"""What tiers give, as data: others ask here and honour it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from crm.lib import prepared
from loyalty.models import Benefit, BenefitKind, TierScheme
from loyalty.tiers.reading import TIER_THEN, TODAY


@dataclass(frozen=True)
class Benefits:
    """The benefits of every tier of one version."""

    by_tier: Mapping[str, Mapping[BenefitKind, Decimal]] = field(default_factory=dict)

    def value(self, tier: str, kind: BenefitKind) -> Decimal | None:
        """None: the tier does not give that."""
        return self.by_tier.get(tier, {}).get(kind)

    def multiplier(self, tier: str) -> Decimal:
        """By how much points are multiplied; 1 where nothing is said."""
        return self.value(tier, BenefitKind.MULTIPLIER) or Decimal(1)

    def discount(self, tier: str) -> Decimal:
        """In percent of the price; 0 where nothing is said."""
        return self.value(tier, BenefitKind.DISCOUNT) or Decimal(0)


def benefits_on(on: date) -> Benefits:
    """Of the version that is valid on a business date. Two statements, however many tiers."""
    scheme = TierScheme.valid_on(on)
    if scheme is None:
        return Benefits()
    found: dict[str, dict[BenefitKind, Decimal]] = {}
    for code, kind, value in Benefit.objects.filter(tier__scheme=scheme).values_list(
        "tier__code", "kind", "value"
    ):
        found.setdefault(code, {})[BenefitKind(kind)] = value
    return Benefits(found)


def early_days(customer_id: int, at: datetime) -> int:
    """How many days before others windows open to a member, by the tier they have at a moment. One statement."""
    found = prepared.row(f"SELECT {EARLY}", {"customer": customer_id, "at": at})
    return int(found[0]) if found else 0


def of_their_tier(kind: BenefitKind, further: str = "") -> str:
    """As SQL: the whole number that a member's tier gives, 0 for nothing. For statements with %(customer)s, %(at)s."""
    stands = TIER_THEN.format(customer="%(customer)s", at="%(at)s")
    return f"""coalesce((
    SELECT floor(b.value)::int FROM loyalty_benefit b
    JOIN loyalty_tier t ON t.id = b.tier_id JOIN loyalty_tierscheme s ON s.id = t.scheme_id,
        (SELECT {stands} AS code) stands
    WHERE b.kind = {kind.value} AND (t.code = stands.code OR (stands.code IS NULL AND t.rank = 0)) {further}
        AND s.id = (
            SELECT v.id FROM loyalty_tierscheme v WHERE v.valid_from <= {TODAY}
            ORDER BY v.valid_from DESC, v.id DESC LIMIT 1
        )
), 0)"""  # noqa: S608  numbers of kinds


EARLY = of_their_tier(BenefitKind.EARLY_ACCESS)
