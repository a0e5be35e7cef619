"""Whom a segment reaches: of those who are in it now, who agreed to offers, and by which channel."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from crm.org.models import Staff
from segmentation.models import Segment
from segmentation.segments import preview
from segmentation.segments.tree import MemberOf
from segmentation.views.onesegment import SegmentView
from segmentation.views.reach import bar


class SegmentReach(SegmentView):
    """A part of the segment's page, which does not wait for it: consents are asked of everybody in it."""

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        return self.render("segmentation/segment_reach.html", reach_of(self.segment(public_id), self.staff))


def reach_of(segment: Segment, staff: Staff) -> dict[str, Any]:
    """The funnel and its channels as bars, of the stores that this person sees."""
    found = preview.preview(MemberOf(segment.pk), staff, sample=0)
    return {
        "funnel": [bar(one.label, one.customers, found.customers) for one in found.funnel],
        "channels": [bar(one.label, one.customers, found.customers) for one in found.channels],
    }
