"""What somebody asks about a basket."""

from dataclasses import dataclass
from datetime import date, datetime

from crm.org.models import Store


@dataclass(frozen=True)
class AskedLine:
    """A line as its receipt would bear it so far: `cents` after what `discount` (cents) has taken off already."""

    number: int
    sku: str
    quantity: int  # thousandths
    cents: int
    discount: int = 0
    is_discounted: bool = False


@dataclass(frozen=True)
class Asked:
    """`codes` are shown by the customer; `points` are how many they would spend at most. `customer_id`: of somebody who
    was not merged away."""

    store: Store
    channel: int
    at: datetime
    lines: tuple[AskedLine, ...]
    delivery: int = 0
    customer_id: int | None = None
    codes: tuple[str, ...] = ()
    points: int = 0

    @property
    def on(self) -> date:
        return self.at.astimezone(self.store.zone).date()
