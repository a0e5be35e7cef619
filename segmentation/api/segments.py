"""Segments and their members, of the published night or of an earlier one."""

from datetime import date
from typing import Annotated, Any, cast

import msgspec
from msgspec import Meta

from crm.org.models import public_id
from crm.org.permissions import Permission
from crm.rest import pages
from crm.rest.endpoints import endpoint
from crm.rest.problems import NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers import nights
from segmentation import heatmap, standings
from segmentation.api.shapes import MemberOut, MemberPage, SegmentOut, SegmentPage, ValueClassName
from segmentation.models import Group, ValueClass

On = Annotated[date, Meta(description="As of the last night up to this date; today's by default.")]
_CLASSES = {one.value: cast(ValueClassName, one.name.lower()) for one in ValueClass}


class SegmentQuery(pages.PageQuery, forbid_unknown_fields=True, kw_only=True):
    on: On | None = None


class NightQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    on: On | None = None


class Segments(ApiView):
    """The groups of the RFM grid."""

    permission = Permission.VIEW_SEGMENTS
    scope = KeyScope.SEGMENTS_READ

    @endpoint("List segments", answers={200: SegmentPage}, query=NightQuery)
    def get(self) -> SegmentPage:
        """With the customers and the revenue of each, over the stores that the key sees. All on one page."""
        found = heatmap.heatmap(self.caller, self.query.on)
        if found is None:
            return SegmentPage([], None, None)
        shown = [
            SegmentOut(
                str(part.key), part.name, part.customers, f"{part.revenue:.2f}", part.share_of_customers,
                part.share_of_revenue,
            )
            for part in found.groups
        ]  # fmt: skip
        return SegmentPage(shown, None, found.night.on)


class Members(ApiView):
    """Who is in a segment."""

    permission = Permission.VIEW_SEGMENTS
    scope = KeyScope.SEGMENTS_READ
    parts = {"segment": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"}}

    @endpoint(
        "List the members of a segment",
        answers={200: MemberPage},
        query=SegmentQuery,
        problems={404: "There is no such segment."},
    )
    def get(self, segment: str) -> Any:
        """Customers of the stores that the key sees, with the scores that put them there."""
        if not Group.objects.filter(code=segment).exists():
            raise NotFound("There is no such segment.")
        after = pages.position(self.query.cursor, pages.RowNumber)
        night = nights.night_of(self.query.on)
        rows = standings.members(self.caller, group=segment, on=self.query.on).order_by("customer_id")
        if after:
            rows = rows.filter(customer_id__gt=after[0])
        found = list(rows.values_list("customer_id", "r", "f", "m", "value_class")[: self.query.limit + 1])
        encode = public_id("cus").encode
        shown = [
            MemberOut(encode(pk), r, f, m, _CLASSES[value])
            for pk, r, f, m, value in found[: self.query.limit]
        ]
        cursor = pages.cursor_after(found, self.query.limit, lambda row: (row[0],))
        return pages.page(self.request, shown, cursor) | {"night": night.on if night else None}
