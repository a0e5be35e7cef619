"""Requests of people about their data: the list by deadline, and opening one."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet
from django.utils import timezone
from msgspec import Meta

from crm.org.models import Store, public_id
from crm.org.permissions import Permission
from crm.privacy import requests
from crm.privacy.api.people import subject_of
from crm.privacy.models import Request, RequestState
from crm.privacy.subjects import Subject
from crm.rest import pages
from crm.rest.endpoints import Answer, endpoint
from crm.rest.problems import InvalidInput
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView

Kind = Literal["access", "rectification", "erasure", "restriction", "objection"]
State = Literal["open", "overdue", "done", "refused", "withdrawn"]


class RequestQuery(pages.PageQuery, forbid_unknown_fields=True, kw_only=True):
    """Which requests. `overdue`: open, and past the last day."""

    state: State | None = None
    kind: Kind | None = None
    due_before: date | None = None


class RequestIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Without a customer when nobody was found; then `store` says whose the request is."""

    kind: Kind
    customer: Annotated[str, Meta(pattern="^cus_[0-9a-z]{12}$")] | None = None
    store: Annotated[str, Meta(max_length=32, description="Code; when there is no customer.")] | None = None
    received_on: (
        Annotated[
            date, Meta(description="The deadline counts from this day; by default today, at most a year ago.")
        ]
        | None
    ) = None


class RequestOut(msgspec.Struct):
    id: UUID
    kind: Kind
    customer: str | None
    store: str | None
    received_on: date
    due_on: date
    state: Literal["open", "done", "refused", "withdrawn"]
    is_overdue: bool
    owner: str | None
    is_identity_checked: bool
    outcome: str
    closed_at: datetime | None


class RequestPage(msgspec.Struct):
    results: list[RequestOut]
    next: str | None


class Requests(ApiView):
    """Privacy requests of the stores that the key sees."""

    permission = Permission.RECORD_PRIVACY
    scope = KeyScope.PRIVACY_READ
    tag = "privacy"

    @endpoint("List privacy requests", answers={200: RequestPage}, query=RequestQuery)
    def get(self) -> Any:
        """The nearest deadline first."""
        after = pages.position(self.query.cursor, date, pages.RowNumber)
        rows = _filtered(Request.objects.visible_to(self.caller), self.query)
        if after:
            rows = rows.filter(Q(due_on__gt=after[0]) | Q(due_on=after[0], pk__gt=after[1]))
        rows = rows.select_related("store", "owner").order_by("due_on", "pk")
        found, limit = list(rows[: self.query.limit + 1]), self.query.limit
        shown = [_out(one) for one in found[:limit]]
        return pages.page(
            self.request, shown, pages.cursor_after(found, limit, lambda one: (one.due_on, one.pk))
        )

    @endpoint(
        "Open a privacy request",
        body=RequestIn,
        answers={201: RequestOut},
        scope=KeyScope.PRIVACY_WRITE,
        problems={422: "`invalid_request`; a customer or store that is unknown, or not for this key."},
        example={"kind": "access", "customer": "cus_0f3k9w2mxq7t", "received_on": "2026-11-20"},
    )
    def post(self, told: RequestIn) -> Answer:
        """The last day for the answer follows from the law that the chain chose."""
        subject, store = self._whose(told)
        made = requests.receive(
            told.kind, customer_id=subject.customer_id if subject else None,
            received_on=told.received_on or timezone.localdate(), store=store, by=self.caller, at=timezone.now(),
        )  # fmt: skip
        return Answer(_out(made), 201)

    def _whose(self, told: RequestIn) -> tuple[Subject | None, Store | None]:
        stores = Store.objects.visible_to(self.caller)
        if told.customer is not None:
            subject = subject_of(told.customer, self.caller)
            if subject is None:
                raise InvalidInput.at("/customer", "There is no such customer, or not for this key.")
            if told.store is not None:
                raise InvalidInput.at("/store", "The store follows from the customer.")
            return subject, Store.objects.filter(pk=subject.store_id or 0).first()
        if told.store is None and not self.caller.scope().is_chain:
            raise InvalidInput.at("/store", "This key is of some stores: name one of them.")
        store = stores.filter(code=told.store).first() if told.store is not None else None
        if told.store is not None and store is None:
            raise InvalidInput.at("/store", "There is no such store, or not for this key.")
        return None, store


def _filtered(rows: QuerySet[Request], asked: RequestQuery) -> QuerySet[Request]:
    if asked.state == "overdue":
        rows = rows.filter(state=RequestState.OPEN, due_on__lt=timezone.localdate())
    elif asked.state is not None:
        rows = rows.filter(state=asked.state)
    if asked.kind is not None:
        rows = rows.filter(kind=asked.kind)
    return rows.filter(due_on__lt=asked.due_before) if asked.due_before is not None else rows


def _out(one: Request) -> RequestOut:
    return RequestOut(
        one.key, one.kind, public_id("cus").encode(one.customer_id) if one.customer_id else None,  # type: ignore[arg-type]
        one.store.code if one.store else None, one.received_on, one.due_on, one.state,  # type: ignore[arg-type]
        one.state == RequestState.OPEN and one.due_on < timezone.localdate(),
        one.owner.code if one.owner else None, one.checked_at is not None, one.outcome, one.closed_at,
    )  # fmt: skip
