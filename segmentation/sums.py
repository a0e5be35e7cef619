"""How many customers and how much revenue a night has in each cell and value class, for one viewer.

Lists go by the home stores of now, because who may see a customer does. So do these figures: every number opens as many
rows as it says. For who sees the whole chain it makes no difference which store a customer belongs to, and the sums
that the night wrote answer at once, however large the chain. For a part of the chain the standings of its own customers
are counted, which are the very rows of the lists; the cost grows with the customers of the part.

Revenue is the window's, as the night knew it. Purchase states hold it for the last night only, and not while another
night changes them; for a part of the chain at any other night it is that of the customers whom its stores had then
(`Sums.is_revenue_of_then`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from crm.org.scope import Viewer
from customers.models import Night, StateBasis
from segmentation.models import CellCount, ClassCount, NightCuts, Standing

NOTHING = Decimal(0)
Sum_ = tuple[int, Decimal]
_WINDOW = Coalesce(Sum("customer__purchase_state__window_spent"), NOTHING)


@dataclass
class Sums:
    """(customers, revenue) by cell (r, x) and by value class."""

    cells: dict[tuple[int, int], Sum_] = field(default_factory=dict)
    classes: dict[int, Sum_] = field(default_factory=dict)
    is_revenue_of_then: bool = False


def sums_of(viewer: Viewer, night: Night, cuts: NightCuts) -> Sums:
    """The sums of a night over the viewer's stores."""
    written = _written(viewer, cuts.night_id)
    if viewer.scope().is_chain:
        return written
    counted = _counted(viewer, night)
    if not StateBasis.objects.filter(night=night.pk).exists():
        counted = Sums(
            _with_revenue_of(written.cells, counted.cells),
            _with_revenue_of(written.classes, counted.classes),
            is_revenue_of_then=True,
        )
    return counted


def _written(viewer: Viewer, night_id: int) -> Sums:
    cells = _totals(CellCount.objects.filter(night=night_id).visible_to(viewer), "r", "x")
    classes = _totals(ClassCount.objects.filter(night=night_id).visible_to(viewer), "value_class")
    return Sums({(r, x): told for (r, x), told in cells}, {code: told for (code,), told in classes})


def _totals(rows: Any, *keys: str) -> Iterable[tuple[tuple[int, ...], Sum_]]:
    for row in rows.values(*keys).annotate(n=Sum("customers"), money=Sum("revenue")):
        yield tuple(row[key] for key in keys), (row["n"], row["money"])


def _counted(viewer: Viewer, night: Night) -> Sums:
    rows = Standing.objects.at(night.pk).visible_to(viewer).values("r", "x", "value_class")
    found = Sums()
    for row in rows.annotate(n=Count("customer_id"), money=_WINDOW).order_by():
        told = (row["n"], row["money"])
        _add(found.cells, (row["r"], row["x"]), told)
        _add(found.classes, row["value_class"], told)
    return found


def _add(sums: dict[Any, Sum_], key: Any, told: Sum_) -> None:
    n, money = sums.get(key, (0, NOTHING))
    sums[key] = (n + told[0], money + told[1])


def _with_revenue_of(written: dict[Any, Sum_], counted: dict[Any, Sum_]) -> dict[Any, Sum_]:
    nobody = (0, NOTHING)
    return {
        key: (counted.get(key, nobody)[0], written.get(key, nobody)[1])
        for key in written.keys() | counted.keys()
    }
