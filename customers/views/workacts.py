"""What one does with a follow-up: each act is a resource, POST does it and DELETE takes it back."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import now
from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from crm.org.models import Staff
from crm.org.permissions import Permission
from customers import clocks, work
from customers.models import WorkItem
from customers.views.work import WorkView


class Act(WorkView):
    """Does something, says so, and goes on with the next thing."""

    def done(self, call: Callable[[], Any], words: str, item: WorkItem, undo: str = "") -> HttpResponse:
        """After a refusal the item is shown again, unless it is not there to be worked any more."""
        back = self.request.POST.get("next", "")
        try:
            call()
        except Refusal as refusal:
            self.say(refusal, error=True)
            gone = isinstance(refusal, work.EndedAlready)
            return self.go(reverse("customers:work") if gone else self.address("work-item", item))
        self.say(words, undo=self.address(undo, item) if undo else "")
        is_ours = back and url_has_allowed_host_and_scheme(back, {self.request.get_host()})
        return self.go(back if is_ours else reverse("customers:work"))

    @staticmethod
    def address(name: str, item: WorkItem) -> str:
        return reverse(f"customers:{name}", args=[item.public_id])

    def time_told(self, word: str, item: WorkItem, at: datetime) -> datetime | None:
        """By a name ("tomorrow"), or as the field beside it says."""
        zone = clocks.zone_of(item.store)
        told = self.request.POST.get("at", "")
        return clocks.local(told, zone) if word == "at" else clocks.later(word, at, zone)


class Result(Act):
    """POST records what came of it: `result` is its code, with a time after a colon where a next one is made."""

    permission = Permission.WORK_ITEMS

    def post(self, request: HttpRequest, item: str) -> HttpResponse:
        found, at = self.item(item), now()
        code, _colon, word = request.POST.get("result", "").partition(":")
        again = self.time_told(word, found, at) if word else None
        note = request.POST.get("note", "")[:2000]
        call = lambda: work.finish(found, result=code, note=note, by=self.staff, at=at, again_at=again)  # noqa: E731
        return self.done(call, _("Recorded: %(title)s") % {"title": found.title}, found, "work-result")

    def delete(self, request: HttpRequest, item: str) -> HttpResponse:
        found = self.item(item)
        return self.done(lambda: work.reopen(found, by=self.staff, at=now()), _("It is open again."), found)


class Cancellation(Act):
    """POST: it is not to be done any more; DELETE: it is."""

    permission = Permission.WORK_ITEMS

    def post(self, request: HttpRequest, item: str) -> HttpResponse:
        found = self.item(item)
        words = _("Cancelled: %(title)s") % {"title": found.title}
        call = lambda: work.cancel(found, by=self.staff, at=now())  # noqa: E731
        return self.done(call, words, found, "work-cancellation")

    def delete(self, request: HttpRequest, item: str) -> HttpResponse:
        found = self.item(item)
        return self.done(lambda: work.reopen(found, by=self.staff, at=now()), _("It is open again."), found)


class Snooze(Act):
    """POST puts it off until `until`; DELETE: due when it was promised."""

    permission = Permission.WORK_ITEMS

    def post(self, request: HttpRequest, item: str) -> HttpResponse:
        found, at = self.item(item), now()
        until = self.time_told(request.POST.get("until", ""), found, at) or at
        call = lambda: work.snooze(found, until=until, by=self.staff, at=at)  # noqa: E731
        return self.done(call, _("Put off: %(title)s") % {"title": found.title}, found, "work-snooze")

    def delete(self, request: HttpRequest, item: str) -> HttpResponse:
        found = self.item(item)
        words = _("Due again when it was promised.")
        return self.done(lambda: work.wake(found, by=self.staff, at=now()), words, found)


class Owner(Act):
    """POST without a person: “I take it”; with one (for those who assign): it goes to them. DELETE: to the store."""

    permission = Permission.WORK_ITEMS

    def post(self, request: HttpRequest, item: str) -> HttpResponse:
        found, at, told = self.item(item), now(), request.POST.get("owner", "")
        if not told:
            return self.done(
                lambda: work.take(found, by=self.staff, at=at), _("It is yours."), found, "work-owner"
            )
        if not self.staff.may(Permission.ASSIGN_WORK):
            return self.done(self._may_not, "", found)
        to = get_object_or_404(Staff, pk=told) if told.isdigit() else None
        words = _("%(name)s has it now.") % {"name": to.name} if to else _("It is anybody's at the store.")
        return self.done(lambda: work.hand_over(found, to=to, by=self.staff, at=at), words, found)

    def delete(self, request: HttpRequest, item: str) -> HttpResponse:
        found = self.item(item)
        if found.owner_id != self.staff.pk and not self.staff.may(Permission.ASSIGN_WORK):
            return self.done(self._may_not, "", found)
        call = lambda: work.hand_over(found, to=None, by=self.staff, at=now())  # noqa: E731
        return self.done(call, _("It is anybody's at the store."), found)

    @staticmethod
    def _may_not() -> None:
        raise MayNotAssign(_("Your role does not give follow-ups to others."))


class MayNotAssign(Refusal):
    code: ClassVar[str] = "may_not_assign"
    status: ClassVar[int] = 403


class Making(Act):
    """DELETE takes back that it was made: it is cancelled."""

    permission = Permission.WORK_ITEMS

    def delete(self, request: HttpRequest, item: str) -> HttpResponse:
        found = self.item(item)
        words = _("Cancelled: %(title)s") % {"title": found.title}
        return self.done(lambda: work.cancel(found, by=self.staff, at=now()), words, found)
