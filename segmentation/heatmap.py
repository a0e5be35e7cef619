"""The RFM heat map: customers and revenue by cell of the grid, and the shares of the value classes.

Figures go by the home stores of now, like the lists that they open (see `sums.py`).
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from crm.org.scope import Viewer
from customers import nights
from customers.models import Night
from segmentation.models import Group, NightCuts, Scheme, ValueClass
from segmentation.sums import NOTHING, Sums, sums_of


@dataclass(frozen=True)
class Cell:
    """A cell of the grid. Shares are parts of 1 of what the viewer sees."""

    r: int
    x: int
    group: Group
    customers: int
    revenue: Decimal
    share_of_customers: float
    share_of_revenue: float


@dataclass(frozen=True)
class Part:
    """A group or a value class with what it holds. `key` is the group's code or the class's number."""

    key: str | int
    name: str
    colour: str
    customers: int
    revenue: Decimal
    share_of_customers: float
    share_of_revenue: float


@dataclass(frozen=True)
class HeatMap:
    """`rows[0]` is the highest recency score, as it is drawn; each row goes from x = 1 to `buckets`.

    `outside` are the customers without a purchase in the window. `groups` and `classes` are in their order.
    """

    night: Night
    scheme: Scheme
    cuts: NightCuts
    rows: list[list[Cell]]
    outside: Cell
    groups: list[Part]
    classes: list[Part]
    customers: int
    revenue: Decimal
    is_revenue_of_then: bool  # see `sums.py`


def heatmap(viewer: Viewer, on: date | None = None) -> HeatMap | None:
    """The heat map of the published night (`on`: the latest night up to that date) over the viewer's stores.

    None before the first night.
    """
    night = nights.night_of(on)
    cuts = cuts_of(night)
    if night is None or cuts is None:
        return None
    sums = sums_of(viewer, night, cuts)
    found = sums.cells
    customers = sum(n for n, _ in found.values())
    revenue = sum((money for _, money in found.values()), NOTHING)
    groups = {group.code: group for group in Group.objects.all()}

    def cell(r: int, x: int) -> Cell:
        n, money = found.get((r, x), (0, NOTHING))
        group = groups[cuts.scheme.cell_group(r, x)]
        return Cell(r, x, group, n, money, _share(n, customers), _share(money, revenue))

    scores = range(1, cuts.scheme.buckets + 1)
    rows = [[cell(r, x) for x in scores] for r in reversed(scores)]
    outside = cell(0, 0)
    return HeatMap(
        night, cuts.scheme, cuts, rows, outside,
        groups=_by_group([c for row in rows for c in row] + [outside], customers, revenue),
        classes=_by_class(sums), customers=customers, revenue=revenue,
        is_revenue_of_then=sums.is_revenue_of_then,
    )  # fmt: skip


def value_classes(viewer: Viewer, on: date | None = None) -> list[Part]:
    """High, medium and low with the share of revenue each brings, over the viewer's stores; [] before a night."""
    night = nights.night_of(on)
    cuts = cuts_of(night)
    return [] if night is None or cuts is None else _by_class(sums_of(viewer, night, cuts))


def _by_class(found: Sums) -> list[Part]:
    sums = found.classes
    customers = sum(n for n, _ in sums.values())
    revenue = sum((money for _, money in sums.values()), NOTHING)
    parts = []
    for value_class, colour in CLASS_COLOURS.items():
        n, money = sums.get(value_class.value, (0, NOTHING))
        name = str(value_class.label)
        parts.append(
            Part(value_class.value, name, colour, n, money, _share(n, customers), _share(money, revenue))
        )
    return parts


CLASS_COLOURS = {
    ValueClass.HIGH: "#0f766e",
    ValueClass.MEDIUM: "#4f8fd0",
    ValueClass.LOW: "#e09f5a",
    ValueClass.NONE: "#8d99a6",
}


def cuts_of(night: Night | None) -> NightCuts | None:
    """How a night scored; a night that only recomputed another step carries the one before on."""
    if night is None:
        return None
    known = NightCuts.objects.filter(night__lte=night.pk).select_related("scheme", "night")
    return known.order_by("-night").first()


def published_cuts_of(night: Night) -> NightCuts | None:
    """The same of a night that is published and does not change any more: asked for once a process.

    Every page of a customer needs it.
    """
    name = (night.pk, night.computed_at)
    if name not in _published:
        found = cuts_of(night)
        if found is None:
            return None
        _published.clear()
        _published[name] = found
    return _published[name]


_published: dict[tuple[int, datetime | None], NightCuts] = {}


def _by_group(cells: list[Cell], customers: int, revenue: Decimal) -> list[Part]:
    parts = []
    for group in Group.objects.all():
        own = [cell for cell in cells if cell.group.pk == group.pk]
        n, money = sum(c.customers for c in own), sum((c.revenue for c in own), NOTHING)
        parts.append(
            Part(group.code, group.name, group.colour, n, money, _share(n, customers), _share(money, revenue))
        )
    return parts


def _share(part: int | Decimal, whole: int | Decimal) -> float:
    return float(part / whole) if whole else 0.0
