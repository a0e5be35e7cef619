"""What is known of the segments: the sums that the night wrote, over the viewer's stores, as figures to compare."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Sum

from crm.org.scope import Viewer
from customers import nights
from customers.consents.cells import CHANNELS
from customers.models import Night
from segmentation.models import SegmentNight, TargetCount, TargetNight

Key = tuple[str, int]  # "group" or "segment", and its number


@dataclass(frozen=True)
class Sums:
    """The sums of a segment; see `TargetCount`. None: not known."""

    customers: int = 0
    month_ago: int | None = None
    quarter_ago: int | None = None
    buyers: int = 0
    revenue: Decimal = Decimal(0)
    churn: float = 0.0
    churn_of: int = 0
    value: float = 0.0
    value_of: int = 0
    reach_any: int = 0
    reach_phone: int = 0
    reach_sms: int = 0
    reach_email: int = 0
    reach_wechat: int = 0
    reach_push: int = 0
    reach_post: int = 0
    breadth: int = 0
    breadth_of: int = 0
    rhythm: float = 0.0
    rhythm_of: int = 0
    peers: Decimal = Decimal(0)
    peers_of: Decimal = Decimal(0)


NAMES = tuple(one.name for one in fields(Sums))


@dataclass(frozen=True)
class Figures:
    """Of one segment, over the viewer's stores. Shares are parts of 1; None: not known."""

    sums: Sums
    customers_of_all: int
    revenue_of_all: Decimal

    @property
    def customers(self) -> int:
        return self.sums.customers

    @property
    def revenue(self) -> Decimal:
        return self.sums.revenue

    @property
    def share_of_customers(self) -> float | None:
        return _share(self.sums.customers, self.customers_of_all)

    @property
    def share_of_revenue(self) -> float | None:
        return _share(self.sums.revenue, self.revenue_of_all)

    @property
    def growth(self) -> float | None:
        """Members now against 13 weeks ago, else against 4 weeks ago: 0.25 is a quarter more."""
        return self.quarter_growth if self.quarter_growth is not None else self.month_growth

    @property
    def month_growth(self) -> float | None:
        return _growth(self.sums.customers, self.sums.month_ago)

    @property
    def quarter_growth(self) -> float | None:
        return _growth(self.sums.customers, self.sums.quarter_ago)

    @property
    def per_head(self) -> float | None:
        """Revenue of the window for each customer."""
        return _share(self.sums.revenue, self.sums.customers)

    @property
    def value(self) -> float | None:
        return _share(self.sums.value, self.sums.value_of)

    @property
    def churn(self) -> float | None:
        return _share(self.sums.churn, self.sums.churn_of)

    @property
    def reach(self) -> float | None:
        """Who may be written to by at least one channel."""
        return _share(self.sums.reach_any, self.sums.customers)

    @property
    def breadth(self) -> float | None:
        return _share(self.sums.breadth, self.sums.breadth_of)

    @property
    def rhythm(self) -> float | None:
        return _share(self.sums.rhythm, self.sums.rhythm_of)

    @property
    def peers(self) -> float | None:
        """What they spent against the middle of their peers: 1 is as much."""
        return _share(self.sums.peers, self.sums.peers_of)

    @cached_property
    def channels(self) -> list[tuple[str, int, float | None]]:
        """Name, how many may be reached by it, and which part of the segment that is."""
        found = [(str(one.label), getattr(self.sums, f"reach_{one.code}")) for one in CHANNELS]
        return [(label, n, _share(n, self.sums.customers)) for label, n in found]

    def compared(self) -> dict[str, Any]:
        """What scores are made of (`scoring.py`), without what people judge. Nobody in it: nothing to compare."""
        if not self.sums.customers:
            return {}
        told = {"size": self.customers, "revenue": self.share_of_revenue}
        return told | {
            name: getattr(self, name) for name in ("growth", "value", "churn", "reach", "breadth", "rhythm", "peers")
        }  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """What a night measured, of the viewer's stores."""

    night: Night
    churn_by: str
    value_by: str
    sums: Mapping[Key, Sums]
    segments: Set[int] = frozenset()  # those that the night knew; of the others nothing can be said yet

    @cached_property
    def customers(self) -> int:
        return sum(sums.customers for (kind, _pk), sums in self.sums.items() if kind == "group")

    @cached_property
    def revenue(self) -> Decimal:
        return sum((sums.revenue for (kind, _pk), sums in self.sums.items() if kind == "group"), Decimal(0))

    def of(self, key: Key) -> Figures | None:
        """None where the night did not know the segment yet; whom nobody of the viewer's stores is in, has nobody."""
        kind, pk = key
        is_known = kind == "group" or pk in self.segments
        sums = self.sums.get(key, Sums() if is_known else None)
        return Figures(sums, self.customers, self.revenue) if sums else None


def measured(viewer: Viewer, night: Night | None = None) -> Measured | None:
    """What the newest night that measured found, or the newest up to `night`. None before there is one."""
    last = night or nights.published()
    known = TargetNight.objects.select_related("night").filter(night__lte=last.pk if last else 0)
    basis = known.order_by("-night_id").first()
    if basis is None:
        return None
    rows: Any = TargetCount.objects.filter(night=basis.night_id).visible_to(viewer).values("group", "segment")
    found = {}
    for row in rows.annotate(**{f"sum_{name}": Sum(name) for name in NAMES}).order_by():
        key: Key = ("group", row["group"]) if row["group"] else ("segment", row["segment"])
        found[key] = Sums(**{name: row[f"sum_{name}"] for name in NAMES})
    segments = SegmentNight.objects.filter(night=basis.night_id).values_list("segment", flat=True)
    return Measured(basis.night, basis.churn_by, basis.value_by, found, frozenset(segments))


def _share(part: Any, whole: Any) -> float | None:
    return float(part) / float(whole) if whole else None


def _growth(now: int, then: int | None) -> float | None:
    return now / then - 1 if then else None
