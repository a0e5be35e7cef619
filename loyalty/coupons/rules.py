"""The terms of a coupon as plain values, so that a basket is held against them without a query."""

from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from loyalty.models import CouponKind, CouponTerms

NOTHING: frozenset[Any] = frozenset()


@dataclass(frozen=True)
class Rules:
    """What `CouponTerms` says, money in cents. See there."""

    kind: int
    amount: int | None = None
    share_bp: int | None = None
    most: int | None = None
    gift_id: int | None = None
    buy: int | None = None
    get: int | None = None
    from_on: date | None = None
    to_on: date | None = None
    days: int | None = None
    minimum: int = 0
    issued_from: int | None = None
    only_categories: frozenset[int] = NOTHING
    only_brands: frozenset[int] = NOTHING
    only_products: frozenset[int] = NOTHING
    not_categories: frozenset[int] = NOTHING
    not_brands: frozenset[int] = NOTHING
    not_products: frozenset[int] = NOTHING
    only_stores: frozenset[int] = NOTHING
    not_stores: frozenset[int] = NOTHING
    tiers: frozenset[str] = NOTHING
    weekdays: frozenset[int] = NOTHING
    skips_discounted: bool = False
    per_customer: int | None = None
    per_day: int | None = None
    total: int | None = None
    budget: int | None = None
    stacking: str = ""
    place: int = 100

    @property
    def chooses_goods(self) -> bool:
        """Whether it counts some goods and not others."""
        return self.skips_discounted or any(
            (
                self.only_products,
                self.only_brands,
                self.only_categories,
                self.not_products,
                self.not_brands,
                self.not_categories,
            )
        )


NAMES = [field.name for field in fields(Rules)]


def rules_of(terms: CouponTerms) -> Rules:
    return from_values({name: getattr(terms, name) for name in NAMES})


def from_values(values: dict[str, Any]) -> Rules:
    """From the columns of a row, as SQL gives them."""
    return Rules(**{name: _plain(value) for name, value in values.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return cents(value)
    return frozenset(value) if isinstance(value, list) else value


def cents(amount: Decimal) -> int:
    return int(amount.scaleb(2))


def money(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)


__all__ = ["NAMES", "CouponKind", "Rules", "cents", "from_values", "money", "rules_of"]
