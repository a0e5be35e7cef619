"""A basket: what somebody is about to pay for, before there is a receipt. Plain values, no queries.

Amounts are whole cents of the chain's currency, quantities thousandths, shares hundredths of a per cent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo

MILLI = 1000


@dataclass(frozen=True)
class BasketLine:
    """`amount` is what the line costs now. `category_ids`: its category and all above it."""

    product_id: int | None
    category_ids: frozenset[int]
    brand_id: int | None
    quantity: int
    amount: int
    is_discounted: bool = False


@dataclass(frozen=True)
class Basket:
    """`zone` is the store's: the day and weekday of the basket are those on its wall. `tier` is the member's, and so
    many days `early` windows open to them."""

    store_id: int | None
    at: datetime
    lines: tuple[BasketLine, ...]
    zone: tzinfo = UTC
    channel: int = 1
    tier: str = ""
    delivery: int = 0
    early: int = 0

    @property
    def on(self) -> date:
        return self.at.astimezone(self.zone).date()

    @property
    def amount(self) -> int:
        return sum(line.amount for line in self.lines)

    def less(self, taken: Sequence[int], delivery: int = 0) -> "Basket":
        """The basket after these cents were taken off its lines and its delivery."""
        lines = tuple(
            replace(line, amount=line.amount - cents) for line, cents in zip(self.lines, taken, strict=True)
        )
        return replace(self, lines=lines, delivery=self.delivery - delivery)


def shared_out(cents: int, weights: Sequence[int]) -> list[int]:
    """`cents` over parts by their weights, exact: by largest remainder, of equal ones the first.

    The parts sum to `cents`, and none is above its weight while `cents` is not above their sum.
    """
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    each = [divmod(cents * weight, whole) for weight in weights]
    parts = [part for part, _left in each]
    rest = cents - sum(parts)
    if rest:
        lefts = [left for _part, left in each]
        order = sorted(
            range(len(weights)), key=lefts.__getitem__, reverse=True
        )  # of equal ones the first comes first
        for i in order[:rest]:
            parts[i] += 1
    return parts


def part_of(cents: int, share: int, whole: int) -> int:
    """share/whole of an amount, to the cent, half up as tills do."""
    return (2 * cents * share + whole) // (2 * whole)
