"""The segments page: the heat map, groups and value classes of one night."""

from decimal import Decimal
from math import sqrt
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.org.permissions import Permission
from crm.ui import export, words
from crm.ui.staff import chain_of
from crm.ui.views import StaffView
from segmentation import heatmap
from segmentation.heatmap import Cell, HeatMap, Part
from segmentation.models import Axis
from segmentation.views.base import tabs
from segmentation.views.scope import Filter, last_dates

MEASURES = ("customers", "revenue")


class Segments(StaffView):
    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        form = Filter(request.GET, self.staff, dates=last_dates())
        found = heatmap.heatmap(form.viewer, form.day)
        by = request.GET.get("by") if request.GET.get("by") in MEASURES else "customers"
        query = {key: request.GET[key] for key in form.fields if request.GET.get(key)}
        context = {
            "form": form,
            "map": found,
            "by": by,
            "tabs": tabs(self, "map"),
            "title": _("Segments"),
            "query": urlencode(query),
            "export": reverse("segmentation:export"),
        }
        if found:
            context |= drawn(found, str(by), query) | parts_of(found, query, chain_of(request).currency)
        return self.render("segmentation/segments.html", context)


class Export(StaffView):
    """The cells of the heat map as a file: sums only, no customers."""

    permission = Permission.EXPORT_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        form = Filter(request.GET, self.staff, dates=last_dates())
        found = heatmap.heatmap(form.viewer, form.day)
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        with transaction.atomic():
            trail.record(
                "segments.export", "segmentation.cellcount:*", by=self.staff, details={"format": kind}
            )
        axis = _("Frequency and money") if found and found.scheme.axis == Axis.COMBINED else _("Frequency")
        header = [
            _("Recency"),
            axis,
            _("Group"),
            _("Customers"),
            _("Share of customers"),
            _("Revenue"),
            _("Share of revenue"),
        ]
        cells = [cell for row in found.rows for cell in row] + [found.outside] if found else []
        rows = [
            [
                c.r,
                c.x,
                c.group.name,
                c.customers,
                round(c.share_of_customers, 6),
                c.revenue,
                round(c.share_of_revenue, 6),
            ]
            for c in cells
        ]
        day = found.night.on.isoformat() if found else ""
        return export.download(f"{_('segments')}-{day}", kind, header, rows)


def drawn(found: HeatMap, by: str, query: dict[str, str]) -> dict[str, Any]:
    """The grid as components/heat_map.html draws it."""
    most = max((_measure(cell, by) for row in found.rows for cell in row), default=0)
    second = _("FM") if found.scheme.axis == Axis.COMBINED else _("F")
    rows = [(f"{_('R')} {row[0].r}", [_cell(cell, by, most, query) for cell in row]) for row in found.rows]
    return {
        "columns": [f"{second} {x}" for x in range(1, found.scheme.buckets + 1)],
        "rows": rows,
        "across": _("Frequency and money") if found.scheme.axis == Axis.COMBINED else _("Frequency"),
        "down": _("Recency"),
        "outside": _cell(found.outside, by, most, query),
        "levels": range(1, 10),
    }


def _measure(cell: Cell, by: str) -> float:
    return float(cell.revenue) if by == "revenue" else cell.customers


def _cell(cell: Cell, by: str, most: float, query: dict[str, str]) -> dict[str, Any]:
    """The root evens out the steps: a few cells hold most of everything."""
    level = 1 + min(8, int(9 * sqrt(_measure(cell, by) / most))) if most and _measure(cell, by) else 0
    people = {"customers": words.number(cell.customers), "group": cell.group.name}
    main, sub = words.number(cell.customers), words.percent(cell.share_of_revenue)
    title = (
        _("%(group)s: %(customers)s customers") % people + " · " + _("%(share)s of revenue") % {"share": sub}
    )
    address = f"{reverse('segmentation:members')}?{urlencode({'r': cell.r, 'x': cell.x, **query})}"
    return {
        "href": address if cell.customers else "",
        "level": level,
        "title": title,
        "main": sub if by == "revenue" else main,
        "sub": main if by == "revenue" else sub,
        "n": cell.customers,
    }


def parts_of(found: HeatMap, query: dict[str, str], currency: str) -> dict[str, Any]:
    """Groups and classes with links to their people, and the classes as a chart."""
    members = reverse("segmentation:members")
    groups = [(part, f"{members}?{urlencode({'group': part.key, **query})}") for part in found.groups]
    classes = [(part, f"{members}?{urlencode({'value_class': part.key, **query})}") for part in found.classes]
    buyers = [(part, link) for part, link in classes if part.key]
    return {"groups": groups, "classes": classes, "class_chart": _chart(buyers), "per_head": _per_head(found)}


def _chart(classes: list[tuple[Part, str]]) -> dict[str, Any]:
    links = [link for _part, link in classes]
    return {
        "labels": [part.name for part, _link in classes],
        "horizontal": True,
        "percent": True,
        "series": [
            {
                "name": _("Share of revenue"),
                "values": [part.share_of_revenue for part, _link in classes],
                "links": links,
            },
            {
                "name": _("Share of customers"),
                "values": [part.share_of_customers for part, _link in classes],
                "links": links,
            },
        ],
    }


def _per_head(found: HeatMap) -> Decimal | None:
    buyers = found.customers - found.outside.customers
    return found.revenue / buyers if buyers else None
