"""Follow-ups: listing, and making one for a customer. (What is done with one: `workacts.py`.)"""

from typing import Annotated, Any

from django.utils.timezone import now
from msgspec import Meta

from crm.org.models import Staff, public_id
from crm.org.permissions import Permission
from crm.rest import pages
from crm.rest.endpoints import Answer, endpoint
from crm.rest.problems import InvalidInput, NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers import work
from customers.api import profiles
from customers.api.customers import CUSTOMER_ID
from customers.api.shapes import Moment
from customers.api.workshapes import State, WorkIn, WorkOut, WorkPage
from customers.models import Customer, Priority, WorkItem, WorkState

ONE_EXAMPLE = {
    "kind": "call",
    "title": "Ask how the coffee machine does",
    "due_at": "2026-11-27T10:00:00+08:00",
}


class WorkQuery(pages.PageQuery, forbid_unknown_fields=True, kw_only=True):
    """Which follow-ups."""

    state: State | None = None
    owner: Annotated[str, Meta(max_length=32, description="Employee number.")] | None = None
    due_before: Moment | None = None


class Work(ApiView):
    """The follow-ups of the customers that the key sees."""

    permission = Permission.WORK_ITEMS
    scope = KeyScope.WORK_READ
    tag = "work"

    @endpoint("List follow-ups", answers={200: WorkPage}, query=WorkQuery)
    def get(self) -> Any:
        """The newest first."""
        before = pages.position(self.query.cursor, pages.RowNumber)
        rows = shown(WorkItem.objects.visible_to(self.caller)).order_by("-pk")
        if before:
            rows = rows.filter(pk__lt=before[0])
        if self.query.state is not None:
            rows = rows.filter(state=WorkState[self.query.state.upper()])
        if self.query.owner is not None:
            rows = rows.filter(owner__code=self.query.owner)
        if self.query.due_before is not None:
            rows = rows.filter(due_at__lt=self.query.due_before)
        found = list(rows[: self.query.limit + 1])
        items = [shape(one) for one in found[: self.query.limit]]
        return pages.page(
            self.request, items, pages.cursor_after(found, self.query.limit, lambda one: (one.pk,))
        )


class CustomerWork(ApiView):
    """A customer's follow-ups."""

    permission = Permission.ASSIGN_WORK
    scope = KeyScope.WORK_WRITE
    tag = "work"
    parts = {"customer": CUSTOMER_ID}

    @endpoint(
        "Make a follow-up", body=WorkIn, answers={201: WorkOut}, example=ONE_EXAMPLE,
        problems={404: "Unknown, or not for this key.", 410: "`erased`.",
            422: "`unknown_work_kind`, `not_their_customer`."},
    )  # fmt: skip
    def post(self, told: WorkIn, customer: str) -> Answer:
        """For the customer's home store, or for one person there, who is told."""
        found = customer_of(customer, self.caller)
        item = work.create(
            found, kind=told.kind, title=told.title, due_at=told.due_at, script=told.script,
            owner=colleague(told.owner, "/owner"), priority=Priority[told.priority.upper()], by=self.caller, at=now(),
        )  # fmt: skip
        return Answer(shape(shown(WorkItem.objects).get(customer_id=found.pk, pk=item.pk)), 201)


def customer_of(text: str, caller: Any) -> Customer:
    """The customer, or whom they were merged into, when the caller may see them. Raises NotFound."""
    number = Customer.row_id(text)
    seen = profiles.visible_id(number, caller) if number is not None else None
    if seen is None:
        raise NotFound
    return Customer.objects.select_related("home_store").get(pk=seen)


def shape(item: WorkItem) -> WorkOut:
    encode = public_id("wrk").encode
    return WorkOut(
        item.public_id, public_id("cus").encode(item.customer_id), item.kind.code, item.title, item.due_at,
        item.promised_at, item.store.code if item.store else None, item.owner.code if item.owner else None,
        Priority(item.priority).name.lower(), WorkState(item.state).name.lower(),  # type: ignore[arg-type]
        item.result.code if item.result else None, item.note, encode(item.next_id) if item.next_id else None,
        item.created_at, item.ended_at,
    )  # fmt: skip


def shown(rows: Any) -> Any:
    return rows.select_related("kind", "store", "owner", "result")


def colleague(code: str | None, place: str) -> Staff | None:
    """Raises InvalidInput where nobody at work has this employee number."""
    if code is None:
        return None
    found = Staff.objects.filter(code=code, is_active=True).first()
    if found is None:
        raise InvalidInput.at(place, "Nobody has this employee number.")
    return found
