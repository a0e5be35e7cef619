"""What is done to a segment as a whole: for everybody or not, archived or not, copied."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from crm.org.permissions import Permission
from crm.ui import words
from segmentation.models import Segment
from segmentation.segments import lists, owning, saving
from segmentation.views.onesegment import SegmentView


class ActView(SegmentView):
    permission = Permission.EDIT_SEGMENTS

    def act(self, segment: Segment, call: Callable[[], Any], done: str, undo: str = "") -> HttpResponse:
        """Do it and say so, or say why not."""
        try:
            call()
            self.say(done, undo=undo)
        except Refusal as refusal:
            self.say(str(refusal), error=True)
        return self.go(reverse("segmentation:segment", args=[segment.public_id]))

    def make(self, segment: Segment, call: Callable[[], Segment]) -> HttpResponse:
        """Another segment of this one, and there; or say why not."""
        try:
            return self.go(reverse("segmentation:segment", args=[call().public_id]))
        except Refusal as refusal:
            self.say(str(refusal), error=True)
        return self.go(reverse("segmentation:segment", args=[segment.public_id]))


class Sharing(ActView):
    """POST: everybody sees it. DELETE: only its owner does."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        one = self.segment(public_id)
        share = lambda: saving.describe(one, by=self.staff, is_shared=True)  # noqa: E731
        return self.act(one, share, _("Everybody sees it now."), request.path)

    def delete(self, request: HttpRequest, public_id: str) -> HttpResponse:
        one = self.segment(public_id)
        hide = lambda: saving.describe(one, by=self.staff, is_shared=False)  # noqa: E731
        return self.act(one, hide, _("Only you see it now."))


class Copying(ActView):
    """POST makes a segment of one's own with the same meaning; of a list, with the same customers."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        one = self.segment(public_id)
        name = copied_name(one, _("%(name)s (copy)"))
        return self.make(one, lambda: saving.copy(one, by=self.staff, name=name))


class Freezing(ActView):
    """POST makes a list of those who are in it now, which stays when they go."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        one = self.segment(public_id)
        name = copied_name(one, _("%(name)s, as of %(day)s"))
        return self.make(
            one, lambda: lists.from_segment(one, by=self.staff, name=name, is_shared=one.is_shared)
        )


class Owning(ActView):
    """POST makes it one's own. What its owner kept to themselves is then seen by the new one alone."""

    permission = Permission.MANAGE_STAFF

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        one = self.segment(public_id)
        return self.act(one, lambda: owning.take(one, by=self.staff), _("It is yours now."))


def copied_name(segment: Segment, pattern: str) -> str:
    return (pattern % {"name": segment.name[:50], "day": words.day(localdate())})[:80]


class Archiving(ActView):
    """POST takes it out of use, DELETE brings it back."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        one = self.segment(public_id)
        done = _("Archived. It is not counted any more; its history stays.")
        return self.act(one, lambda: saving.archive(one, by=self.staff, at=now()), done, request.path)

    def delete(self, request: HttpRequest, public_id: str) -> HttpResponse:
        one = self.segment(public_id)
        return self.act(one, lambda: saving.restore(one, by=self.staff), _("In use again."))
