"""What a page asks: which sales, in which days, against which."""

from dataclasses import dataclass, field
from typing import Any

from analytics.goods import Goods
from analytics.periods import Period
from crm.org.scope import Viewer
from customers.models import Night
from segmentation.models import Group, Segment


@dataclass(frozen=True)
class Question:
    """`viewer` limits the stores that sold. `group`: only customers who stand in it at `night`; `segment`: only those
    who are in it now."""

    viewer: Viewer
    period: Period
    before: Period
    night: Night
    channel: int | None = None
    goods: Goods = field(default_factory=Goods)
    group: Group | None = None
    segment: Segment | None = None

    def values(self) -> dict[str, Any]:
        """The parameters that all statements take."""
        stores = self.viewer.scope().store_ids
        return {
            "since": self.period.since,
            "until": self.period.until,
            "before_since": self.before.since,
            "before_until": self.before.until,
            "stores": None if stores is None else sorted(stores),
            "channel": self.channel,
            "group": self.group.pk if self.group else None,
            "segment": self.segment.pk if self.segment else None,
            "night": self.night.pk,
            "categories": self.goods.categories(),
            "brand": self.goods.brand.pk if self.goods.brand else None,
        }

    @property
    def has_guests(self) -> bool:
        """Guests are in no group and no segment, and of what they bought only the sums are kept."""
        return not self.goods and self.group is None and self.segment is None
