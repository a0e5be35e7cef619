"""One follow-up: reading and changing it, what came of it, that it is not to be done any more, and back again."""

from typing import Any

import msgspec
from django.utils.timezone import now

from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.rest.endpoints import endpoint
from crm.rest.problems import InvalidInput, NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers import work, workchange
from customers.api.work import colleague, shape, shown
from customers.api.workshapes import ResultIn, WorkChangeIn, WorkOut, WorkSeen
from customers.models import Priority, WorkItem

WORK_ID = {"type": "string", "pattern": "^wrk_[0-9a-z]{12}$"}
UNKNOWN = {404: "Unknown, or not for this key."}
ENDED = {**UNKNOWN, 409: "`work_ended`: somebody else was first."}
NOT_ENDED = {**UNKNOWN, 409: "`work_not_ended`: it is open."}


class _OfItem(ApiView):
    permission = Permission.ASSIGN_WORK
    scope = KeyScope.WORK_WRITE
    tag = "work"
    parts = {"item": WORK_ID}

    def item(self, told: str) -> WorkItem:
        found = shown(WorkItem.objects.visible_to(self.caller)).filter(pk=WorkItem.row_id(told) or 0).first()
        if found is None:
            raise NotFound
        return found


class OneWork(_OfItem):
    """A follow-up."""

    @endpoint(
        "Read a follow-up", answers={200: WorkOut}, problems=UNKNOWN, permission=Permission.WORK_ITEMS,
        scope=KeyScope.WORK_READ,
    )  # fmt: skip
    def get(self, item: str) -> WorkOut:
        """As the list shows it."""
        return shape(self.item(item))

    @endpoint(
        "Change a follow-up", body=WorkChangeIn, answers={200: WorkOut},
        example={"owner": "E1021", "based_on": {"owner": None}},
        problems={**ENDED, 409: "`work_ended`; `changed_meanwhile`: `errors` names the fields.",
                  422: "`invalid_work`, `not_their_customer`."},
    )  # fmt: skip
    def patch(self, told: WorkChangeIn, item: str) -> WorkOut:
        """All that is named, or nothing. Who gets it is told in the page."""
        seen = told.based_on
        workchange.change(
            self.item(item), _fields(told), by=self.caller, at=now(),
            based_on=None if isinstance(seen, msgspec.UnsetType) else _seen(seen),
        )  # fmt: skip
        return shape(self.item(item))


class WorkResult(_OfItem):
    """What came of a follow-up."""

    @endpoint(
        "Record a result", body=ResultIn, answers={200: WorkOut}, example={"result": "reached"},
        problems={**ENDED, 422: "`unknown_work_result`, `invalid_work`."},
    )  # fmt: skip
    def post(self, told: ResultIn, item: str) -> WorkOut:
        """The answer's `next` names the follow-up that the result made, if it made one."""
        found = self.item(item)
        work.finish(
            found, result=told.result, note=told.note, again_at=told.again_at, by=self.caller, at=now()
        )
        return shape(self.item(item))

    @endpoint("Take a result back", answers={200: WorkOut}, problems=NOT_ENDED)
    def delete(self, item: str) -> WorkOut:
        """It is open again; the follow-up that the result made is cancelled, unless it has ended."""
        work.reopen(self.item(item), by=self.caller, at=now())
        return shape(self.item(item))


class WorkCancellation(_OfItem):
    """That a follow-up is not to be done any more."""

    @endpoint("Cancel a follow-up", answers={200: WorkOut}, problems=ENDED)
    def post(self, item: str) -> WorkOut:
        """It has no result; nobody is asked to do it any more."""
        work.cancel(self.item(item), by=self.caller, at=now())
        return shape(self.item(item))

    @endpoint("Take a cancellation back", answers={200: WorkOut}, problems=NOT_ENDED)
    def delete(self, item: str) -> WorkOut:
        """It is open again."""
        work.reopen(self.item(item), by=self.caller, at=now())
        return shape(self.item(item))


def _fields(told: WorkSeen) -> dict[str, Any]:
    found = _told(told)
    if "owner" in found:
        found["owner"] = colleague(found["owner"], "/owner")
    return found


def _seen(told: WorkSeen) -> dict[str, Any]:
    """Whoever had it, at work or not."""
    found = _told(told)
    if found.get("owner") is not None:
        found["owner"] = Staff.objects.filter(code=found["owner"]).first()
        if found["owner"] is None:
            raise InvalidInput.at("/based_on/owner", "Nobody has this employee number.")
    return found


def _told(told: WorkSeen) -> dict[str, Any]:
    found = {name: value for name in workchange.FIELDS if (value := getattr(told, name)) is not msgspec.UNSET}
    if "priority" in found:
        found["priority"] = Priority[found["priority"].upper()]
    return found
