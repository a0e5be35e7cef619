"""Segments and their members, of the published night or of an earlier one. (One saved segment: `saved.py`.)"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, cast

import msgspec
from msgspec import Meta

from crm.org.models import public_id
from crm.org.permissions import Permission
from crm.rest import pages
from crm.rest.endpoints import Answer, endpoint
from crm.rest.problems import NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers import nights
from customers.models import Night
from segmentation import heatmap, standings
from segmentation.api import saved
from segmentation.api.savedshapes import SavedDetail, SavedIn
from segmentation.api.shapes import MemberOut, MemberPage, SegmentOut, SegmentPage, ValueClassName
from segmentation.api.shares import rounded
from segmentation.models import Group, Segment, Standing, ValueClass
from segmentation.segments import roster, saving, timetravel

On = Annotated[date, Meta(description="As of the last night up to this date; today's by default.")]
_CLASSES = {one.value: cast(ValueClassName, one.name.lower()) for one in ValueClass}


class SegmentQuery(pages.PageQuery, forbid_unknown_fields=True, kw_only=True):
    on: On | None = None


class NightQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    on: On | None = None


class Segments(ApiView):
    """The groups of the RFM grid, and what people saved."""

    permission = Permission.VIEW_SEGMENTS
    scope = KeyScope.SEGMENTS_READ

    @endpoint("List segments", answers={200: SegmentPage}, query=NightQuery)
    def get(self) -> SegmentPage:
        """With the customers and the revenue of each, over the stores that the key sees. All on one page."""
        found = heatmap.heatmap(self.caller, self.query.on)
        listed = saved.listed(self.caller)
        if found is None:
            return SegmentPage([], None, None, listed)
        shown = [
            SegmentOut(
                str(part.key), part.name, part.customers, f"{part.revenue:.2f}",
                rounded(part.share_of_customers), rounded(part.share_of_revenue),
            )
            for part in found.groups
        ]  # fmt: skip
        return SegmentPage(shown, None, found.night.on, listed)

    @endpoint(
        "Save a segment", body=SavedIn, answers={201: SavedDetail}, example=saved.EXAMPLE,
        permission=Permission.EDIT_SEGMENTS, scope=KeyScope.SEGMENTS_WRITE,
        problems={409: "`segment_name_taken`.", 422: "`invalid_segment`: each fault with its place."},
    )  # fmt: skip
    def post(self, told: SavedIn) -> Answer:
        """By its definition; every key and everybody who sees segments sees it."""
        with saved.placed():
            made = saving.create(by=self.caller, name=told.name, about=told.about, definition=told.definition)
        return Answer(saved.detail(made, self.caller), 201)


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
        """Customers of the stores that the key sees, with their scores.

        `night` is the last one up to the day `on`: who was in it then, with the scores of that night. null: there was
        none yet, so nothing is known of that day, which is not nobody. Without `on` of a saved segment those who are in
        it now.
        """
        if (found_saved := saved.find(segment, self.caller)) is not None:
            return self._saved(found_saved)
        if not Group.objects.filter(code=segment).exists():
            raise NotFound("There is no such segment.")
        after = pages.position(self.query.cursor, pages.RowNumber)
        night = nights.night_of(self.query.on)
        rows = standings.members(self.caller, group=segment, on=self.query.on).order_by("customer_id")
        if after:
            rows = rows.filter(customer_id__gt=after[0])
        found = list(rows.values_list("customer_id", "r", "f", "m", "value_class")[: self.query.limit + 1])
        return self._page(found, night, lambda row: _shape(row[0], row[1:]))

    def _saved(self, segment: Segment) -> Any:
        after = pages.position(self.query.cursor, pages.RowNumber) or (0,)
        then = timetravel.night_of(segment, self.query.on) if self.query.on else None
        if self.query.on and then is None:
            return self._page((), None, lambda _row: _shape(0, (0, 0, 0, 0)))
        night, at = (then.night, then.at) if then else (nights.published(), None)
        found = roster.members(segment, self.caller, at=at, after=after[0], limit=self.query.limit + 1)
        spells = Standing.objects.at(night.pk if night else None).filter(
            customer_id__in=[row[0] for row in found]
        )
        scores = {
            pk: scored for pk, *scored in spells.values_list("customer_id", "r", "f", "m", "value_class")
        }
        return self._page(found, night, lambda row: _shape(row[0], scores.get(row[0], (0, 0, 0, 0)), row[1]))

    def _page(self, found: Sequence[Any], night: Night | None, shape: Callable[[Any], MemberOut]) -> Any:
        cursor = pages.cursor_after(found, self.query.limit, lambda row: (row[0],))
        shown = [shape(row) for row in found[: self.query.limit]]
        return pages.page(self.request, shown, cursor) | {"night": night.on if night else None}


def _shape(pk: int, scores: Sequence[int], since: datetime | None = None) -> MemberOut:
    r, f, m, value = scores
    return MemberOut(public_id("cus").encode(pk), r, f, m, _CLASSES[value], since)
