"""Money: Decimal with two places of the chain's currency, never float."""

from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar

from django.db import models

CENT = Decimal("0.01")
MOST_CENTS = 10**14 - 1  # what a MoneyField holds


class MoneyField(models.DecimalField):
    """An amount in the chain's currency: numeric(14, 2)."""

    digits: ClassVar[int] = 14

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs["max_digits"], kwargs["decimal_places"] = self.digits, 2
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def deconstruct(self) -> tuple:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("max_digits", None)
        kwargs.pop("decimal_places", None)
        return name, path, args, kwargs


class TotalField(MoneyField):
    """A sum of many amounts: numeric(18, 2), so that ten thousand of the largest still fit."""

    digits: ClassVar[int] = 18


def rounded(amount: Decimal) -> Decimal:
    """To the cent, half up, as tills do."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)
