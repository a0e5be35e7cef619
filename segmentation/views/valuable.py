"""The list of customers by what they are expected to bring, and its export."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm.audit import trail
from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui import export
from crm.ui.pages import page_of
from crm.ui.views import StaffView
from customers.views.facts import Row, rows_of
from customers.views.listing import COUNTED
from segmentation import generations
from segmentation.lifetime import HORIZONS, reading
from segmentation.models import LifetimeFit, LifetimeScore
from segmentation.views.scope import StoreFilter
from segmentation.views.words import certainty

CHUNK = 2000


@dataclass(frozen=True)
class Valued:
    """A customer as lists show them, with what is expected. Purchases and values by horizon; None: not told."""

    row: Row
    alive: float | None
    purchases: list[float | None]
    values: list[Decimal | None]

    @property
    def still(self) -> str:
        return certainty(self.alive)


def rows_of_scores(staff: Staff, scores: Iterable[LifetimeScore]) -> list[Valued]:
    """The scores come with `customer__home_store` selected."""
    found = list(scores)
    _labels, rows = rows_of(staff, [score.customer for score in found])
    return [_valued(row, score) for row, score in zip(rows, found, strict=True)]


def _valued(row: Row, score: LifetimeScore) -> Valued:
    purchases = [getattr(score, f"purchases_{days}") for days in HORIZONS]
    return Valued(
        row,
        None if score.alive is None else score.alive / 1000,
        [None if n is None else n / 100 for n in purchases],
        [getattr(score, f"value_{days}") for days in HORIZONS],
    )


class Valuable(StaffView):
    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        form = StoreFilter(request.GET, self.staff)
        fit: LifetimeFit | None = generations.serving(LifetimeFit)
        context: dict[str, Any] = {
            "form": form,
            "fit": fit,
            "title": _("Customers by expected value"),
            "export": reverse("segmentation:valuable-export"),
            "crumbs": [
                (_("Segments"), reverse("segmentation:segments")),
                (_("Lifetime value"), reverse("segmentation:lifetime-value")),
            ],
            "counted": COUNTED,
        }
        if fit:
            rows = reading.ranked(form.viewer, fit)
            page = page_of(
                rows.select_related("customer__home_store"), request, reading.order(fit), key="customer_id"
            )
            context |= {
                "page": page,
                "rows": rows_of_scores(self.staff, page.rows),
                "count": rows.order_by()[: COUNTED + 1].count(),
            }
        return self.render("segmentation/valuable.html", context)


class ValuableExport(StaffView):
    permission = Permission.EXPORT_CUSTOMERS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        form = StoreFilter(request.GET, self.staff)
        fit: LifetimeFit | None = generations.serving(LifetimeFit)
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        with transaction.atomic():
            trail.record(
                "customers.export", "customers.customer:*", by=self.staff,
                details={"format": kind, "part": {"of": "lifetime value"}},
            )  # fmt: skip
        header = [
            _("Customer"), pgettext("person", "Name"), _("Phone"), _("Home store"), _("Still a customer"),
            *[_("Purchases, %(n)s days") % {"n": days} for days in HORIZONS],
            *[_("Value, %(n)s days") % {"n": days} for days in HORIZONS],
        ]  # fmt: skip
        day = fit.night.on.isoformat() if fit else ""
        cells = _cells(self.staff, form.viewer, fit) if fit else iter([])
        name = _("lifetime-value")
        return export.download(f"{name}-{day}", kind, header, cells)


def _cells(staff: Staff, viewer: Any, fit: LifetimeFit) -> Iterator[list[Any]]:
    rows = reading.ranked(viewer, fit).select_related("customer__home_store")
    scores = rows.order_by(reading.order(fit), "-customer_id").iterator(chunk_size=CHUNK)
    while chunk := list(islice(scores, CHUNK)):
        for one in rows_of_scores(staff, chunk):
            person = one.row.customer
            store = person.home_store.name if person.home_store else ""
            yield [
                one.row.public_id,
                person.name,
                one.row.phone,
                store,
                one.alive,
                *one.purchases,
                *one.values,
            ]
