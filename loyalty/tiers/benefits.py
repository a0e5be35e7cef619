"""What tiers give, as data: others ask here and honour it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from loyalty.models import Benefit, BenefitKind, TierScheme


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
